import type { CallInput } from '@bedside/core';
import { Heading } from './parts/heading.tsx';
import { PageFrame } from './parts/page-frame.tsx';

export function JoiningPage({ dispatch }: { readonly dispatch: (input: CallInput) => void }) {
  return (
    <PageFrame>
      <section className="card card-narrow card-message" data-testid="joining" aria-busy="true">
        <span className="spinner spinner-large" aria-hidden="true" />
        <Heading title="Connecting">Connecting…</Heading>
        <p className="lead">You will be in the consultation in a moment.</p>
        <button
          type="button"
          className="button"
          onClick={() => dispatch({ kind: 'leave-pressed' })}
        >
          Cancel
        </button>
      </section>
    </PageFrame>
  );
}
