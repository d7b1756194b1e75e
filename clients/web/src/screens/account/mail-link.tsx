import { done } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';

/** Asks for a mail: one whose link signs in, or one that lets a forgotten password be replaced. */
export function MailLink({
  kind,
  email,
  onEmail,
  onBack,
}: {
  readonly kind: 'link' | 'forgot';
  readonly email: string;
  readonly onEmail: (email: string) => void;
  readonly onBack: () => void;
}) {
  const say = useSay();
  const send = useMutation({
    mutationFn: () =>
      done(
        kind === 'link'
          ? api.POST('/v1/auth/magic-link', { body: { email } })
          : api.POST('/v1/auth/password-reset', { body: { email } }),
      ),
  });
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <p>{say(kind === 'link' ? 'signIn.linkText' : 'reset.ask')}</p>
      <TextField
        label={say('signIn.email')}
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={onEmail}
      />
      <ProblemNotice error={send.error} />
      {send.isSuccess && <Notice kind="good">{say('signIn.linkSent', { email })}</Notice>}
      <button
        type="submit"
        className="button button-primary button-wide"
        aria-busy={send.isPending}
      >
        {say('signIn.linkSend')}
      </button>
      <button type="button" className="button button-wide" onClick={onBack}>
        {say('common.back')}
      </button>
    </form>
  );
}
