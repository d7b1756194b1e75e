import type { CallInput, Problem } from '@bedside/core';
import { problemView } from '@bedside/core';
import { useTell } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';
import { PageFrame } from '../parts/page-frame.tsx';

export function ProblemPage({
  problem,
  dispatch,
}: {
  readonly problem: Problem;
  readonly dispatch: (input: CallInput) => void;
}) {
  const tell = useTell();
  const view = problemView(problem);
  const title = tell(view.title);
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
        <Heading title={title}>{title}</Heading>
        <p className="lead">{tell(view.explanation)}</p>
        {view.actionLabel !== null && (
          <button
            type="button"
            className="button button-primary"
            onClick={() =>
              dispatch({
                kind: view.action === 'try-again' ? 'retry-pressed' : 'other-link-pressed',
              })
            }
          >
            {tell(view.actionLabel)}
          </button>
        )}
      </section>
    </PageFrame>
  );
}
