import type { Visit } from '@bedside/core';
import { leads, looksAfter } from '@bedside/core';
import { Suspense, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useSay } from '../app/words.tsx';
import { Consult } from '../consult/consult.tsx';
import { StatusRegion } from '../consult/status-region.tsx';
import { LazyNotePanel } from '../note/lazy-note.tsx';
import { Heading } from '../parts/heading.tsx';
import { PageFrame } from '../parts/page-frame.tsx';
import { CheckIn } from './check-in.tsx';
import { LazyLeaderPanel, LazyLookAfter } from './lazy-leader.tsx';
import { OverCard } from './over-card.tsx';
import { RefusedCard } from './refused-card.tsx';
import { HeaderFacts } from './visit-facts.tsx';
import type { VisitMachine } from './visit-machine.ts';
import { WaitingRoom } from './waiting-room.tsx';

/** A visit as one of its people sees it. Which screen stands there the server's state decides. */
export function VisitScreen({
  machine,
  canRecover,
}: {
  readonly machine: VisitMachine;
  /** Whether there is somebody to send a new link to. */
  readonly canRecover: boolean;
}) {
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  const wantsPreview =
    ('visit' in state && state.phase === 'lobby' && state.visit.me.role !== 'staff') ||
    state.phase === 'checking-in' ||
    state.phase === 'waiting';
  useEffect(() => {
    if (wantsPreview) {
      void machine.preview.start();
      // The call's code arrives while people wait.
      void import('@bedside/media-web/room-link').catch(() => undefined);
      void import('../consult/call-page.tsx').catch(() => undefined);
    }
  }, [machine, wantsPreview]);
  if (state.phase === 'in-call') {
    return <InCall machine={machine} visit={state.visit} />;
  }
  return (
    <>
      <StatusRegion announcements={machine.calls.announcements} note={null} />
      <PageFrame aside={'visit' in state ? <HeaderFacts visit={state.visit} /> : null}>
        <Door machine={machine} canRecover={canRecover} />
      </PageFrame>
    </>
  );
}

function Door({
  machine,
  canRecover,
}: {
  readonly machine: VisitMachine;
  readonly canRecover: boolean;
}) {
  const say = useSay();
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  switch (state.phase) {
    case 'opening':
    case 'entering':
      return (
        <section className="card card-narrow card-message" aria-busy="true">
          <span className="spinner spinner-large" aria-hidden="true" />
          <Heading title={say('join.opening')}>{say('join.opening')}</Heading>
        </section>
      );
    case 'refused':
      return <RefusedCard error={state.error} api={canRecover ? machine.api : null} />;
    case 'lobby':
    case 'checking-in':
      return state.visit.me.role === 'staff' ? (
        <Suspense fallback={null}>
          <LazyLookAfter machine={machine} visit={state.visit} />
        </Suspense>
      ) : (
        <CheckIn
          machine={machine}
          visit={state.visit}
          isBusy={state.phase === 'checking-in'}
          error={state.phase === 'lobby' ? state.error : null}
        />
      );
    case 'waiting':
      return (
        <WaitingRoom
          machine={machine}
          visit={state.visit}
          isLost={state.isLost}
          isHeld={state.isHeld}
        />
      );
    case 'in-call':
      return null;
    case 'over':
      return (
        <>
          <OverCard visit={state.visit} how={state.how} />
          {state.how === 'ended' && writesNote(machine, state.visit) && (
            <div className="card over-note">
              <Suspense fallback={null}>
                <LazyNotePanel
                  appointment={state.visit.appointment}
                  isOpen={false}
                  onClose={() => undefined}
                />
              </Suspense>
            </div>
          )}
        </>
      );
    default:
      return unreachable(state);
  }
}

/** The visit's practitioner, signed in: a link alone opens no records. */
function writesNote(machine: VisitMachine, visit: Visit): boolean {
  return visit.me.role === 'practitioner' && machine.api.token === null;
}

function InCall({ machine, visit }: { readonly machine: VisitMachine; readonly visit: Visit }) {
  const isLeader = leads(visit);
  const writes = writesNote(machine, visit);
  const [isNoteOpen, setNoteOpen] = useState(false);
  const backFromNote = useRef<(() => void) | null>(null);
  const closeNote = (): void => {
    setNoteOpen(false);
    backFromNote.current?.();
  };
  const other = isLeader
    ? visit.participants.find(({ role }) => role === 'patient')?.name
    : visit.practitioner.name;
  const around = {
    title: [other ?? visit.service.name, visit.clinic.name].join(' · '),
    panel: looksAfter(visit) ? (
      <div className="leader-column">
        <Suspense fallback={null}>
          <LazyLeaderPanel machine={machine} visit={visit} isOpen={false} />
        </Suspense>
        {writes && (
          <Suspense fallback={null}>
            <LazyNotePanel
              appointment={visit.appointment}
              isOpen={isNoteOpen}
              onClose={closeNote}
            />
          </Suspense>
        )}
      </div>
    ) : null,
    onNote: writes
      ? (back: () => void) => {
          backFromNote.current = back;
          setNoteOpen(true);
        }
      : null,
    onEndForAll: isLeader ? async () => machine.took(await machine.api.end(visit.id)) : null,
  };
  return <Consult machine={machine.calls} around={around} />;
}

function unreachable(value: never): never {
  throw new Error(`unhandled visit: ${JSON.stringify(value)}`);
}
