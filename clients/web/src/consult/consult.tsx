import { connectionNote } from '@bedside/core';
import { lazy, type ReactNode, Suspense, useEffect, useSyncExternalStore } from 'react';
import type { CallMachine } from './call-machine.ts';
import { EntryPage } from './entry-page.tsx';
import { JoiningPage } from './joining-page.tsx';
import { LeftPage } from './left-page.tsx';
import { LobbyPage } from './lobby-page.tsx';
import { ProblemPage } from './problem-page.tsx';
import { StatusRegion } from './status-region.tsx';

const CallPage = lazy(async () => ({ default: (await import('./call-page.tsx')).CallPage }));

/** What a screen around the call adds to it: whose visit it is, and what its leader has beside the picture. */
export interface AroundCall {
  readonly title: string;
  readonly panel: ReactNode;
  /** Shows the note where there is no room beside the picture; called with the way back. */
  readonly onNote: ((back: () => void) => void) | null;
  readonly onEndForAll: (() => Promise<void>) | null;
}

/** From a join token to the call and out of it again. */
export function Consult({
  machine,
  around,
}: {
  readonly machine: CallMachine;
  readonly around?: AroundCall | undefined;
}) {
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  useEffect(() => {
    addEventListener('online', machine.lineIsBack);
    return () => removeEventListener('online', machine.lineIsBack);
  }, [machine]);
  return (
    <div className="consult" data-phase={state.phase}>
      <StatusRegion
        announcements={machine.announcements}
        note={state.phase === 'in-call' ? connectionNote(state) : null}
      />
      <Page machine={machine} around={around} />
    </div>
  );
}

function Page({
  machine,
  around,
}: {
  readonly machine: CallMachine;
  readonly around: AroundCall | undefined;
}) {
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  const { dispatch } = machine;
  switch (state.phase) {
    case 'entry':
      return <EntryPage refusal={state.refusal} dispatch={dispatch} />;
    case 'lobby':
      return (
        <LobbyPage key={state.invitation.token} invitation={state.invitation} machine={machine} />
      );
    case 'joining':
      return <JoiningPage dispatch={dispatch} />;
    case 'in-call':
      return machine.link === null ? null : (
        <Suspense fallback={<JoiningPage dispatch={dispatch} />}>
          <CallPage state={state} link={machine.link} dispatch={dispatch} around={around} />
        </Suspense>
      );
    case 'left':
      return <LeftPage dispatch={dispatch} />;
    case 'problem':
      return <ProblemPage problem={state.problem} dispatch={dispatch} />;
    default:
      return unreachable(state);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled page: ${JSON.stringify(value)}`);
}
