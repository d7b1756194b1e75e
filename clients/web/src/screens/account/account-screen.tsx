import { answered, done } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { isStaff, type Me } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { makePasskey, passkeysAvailable } from './passkeys.ts';
import { Providers } from './providers.tsx';
import { Totp } from './totp.tsx';

export function AccountScreen() {
  return <SignedIn>{(me) => <Account me={me} />}</SignedIn>;
}

function Account({ me }: { readonly me: Me }) {
  const say = useSay();
  return (
    <div className="narrow">
      <Heading title={say('account.title')}>{say('account.title')}</Heading>
      <p className="lead">
        {me.name}
        <br />
        {me.email}
      </p>
      {isStaff(me) && !me.second_factor && (
        <Notice kind="warning">{say('account.secondFactorNeeded')}</Notice>
      )}
      <Passkeys />
      <Totp has={me.has_totp} />
      <Password />
      <Connected />
      <Sessions />
    </div>
  );
}

/** Nothing where the clinic has no provider. */
function Connected() {
  return <Providers label="account.connect" next="/account" title="account.providers" />;
}

function Passkeys() {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [name, setName] = useState('');
  const passkeys = useQuery({
    queryKey: ['passkeys'],
    queryFn: () => answered(api.GET('/v1/auth/passkeys')),
  });
  const renew = () => client.invalidateQueries({ queryKey: ['passkeys'] });
  const add = useMutation({
    mutationFn: async () => {
      const asked = await run(() => answered(api.POST('/v1/auth/passkeys/register')));
      const credential = await makePasskey(asked.options);
      const body = { ceremony: asked.ceremony, credential, name: name.trim() };
      await answered(api.POST('/v1/auth/passkeys', { body }));
    },
    onSuccess: async () => {
      setName('');
      await renew();
    },
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      run(() => done(api.DELETE('/v1/auth/passkeys/{id}', { params: { path: { id } } }))),
    onSuccess: renew,
  });
  return (
    <section className="card" aria-labelledby="passkeys">
      <h2 id="passkeys">{say('account.passkeys')}</h2>
      <p>{say('account.passkeysText')}</p>
      <Asked query={passkeys}>
        {({ items }) => (
          <ul className="rows">
            {items.map((passkey) => (
              <li key={passkey.id} className="row">
                <span className="row-main">
                  <strong>{passkey.name}</strong>
                  <span className="hint">
                    {passkey.last_used_at == null
                      ? say('account.never')
                      : say('account.lastUsed', { when: format.moment(passkey.last_used_at) })}
                  </span>
                </span>
                <button
                  type="button"
                  className="button button-quiet"
                  onClick={() => remove.mutate(passkey.id)}
                >
                  {say('common.remove')}
                </button>
              </li>
            ))}
          </ul>
        )}
      </Asked>
      <ProblemNotice error={add.error ?? remove.error} />
      {passkeysAvailable() && (
        <form
          className="inline-form"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <TextField
            label={say('account.passkeyName')}
            required
            maxLength={60}
            value={name}
            onChange={setName}
          />
          <button type="submit" className="button" aria-busy={add.isPending}>
            {say('account.addPasskey')}
          </button>
        </form>
      )}
      {dialog}
    </section>
  );
}

function Password() {
  const say = useSay();
  const { run, dialog } = useStepUp();
  const [password, setPassword] = useState('');
  const change = useMutation({
    mutationFn: () => run(() => done(api.PUT('/v1/auth/password', { body: { password } }))),
    onSuccess: () => setPassword(''),
  });
  return (
    <section className="card" aria-labelledby="password">
      <h2 id="password">{say('account.password')}</h2>
      <form
        className="inline-form"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <TextField
          label={say('reset.password')}
          type="password"
          autoComplete="new-password"
          required
          minLength={10}
          value={password}
          onChange={setPassword}
        />
        <button type="submit" className="button" aria-busy={change.isPending}>
          {say('account.changePassword')}
        </button>
      </form>
      <ProblemNotice error={change.error} />
      {change.isSuccess && <Notice kind="good">{say('common.saved')}</Notice>}
      {dialog}
    </section>
  );
}

function Sessions() {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const sessions = useQuery({
    queryKey: ['sessions'],
    queryFn: () => answered(api.GET('/v1/auth/sessions')),
  });
  const end = useMutation({
    mutationFn: (id: string) =>
      done(api.DELETE('/v1/auth/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  });
  return (
    <section className="card" aria-labelledby="sessions">
      <h2 id="sessions">{say('account.sessions')}</h2>
      <Asked query={sessions}>
        {({ items }) => (
          <ul className="rows">
            {items.map((session) => (
              <li key={session.id} className="row">
                <span className="row-main">
                  <span className="clipped">{session.user_agent}</span>
                  <span className="hint">
                    {session.current
                      ? say('account.thisDevice')
                      : say('account.lastUsed', { when: format.moment(session.last_seen_at) })}
                  </span>
                </span>
                {!session.current && (
                  <button
                    type="button"
                    className="button button-quiet"
                    onClick={() => end.mutate(session.id)}
                  >
                    {say('account.end')}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Asked>
      <ProblemNotice error={end.error} />
    </section>
  );
}
