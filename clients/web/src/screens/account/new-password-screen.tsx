import { done } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import { takeSecret } from './secret.ts';

/** The link of the mail for who forgot the password. */
export function NewPasswordScreen() {
  const say = useSay();
  const [secret] = useState(() => takeSecret('token') ?? '');
  const [password, setPassword] = useState('');
  const reset = useMutation({
    mutationFn: () =>
      done(api.POST('/v1/auth/password-reset/redeem', { body: { token: secret, password } })),
  });
  return (
    <section className="card card-narrow">
      <Heading title={say('reset.title')}>{say('reset.title')}</Heading>
      {reset.isSuccess ? (
        <>
          <Notice kind="good">{say('reset.done')}</Notice>
          <Link to="/sign-in" className="button button-primary">
            {say('nav.signIn')}
          </Link>
        </>
      ) : (
        <form
          className="stack"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            reset.mutate();
          }}
        >
          <TextField
            label={say('reset.password')}
            type="password"
            autoComplete="new-password"
            required
            minLength={10}
            hint={say('register.passwordHint')}
            value={password}
            onChange={setPassword}
          />
          <ProblemNotice error={reset.error} />
          <button
            type="submit"
            className="button button-primary button-wide"
            aria-busy={reset.isPending}
          >
            {say('common.save')}
          </button>
        </form>
      )}
    </section>
  );
}
