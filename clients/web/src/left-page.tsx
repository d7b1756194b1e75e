import type { CallInput } from '@bedside/core';
import { Heading } from './parts/heading.tsx';
import { PageFrame } from './parts/page-frame.tsx';

export function LeftPage({ dispatch }: { readonly dispatch: (input: CallInput) => void }) {
  return (
    <PageFrame>
      <section className="card card-narrow card-message" data-testid="left">
        <Heading title="You have left">You have left the consultation</Heading>
        <p className="lead">
          Camera and microphone are off. You can close this page, or return as long as your link is
          valid.
        </p>
        <button
          type="button"
          className="button button-primary"
          onClick={() => dispatch({ kind: 'retry-pressed' })}
        >
          Return to the consultation
        </button>
      </section>
    </PageFrame>
  );
}
