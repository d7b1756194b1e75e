import { VisitApi } from '@bedside/core';
import type { EventName, FromPage } from '@bedside/embed/protocol';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { listen, tell, usePort } from '../app/frame-port.ts';
import { useSay } from '../app/words.tsx';
import { CallMachine } from '../consult/call-machine.ts';
import { Consult } from '../consult/consult.tsx';
import { Loading } from '../parts/notice.tsx';
import { VisitMachine } from './visit-machine.ts';
import { VisitMemory } from './visit-memory.ts';
import { VisitScreen } from './visit-screen.tsx';

/**
 * A visit inside another site's page. Which sites may show it the server says (`frame-ancestors`); the secret is asked
 * from that page over the port that it handed over, and is in no address.
 */
export function FrameScreen() {
  const port = usePort();
  const offered = useSecret(port);
  const say = useSay();
  if (port === null || offered === null) {
    return (
      <main className="page-main">
        <p>{say('embed.waitingToken')}</p>
        <Loading />
      </main>
    );
  }
  return isToken(offered.secret) ? (
    <FramedCall port={port} token={offered.secret} />
  ) : (
    <FramedVisit port={port} offered={offered} />
  );
}

type Offered = Extract<FromPage, { kind: 'secret' }>;

function useSecret(port: MessagePort | null): Offered | null {
  const [offered, setOffered] = useState<Offered | null>(null);
  useEffect(() => {
    if (port === null) {
      return undefined;
    }
    const stop = listen(port, (message) => {
      if (message.kind === 'secret') {
        setOffered(message);
      } else if (message.kind === 'no-secret') {
        tell(port, { kind: 'event', name: 'error', detail: 'no-secret' });
      }
    });
    tell(port, { kind: 'secret-wanted' });
    return stop;
  }, [port]);
  return offered;
}

function FramedCall({ port, token }: { readonly port: MessagePort; readonly token: string }) {
  const [machine] = useState(() => {
    const made = new CallMachine(location.origin, { remembers: false, freshToken: null });
    made.dispatch({ kind: 'token-offered', text: token });
    return made;
  });
  useTold(port, machine);
  return <Consult machine={machine} />;
}

function FramedVisit({ port, offered }: { readonly port: MessagePort; readonly offered: Offered }) {
  const [machine] = useState(() => {
    const api = new VisitApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() });
    return new VisitMachine(api, location.origin, new VisitMemory());
  });
  useEffect(() => {
    const { api } = machine;
    void machine.open(async () => {
      // The cookie that says which device it is elsewhere is not sent in a frame of another site.
      const { visit } = await api.exchange(offered.secret, offered.device);
      if (api.device !== null) {
        tell(port, { kind: 'device', device: api.device });
      }
      return visit;
    });
    return () => machine.close();
  }, [machine, offered, port]);
  const { phase } = useSyncExternalStore(machine.subscribe, machine.snapshot);
  useEffect(() => {
    const names = { waiting: 'waiting', entering: 'admitted', over: 'ended', refused: 'error' };
    const name = phase in names ? Reflect.get(names, phase) : null;
    if (isEvent(name)) {
      tell(port, { kind: 'event', name });
    }
  }, [phase, port]);
  useTold(port, machine.calls);
  return <VisitScreen machine={machine} canRecover={false} />;
}

/** Tells the page how the call stands, and does what it asks. */
function useTold(port: MessagePort, machine: CallMachine): void {
  const { phase } = useSyncExternalStore(machine.subscribe, machine.snapshot);
  useEffect(() => {
    const names = { 'in-call': 'joined', left: 'left', problem: 'error' };
    const name = phase in names ? Reflect.get(names, phase) : null;
    if (isEvent(name)) {
      tell(port, { kind: 'event', name });
    }
  }, [phase, port]);
  useEffect(
    () =>
      listen(port, (message) => {
        const state = machine.snapshot();
        if (message.kind === 'leave') {
          machine.dispatch({ kind: 'leave-pressed' });
        } else if (message.kind === 'switch' && state.phase === 'in-call') {
          const { microphoneOn, cameraOn } = state.roster.self;
          const isOn = message.device === 'microphone' ? microphoneOn : cameraOn;
          if (isOn !== message.on) {
            machine.dispatch({ kind: 'device-pressed', device: message.device });
          }
        }
      }),
    [port, machine],
  );
}

function isEvent(name: unknown): name is EventName {
  return typeof name === 'string';
}

function isToken(secret: string): boolean {
  return secret.split('.').length === 3;
}
