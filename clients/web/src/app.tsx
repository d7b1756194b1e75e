import { lazy, Suspense, useSyncExternalStore } from 'react';
import type { CallMachine } from './call-machine.ts';
import { EntryPage } from './entry-page.tsx';
import { JoiningPage } from './joining-page.tsx';
import { LeftPage } from './left-page.tsx';
import { LobbyPage } from './lobby/lobby-page.tsx';
import { StatusRegion } from './parts/status-region.tsx';
import { ProblemPage } from './problem-page.tsx';

const CallPage = lazy(async () => ({ default: (await import('./call/call-page.tsx')).CallPage }));

export function App({ machine }: { readonly machine: CallMachine }) {
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  const reconnecting = state.phase === 'in-call' && state.connection === 'reconnecting';
  return (
    <>
      <StatusRegion
        announcements={machine.announcements}
        note={reconnecting ? 'Connection interrupted. Reconnecting…' : null}
      />
      <Page machine={machine} />
    </>
  );
}

function Page({ machine }: { readonly machine: CallMachine }) {
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
          <CallPage state={state} link={machine.link} dispatch={dispatch} />
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
