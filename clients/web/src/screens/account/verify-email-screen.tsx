import { ApiProblem, done } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { useEffect, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loading, ProblemNotice } from '../../parts/notice.tsx';
import { takeSecret } from './secret.ts';

/** The link of the mail that follows a registration. */
export function VerifyEmailScreen() {
  const say = useSay();
  const [secret] = useState(() => takeSecret('token'));
  const verify = useMutation({
    mutationFn: async () => {
      if (secret === null) {
        throw new ApiProblem({ kind: 'link', status: 410 });
      }
      await done(api.POST('/v1/auth/verify-email', { body: { token: secret } }));
    },
  });
  const { mutate, isSuccess, error } = verify;
  useEffect(() => mutate(), [mutate]);
  if (isSuccess) {
    return (
      <section className="card card-narrow card-message">
        <span className="card-emblem">
          <Icon name="check" />
        </span>
        <Heading title={say('register.verified')}>{say('register.verified')}</Heading>
        <p className="lead">{say('register.verifiedText')}</p>
        <Link to="/sign-in" className="button button-primary">
          {say('nav.signIn')}
        </Link>
      </section>
    );
  }
  return (
    <section className="card card-narrow card-message">
      <Heading title={say('register.verifying')}>{say('register.verifying')}</Heading>
      {error === null ? <Loading /> : <ProblemNotice error={error} />}
    </section>
  );
}
