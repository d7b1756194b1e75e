import type { CallInput, JoinTokenRefusal } from '@bedside/core';
import { type FormEvent, useId, useState } from 'react';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { PageFrame } from '../parts/page-frame.tsx';

/** Where people land whose link was no link. */
export function EntryPage({
  refusal,
  dispatch,
}: {
  readonly refusal: JoinTokenRefusal | null;
  readonly dispatch: (input: CallInput) => void;
}) {
  return (
    <PageFrame>
      <PasteCard refusal={refusal} onText={(text) => dispatch({ kind: 'token-offered', text })} />
    </PageFrame>
  );
}

export function PasteCard({
  refusal,
  onText,
}: {
  readonly refusal: JoinTokenRefusal | null;
  readonly onText: (text: string) => void;
}) {
  const say = useSay();
  const [text, setText] = useState('');
  const id = useId();
  return (
    <section className="card card-narrow">
      <Heading title={say('join.noLink')}>{say('join.noLink')}</Heading>
      <p className="lead">{say('join.noLinkText')}</p>
      <form
        className="stack"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          onText(text);
        }}
      >
        <div className="field">
          <label htmlFor={id}>{say('join.linkOrToken')}</label>
          <textarea
            id={id}
            rows={3}
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
              {say(`join.refusal.${refusal}`)}
            </p>
          )}
        </div>
        <div className="actions-sticky">
          <button type="submit" className="button button-primary button-wide">
            {say('common.continue')}
          </button>
        </div>
      </form>
    </section>
  );
}
