import type { Visit, VisitPerson } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { useId } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { useArrivals } from './arrivals.ts';
import { InviteForm } from './invite-form.tsx';
import type { VisitMachine } from './visit-machine.ts';

/** Offered beside the call; the server allows four hours in all. */
const MINUTES_MORE = [5, 15] as const;

const INSIDE: ReadonlySet<string> = new Set(['admitted', 'connected', 'disconnected']);

/** Beside the call of who leads it: who waits, who is in, another chair, more time. */
export function LeaderPanel({
  machine,
  visit,
  isOpen,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
  /** Also while nobody waits. */
  readonly isOpen: boolean;
}) {
  const say = useSay();
  const id = useId();
  const waiting = visit.participants.filter(({ state }) => state === 'waiting');
  const inside = visit.participants.filter(
    ({ role, state }) => role !== 'practitioner' && INSIDE.has(state),
  );
  useArrivals(waiting.map((person) => person.id));
  return (
    <aside className="leader" aria-labelledby={id}>
      <details open={isOpen || waiting.length > 0 || undefined}>
        <summary>
          <h2 id={id}>{say('today.waiting')}</h2>
          <span className="leader-count" role="status">
            {waiting.length === 0
              ? say('today.nobody')
              : say('today.count', { count: waiting.length })}
          </span>
        </summary>
        <People machine={machine} visit={visit} people={waiting} />
        {inside.length > 0 && (
          <>
            <h3 className="leader-inside">{say('call.inside')}</h3>
            <People machine={machine} visit={visit} people={inside} />
          </>
        )}
        <MoreTime machine={machine} visit={visit} />
        <InviteForm api={machine.api} appointment={visit.appointment} />
      </details>
    </aside>
  );
}

function People({
  machine,
  visit,
  people,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
  readonly people: readonly VisitPerson[];
}) {
  return (
    <ul className="rows">
      {people.map((person) => (
        <Person key={person.id} machine={machine} visit={visit} person={person} />
      ))}
    </ul>
  );
}

function Person({
  machine,
  visit,
  person,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
  readonly person: VisitPerson;
}) {
  const say = useSay();
  const turn = useMutation({
    mutationFn: (act: 'admit' | 'hold' | 'remove') => machine.api.door(visit.id, person.id, act),
    onSuccess: machine.took,
  });
  const waits = person.state === 'waiting';
  return (
    <li className="row">
      <span className="row-main">
        <strong>{person.name}</strong>
        <span className="hint">{say(`visit.role.${person.role}`)}</span>
      </span>
      <button
        type="button"
        className={waits ? 'button button-primary button-quiet' : 'button button-quiet'}
        aria-busy={turn.isPending}
        onClick={() => turn.mutate(waits ? 'admit' : 'hold')}
      >
        {waits ? say('today.admitWho', { name: person.name }) : say('today.hold')}
        {!waits && <span className="visually-hidden"> {person.name}</span>}
      </button>
      <button type="button" className="button button-quiet" onClick={() => turn.mutate('remove')}>
        {say('today.remove')}
        <span className="visually-hidden"> {person.name}</span>
      </button>
      <ProblemNotice error={turn.error} />
    </li>
  );
}

function MoreTime({ machine, visit }: { readonly machine: VisitMachine; readonly visit: Visit }) {
  const say = useSay();
  const format = useFormat();
  const extend = useMutation({
    mutationFn: (minutes: number) => machine.api.extend(visit.id, minutes),
    onSuccess: machine.took,
  });
  return (
    <div className="more-time">
      <p className="hint" role="status">
        {say('call.plannedUntil', { time: format.time(visit.endsAt) })}
      </p>
      {MINUTES_MORE.map((minutes) => (
        <button
          key={minutes}
          type="button"
          className="button button-quiet"
          aria-busy={extend.isPending}
          onClick={() => extend.mutate(minutes)}
        >
          {say('call.extend', { count: minutes })}
        </button>
      ))}
      <ProblemNotice error={extend.error} />
    </div>
  );
}
