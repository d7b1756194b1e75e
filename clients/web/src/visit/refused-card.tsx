import type { VisitApi } from '@bedside/core';
import { ApiProblem } from '@bedside/core';
import { type FormEvent, useState } from 'react';
import { useSay } from '../app/words.tsx';
import { TextField } from '../parts/field.tsx';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';
import { Notice, ProblemNotice } from '../parts/notice.tsx';

/** The end of a dead link: what may be wrong, and how to get another one without calling anybody. */
export function RefusedCard({
  error,
  api,
}: {
  readonly error: unknown;
  readonly api: VisitApi | null;
}) {
  const say = useSay();
  const isLink = error instanceof ApiProblem && error.status === 401;
  const title = say(isLink ? 'join.notValid' : 'error.title');
  return (
    <section className="card card-narrow card-message" data-testid="problem">
      <span className="card-emblem">
        <Icon name="notice" />
      </span>
      <Heading title={title}>{title}</Heading>
      {isLink ? (
        <p className="lead">{say('join.notValidText')}</p>
      ) : (
        <>
          <ProblemNotice error={error} />
          <button type="button" className="button" onClick={() => location.reload()}>
            {say('common.tryAgain')}
          </button>
        </>
      )}
      {isLink && api !== null && <Recover api={api} />}
    </section>
  );
}

function Recover({ api }: { readonly api: VisitApi }) {
  const say = useSay();
  const [contact, setContact] = useState('');
  const [asked, setAsked] = useState<'no' | 'running' | 'sent'>('no');
  const [error, setError] = useState<unknown>(null);
  const recover = async (): Promise<void> => {
    setAsked('running');
    setError(null);
    try {
      await api.recover(contact.trim());
      setAsked('sent');
    } catch (failure) {
      setAsked('no');
      setError(failure);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void recover();
      }}
    >
      <TextField
        label={say('join.contact')}
        type="email"
        autoComplete="email"
        required
        value={contact}
        onChange={setContact}
      />
      <ProblemNotice error={error} />
      {asked === 'sent' && <Notice kind="good">{say('join.sent')}</Notice>}
      <button
        type="submit"
        className="button button-primary button-wide"
        aria-busy={asked === 'running'}
      >
        {say('join.sendNew')}
      </button>
    </form>
  );
}
