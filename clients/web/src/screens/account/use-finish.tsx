import type { Schemas } from '@bedside/core';
import { type ReactNode, useState } from 'react';
import { goTo } from '../../app/navigation.tsx';
import { beginSession, homeOf } from '../../app/session.ts';
import { SecondFactor } from './second-factor.tsx';

type SignIn = Schemas['SignInView'];
type Challenge = Extract<SignIn, { status: 'second_factor' }>;

/** Takes the server's answer to a proof. */
export type Finish = (answer: SignIn) => Promise<void>;

/** Who signs in goes where they wanted to go, or to where their day begins; before it, where asked for, a second factor. */
export function useFinish(next: string | undefined): {
  readonly go: Finish;
  readonly secondFactor: ReactNode;
} {
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const go: Finish = async (answer) => {
    if (answer.status === 'second_factor') {
      setChallenge(answer);
      return;
    }
    const me = await beginSession(answer.clinic_id);
    if (me !== null) {
      goTo(ownAddress(next) ?? homeOf(me), true);
    }
  };
  const secondFactor =
    challenge === null ? null : (
      <SecondFactor challenge={challenge.challenge} methods={challenge.methods} onDone={go} />
    );
  return { go, secondFactor };
}

/** An address of this page, or `null`: nobody is sent to another site by a link to ours. */
function ownAddress(next: string | undefined): string | null {
  return next !== undefined && /^\/(?!\/)/.test(next) ? next : null;
}
