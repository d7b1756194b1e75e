import { done } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE } from '../../app/format.ts';
import { useWords } from '../../app/words.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import { takeSecret } from './secret.ts';

/** The link of the mail that invites somebody to a clinic's staff. */
export function InvitationScreen() {
  const { say, language } = useWords();
  const [token] = useState(() => takeSecret('token') ?? '');
  const [hasAccount, setHasAccount] = useState(false);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const accept = useMutation({
    mutationFn: () => {
      const account = { name, password, language: language.tag, time_zone: OWN_ZONE };
      return done(
        api.POST('/v1/auth/invitations/accept', {
          body: hasAccount ? { token } : { token, account },
        }),
      );
    },
  });
  return (
    <section className="card card-narrow">
      <Heading title={say('invite.title')}>{say('invite.title')}</Heading>
      {accept.isSuccess ? (
        <>
          <Notice kind="good">{say('invite.done')}</Notice>
          <Link to="/sign-in" className="button button-primary">
            {say('nav.signIn')}
          </Link>
        </>
      ) : (
        <form
          className="stack"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            accept.mutate();
          }}
        >
          <p className="lead">{say('invite.lead')}</p>
          <CheckField
            label={say('invite.haveAccount')}
            isOn={hasAccount}
            onChange={setHasAccount}
          />
          {!hasAccount && (
            <>
              <TextField
                label={say('staff.name')}
                autoComplete="name"
                required
                value={name}
                onChange={setName}
              />
              <TextField
                label={say('signIn.password')}
                type="password"
                autoComplete="new-password"
                required
                minLength={10}
                hint={say('register.passwordHint')}
                value={password}
                onChange={setPassword}
              />
            </>
          )}
          <ProblemNotice error={accept.error} />
          <button
            type="submit"
            className="button button-primary button-wide"
            aria-busy={accept.isPending}
          >
            {say('invite.submit')}
          </button>
        </form>
      )}
    </section>
  );
}
