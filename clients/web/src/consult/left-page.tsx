import type { CallInput } from '@bedside/core';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { PageFrame } from '../parts/page-frame.tsx';

export function LeftPage({ dispatch }: { readonly dispatch: (input: CallInput) => void }) {
  const say = useSay();
  return (
    <PageFrame>
      <section className="card card-narrow card-message" data-testid="left">
        <Heading title={say('left.title')}>{say('left.title')}</Heading>
        <p className="lead">{say('left.text')}</p>
        <button
          type="button"
          className="button button-primary"
          onClick={() => dispatch({ kind: 'retry-pressed' })}
        >
          {say('left.return')}
        </button>
      </section>
    </PageFrame>
  );
}
