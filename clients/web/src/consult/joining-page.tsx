import type { CallInput } from '@bedside/core';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { PageFrame } from '../parts/page-frame.tsx';

export function JoiningPage({ dispatch }: { readonly dispatch: (input: CallInput) => void }) {
  const say = useSay();
  return (
    <PageFrame>
      <section className="card card-narrow card-message" data-testid="joining" aria-busy="true">
        <span className="spinner spinner-large" aria-hidden="true" />
        <Heading title={say('joining.title')}>{say('joining.title')}</Heading>
        <p className="lead">{say('joining.text')}</p>
        <button
          type="button"
          className="button"
          onClick={() => dispatch({ kind: 'leave-pressed' })}
        >
          {say('common.cancel')}
        </button>
      </section>
    </PageFrame>
  );
}
