import type { MediaChoice } from '@bedside/core';
import { useEffect, useState } from 'react';
import { takeTokenFromAddressBar } from './address-bar.ts';
import { CallMachine } from './call-machine.ts';
import { Consult } from './consult.tsx';
import '../styles/visit.css';

/** A call by a join token alone, as `bedside token mint --url` prints them. */
export function TokenCall({
  token,
  resumed,
}: {
  readonly token: string;
  /** With what a reload interrupted a call. */
  readonly resumed: MediaChoice | null;
}) {
  const [machine] = useState(() => {
    const made = new CallMachine(location.origin);
    made.dispatch(
      resumed === null
        ? { kind: 'token-offered', text: token }
        : { kind: 'resumed', token, choice: resumed },
    );
    return made;
  });
  useEffect(() => {
    const offer = (): void => {
      const offered = takeTokenFromAddressBar();
      if (offered !== null) {
        machine.dispatch({ kind: 'token-offered', text: offered });
      }
    };
    addEventListener('hashchange', offer);
    return () => removeEventListener('hashchange', offer);
  }, [machine]);
  return <Consult machine={machine} />;
}
