import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';

export function SecondFactor({
  challenge,
  methods,
  onDone,
}: {
  readonly challenge: string;
  readonly methods: readonly string[];
  readonly onDone: (answer: Schemas['SignInView']) => Promise<void>;
}) {
  const say = useSay();
  const [usesRecovery, setUsesRecovery] = useState(!methods.includes('totp'));
  const [code, setCode] = useState('');
  const answer = useMutation({
    mutationFn: async () => {
      const proof = usesRecovery ? { recovery_code: code.trim() } : { totp: code.trim() };
      const body = { challenge, ...proof };
      await onDone(await answered(api.POST('/v1/auth/mfa', { body })));
    },
  });
  return (
    <section className="card card-narrow">
      <Heading title={say('signIn.codeTitle')}>{say('signIn.codeTitle')}</Heading>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          answer.mutate();
        }}
      >
        {!usesRecovery && <p>{say('signIn.codeText')}</p>}
        <TextField
          label={say(usesRecovery ? 'signIn.recoveryCode' : 'signIn.code')}
          autoComplete="one-time-code"
          inputMode={usesRecovery ? 'text' : 'numeric'}
          required
          value={code}
          onChange={setCode}
        />
        <ProblemNotice error={answer.error} />
        <button
          type="submit"
          className="button button-primary button-wide"
          aria-busy={answer.isPending}
        >
          {say('common.continue')}
        </button>
        {!usesRecovery && methods.includes('recovery_code') && (
          <button type="button" className="link centered" onClick={() => setUsesRecovery(true)}>
            {say('signIn.recovery')}
          </button>
        )}
      </form>
    </section>
  );
}
