import { answered, done } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, queries } from '../../app/api.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';

/** An authenticator app: offered, confirmed by a code, taken away. */
export function Totp({ has }: { readonly has: boolean }) {
  const say = useSay();
  const { run, dialog } = useStepUp();
  const [code, setCode] = useState('');
  const enrol = useMutation({ mutationFn: () => run(() => answered(api.POST('/v1/auth/totp'))) });
  const confirm = useMutation({
    mutationFn: () => answered(api.POST('/v1/auth/totp/confirm', { body: { code: code.trim() } })),
    onSuccess: renewMe,
  });
  const remove = useMutation({
    mutationFn: () => run(() => done(api.DELETE('/v1/auth/totp'))),
    onSuccess: renewMe,
  });
  return (
    <section className="card" aria-labelledby="totp">
      <h2 id="totp">{say('account.totp')}</h2>
      {confirm.data !== undefined && (
        <Notice kind="good">
          <p>{say('account.recovery')}</p>
          <ul className="codes">
            {confirm.data.recovery_codes.map((one) => (
              <li key={one}>
                <code>{one}</code>
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {has && (
        <div className="row">
          <span className="row-main">{say('account.totpOn')}</span>
          <button type="button" className="button button-quiet" onClick={() => remove.mutate()}>
            {say('common.remove')}
          </button>
        </div>
      )}
      {!has && enrol.data === undefined && (
        <button
          type="button"
          className="button"
          aria-busy={enrol.isPending}
          onClick={() => enrol.mutate()}
        >
          {say('account.totpAdd')}
        </button>
      )}
      {!has && enrol.data !== undefined && (
        <form
          className="stack"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            confirm.mutate();
          }}
        >
          <p>{say('account.totpSecret')}</p>
          <p>
            <code className="secret">{enrol.data.secret}</code>
          </p>
          <TextField
            label={say('signIn.code')}
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            value={code}
            onChange={setCode}
          />
          <button type="submit" className="button button-primary" aria-busy={confirm.isPending}>
            {say('common.continue')}
          </button>
        </form>
      )}
      <ProblemNotice error={enrol.error ?? confirm.error ?? remove.error} />
      {dialog}
    </section>
  );
}

function renewMe(): Promise<void> {
  return queries.invalidateQueries({ queryKey: ['me'] });
}
