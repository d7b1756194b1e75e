import { answered } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useSearch } from '../../app/navigation.tsx';
import { type FormEvent, useEffect, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loading, ProblemNotice } from '../../parts/notice.tsx';
import { MailLink } from './mail-link.tsx';
import { passkeysAvailable, askForPasskey } from './passkeys.ts';
import { Providers } from './providers.tsx';
import { takeSecret } from './secret.ts';
import { type Finish, useFinish } from './use-finish.tsx';

export function SignInScreen() {
  const say = useSay();
  const { next } = useSearch('next');
  const [secret] = useState(() => takeSecret('token'));
  const { go, secondFactor } = useFinish(next);
  if (secondFactor !== null) {
    return secondFactor;
  }
  return (
    <section className="card card-narrow">
      <Heading title={say('signIn.title')}>{say('signIn.title')}</Heading>
      {secret === null ? <Ways onDone={go} /> : <Redeem secret={secret} onDone={go} />}
    </section>
  );
}

interface WaysProps {
  readonly onDone: Finish;
}

function Ways({ onDone }: WaysProps) {
  const say = useSay();
  const { next } = useSearch('next');
  const [way, setWay] = useState<'password' | 'link' | 'forgot'>('password');
  const [email, setEmail] = useState('');
  if (way !== 'password') {
    return (
      <MailLink kind={way} email={email} onEmail={setEmail} onBack={() => setWay('password')} />
    );
  }
  return (
    <>
      <PasswordForm
        email={email}
        onEmail={setEmail}
        onDone={onDone}
        onForgot={() => setWay('forgot')}
      />
      <p className="divider">
        <span>{say('signIn.or')}</span>
      </p>
      <div className="stack">
        {passkeysAvailable() && <PasskeyButton onDone={onDone} />}
        <button type="button" className="button button-wide" onClick={() => setWay('link')}>
          {say('signIn.link')}
        </button>
        <Providers label="signIn.with" next={next} />
      </div>
      <p className="centered">
        {say('signIn.noAccount')}{' '}
        <Link className="link" to="/register" search={next === undefined ? {} : { next }}>
          {say('nav.register')}
        </Link>
      </p>
    </>
  );
}

function PasswordForm({
  email,
  onEmail,
  onDone,
  onForgot,
}: WaysProps & {
  readonly email: string;
  readonly onEmail: (email: string) => void;
  readonly onForgot: () => void;
}) {
  const say = useSay();
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: async () =>
      onDone(await answered(api.POST('/v1/auth/login', { body: { email, password } }))),
  });
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        signIn.mutate();
      }}
    >
      <TextField
        label={say('signIn.email')}
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={onEmail}
      />
      <TextField
        label={say('signIn.password')}
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={setPassword}
      />
      <ProblemNotice error={signIn.error} />
      <button
        type="submit"
        className="button button-primary button-wide"
        aria-busy={signIn.isPending}
      >
        {say('signIn.submit')}
      </button>
      <button type="button" className="link centered" onClick={onForgot}>
        {say('signIn.forgot')}
      </button>
    </form>
  );
}

function PasskeyButton({ onDone }: WaysProps) {
  const say = useSay();
  const signIn = useMutation({
    mutationFn: async () => {
      const asked = await answered(api.POST('/v1/auth/passkeys/sign-in/start'));
      const credential = await askForPasskey(asked.options);
      const body = { ceremony: asked.ceremony, credential };
      await onDone(await answered(api.POST('/v1/auth/passkeys/sign-in', { body })));
    },
  });
  return (
    <>
      <button
        type="button"
        className="button button-wide"
        aria-busy={signIn.isPending}
        onClick={() => signIn.mutate()}
      >
        <Icon name="key" />
        {say('signIn.passkey')}
      </button>
      <ProblemNotice error={signIn.error} />
    </>
  );
}

function Redeem({ secret, onDone }: WaysProps & { readonly secret: string }) {
  const say = useSay();
  const redeem = useMutation({
    mutationFn: async () =>
      onDone(await answered(api.POST('/v1/auth/magic-link/redeem', { body: { token: secret } }))),
  });
  const { mutate, error } = redeem;
  useEffect(() => mutate(), [mutate]);
  return error === null ? (
    <>
      <p>{say('signIn.signingIn')}</p>
      <Loading />
    </>
  ) : (
    <>
      <ProblemNotice error={error} />
      <a className="button button-primary" href="/sign-in">
        {say('common.tryAgain')}
      </a>
    </>
  );
}
