import { ApiProblem, tokenFromFragment, tokenFromPastedText, VisitApi } from '@bedside/core';
import { useEffect, useState } from 'react';
import { PasteCard } from '../consult/entry-page.tsx';
import { PageFrame } from '../parts/page-frame.tsx';
import { VisitMachine } from './visit-machine.ts';
import { VisitMemory } from './visit-memory.ts';
import { VisitScreen } from './visit-screen.tsx';

/** A visit by its link, without an account: `/join#<secret>`. */
export function JoinScreen() {
  const [secret, setSecret] = useState(takeSecret);
  const [memory] = useState(() => new VisitMemory());
  const [remembered] = useState(() => memory.session());
  useEffect(() => {
    const offered = (): void => {
      const next = takeSecret();
      if (next !== null) {
        location.reload();
      }
    };
    addEventListener('hashchange', offered);
    return () => removeEventListener('hashchange', offered);
  }, []);
  if (secret === null && remembered === null) {
    return (
      <PageFrame>
        <PasteCard refusal={null} onText={(text) => openPasted(text, setSecret)} />
      </PageFrame>
    );
  }
  return <ByLink key={secret} secret={secret} memory={memory} />;
}

function ByLink({
  secret,
  memory,
}: {
  readonly secret: string | null;
  readonly memory: VisitMemory;
}) {
  const [machine] = useState(() => {
    const api = new VisitApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() });
    return new VisitMachine(api, location.origin, memory);
  });
  useEffect(() => {
    void machine.open(() => openBy(machine.api, secret, memory));
    return () => machine.close();
  }, [machine, secret, memory]);
  return <VisitScreen machine={machine} canRecover />;
}

async function openBy(api: VisitApi, secret: string | null, memory: VisitMemory) {
  const session = memory.session();
  if (secret === null || session?.token === api.token) {
    if (session === null) {
      throw new ApiProblem({ kind: 'link-not-valid', status: 401 });
    }
    api.token = session.token;
    try {
      return await api.read(session.visit);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) {
        memory.forgetSession();
      }
      throw error;
    }
  }
  const { token, visit } = await api.exchange(secret);
  memory.rememberSession({ token, visit: visit.id });
  return visit;
}

/** The fragment goes to no server; it is taken off the address so that no picture of the screen shows it. */
function takeSecret(): string | null {
  const secret = decoded(location.hash.slice(1));
  if (secret === '' || secret.includes('=')) {
    return null;
  }
  history.replaceState(history.state, '', location.pathname);
  return secret;
}

/** As it was written; a stray percent sign is no reason to fail. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A join token leads to the call at once; a link to its visit; anything else is a secret to try. */
function openPasted(text: string, onSecret: (secret: string) => void): void {
  const pasted = text.trim();
  const token = tokenFromPastedText(pasted);
  const hash = pasted.indexOf('#');
  if (
    tokenFromFragment(hash < 0 ? '' : pasted.slice(hash)) !== null ||
    token.split('.').length === 3
  ) {
    location.assign(`/#token=${token}`);
    return;
  }
  onSecret(hash < 0 ? pasted : pasted.slice(hash + 1));
}
