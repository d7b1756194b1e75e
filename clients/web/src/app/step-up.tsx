import type { Schemas } from '@bedside/core';
import { ApiProblem, answered } from '@bedside/core';
import { type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { api } from './api.ts';
import { useSay } from './words.tsx';

interface StepUp {
  /** Does it; asks for the password and does it again where the server wants a fresh proof. */
  readonly run: <T>(act: () => Promise<T>) => Promise<T>;
  readonly dialog: ReactNode;
}

/** The question who it is, before a sensitive act. */
export function useStepUp(): StepUp {
  const [isAsking, setAsking] = useState(false);
  const settle = useRef<((proved: boolean) => void) | null>(null);
  // Where the screen goes away with the question, the act is not done, and whoever waits for it hears so.
  useEffect(() => () => settle.current?.(false), []);
  const run = useCallback(async <T,>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ApiProblem && error.kind === 'step-up')) {
        throw error;
      }
      const proved = await new Promise<boolean>((resolve) => {
        settle.current = resolve;
        setAsking(true);
      });
      if (!proved) {
        throw error;
      }
      return act();
    }
  }, []);
  const close = (proved: boolean): void => {
    setAsking(false);
    settle.current?.(proved);
    settle.current = null;
  };
  return { run, dialog: isAsking ? <StepUpDialog onClose={close} /> : null };
}

function StepUpDialog({ onClose }: { readonly onClose: (proved: boolean) => void }) {
  const say = useSay();
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const submit = async (): Promise<void> => {
    try {
      await answered(api.POST('/v1/auth/step-up', { body: proofOf(password) }));
      onClose(true);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Dialog title={say('account.confirmIdentity')} onClose={() => onClose(false)}>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>{say('error.step-up')}</p>
        <TextField
          label={say('signIn.password')}
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={setPassword}
        />
        <ProblemNotice error={error} />
        <div className="actions">
          <button type="submit" className="button button-primary">
            {say('common.continue')}
          </button>
          <button type="button" className="button" onClick={() => onClose(false)}>
            {say('common.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Four groups of four of the letters that nobody takes for another one. */
const RECOVERY_CODE = /^(?:[2-9a-hjkmnp-z]{4}-){3}[2-9a-hjkmnp-z]{4}$/i;

/** Six digits are what an authenticator app shows, and no password is that short; a recovery code has a form of its own. */
function proofOf(text: string): Schemas['StepUpBody'] {
  const code = text.trim();
  if (/^\d{6}$/.test(code)) {
    return { totp: code };
  }
  return RECOVERY_CODE.test(code) ? { recovery_code: code } : { password: text };
}
