import type { CallInput, Problem } from '@bedside/core';
import { problemView } from '@bedside/core';
import { Heading } from './parts/heading.tsx';
import { Icon } from './parts/icon.tsx';
import { PageFrame } from './parts/page-frame.tsx';

export function ProblemPage({
  problem,
  dispatch,
}: {
  readonly problem: Problem;
  readonly dispatch: (input: CallInput) => void;
}) {
  const view = problemView(problem);
  return (
    <PageFrame>
      <section
        className="card card-narrow card-message"
        data-testid="problem"
        data-problem={problem}
      >
        <span className="card-emblem">
          <Icon name="notice" />
        </span>
        <Heading title={view.title}>{view.title}</Heading>
        <p className="lead">{view.explanation}</p>
        {view.action === 'try-again' && (
          <button
            type="button"
            className="button button-primary"
            onClick={() => dispatch({ kind: 'retry-pressed' })}
          >
            {view.actionLabel}
          </button>
        )}
        {view.action === 'use-another-link' && (
          <button
            type="button"
            className="button button-primary"
            onClick={() => dispatch({ kind: 'other-link-pressed' })}
          >
            {view.actionLabel}
          </button>
        )}
      </section>
    </PageFrame>
  );
}
