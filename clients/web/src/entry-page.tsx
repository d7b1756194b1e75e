import type { CallInput, JoinTokenRefusal } from '@bedside/core';
import { type FormEvent, useId, useState } from 'react';
import { Heading } from './parts/heading.tsx';
import { PageFrame } from './parts/page-frame.tsx';

const REFUSALS: Readonly<Record<JoinTokenRefusal, string>> = {
  empty: 'Please paste your link or token first.',
  malformed: 'This is not a complete link. Copy it again from your invitation, from start to end.',
  'no-identity': 'This token names no person. Ask for a new link.',
  'no-room': 'This token names no consultation. Ask for a new link.',
};

/** Where people land who came without a link. */
export function EntryPage({
  refusal,
  dispatch,
}: {
  readonly refusal: JoinTokenRefusal | null;
  readonly dispatch: (input: CallInput) => void;
}) {
  const [text, setText] = useState('');
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    dispatch({ kind: 'token-offered', text });
  };
  return (
    <PageFrame>
      <section className="card card-narrow">
        <Heading title="Join a consultation">Join a consultation</Heading>
        <p className="lead">
          Open the link from your invitation. If it did not bring you straight in, paste it here.
        </p>
        <form onSubmit={submit} noValidate>
          <div className="field">
            <label htmlFor={id}>Link or token</label>
            <textarea
              id={id}
              rows={4}
              value={text}
              spellCheck={false}
              autoComplete="off"
              autoCapitalize="off"
              aria-invalid={refusal !== null}
              aria-describedby={refusal === null ? undefined : `${id}-refusal`}
              onChange={(event) => setText(event.target.value)}
            />
            {refusal !== null && (
              <p className="field-error" id={`${id}-refusal`} role="alert">
                {REFUSALS[refusal]}
              </p>
            )}
          </div>
          <button type="submit" className="button button-primary button-wide">
            Continue
          </button>
        </form>
      </section>
    </PageFrame>
  );
}
