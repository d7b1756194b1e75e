import type { Visit, VisitPerson } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';
import { useSay } from '../app/words.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { useArrivals } from './arrivals.ts';
import { InviteForm } from './invite-form.tsx';
import type { VisitMachine } from './visit-machine.ts';

/** Beside the call of who leads it: who waits, who was invited, another chair. */
export function useLeaderPanel(machine: VisitMachine, visit: Visit): ReactNode {
  const waiting = visit.participants.filter(({ state }) => state === 'waiting');
  useArrivals(waiting.map(({ id }) => id));
  return <LeaderPanel machine={machine} visit={visit} waiting={waiting} />;
}

function LeaderPanel({
  machine,
  visit,
  waiting,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
  readonly waiting: readonly VisitPerson[];
}) {
  const say = useSay();
  const id = useId();
  return (
    <aside className="leader" aria-labelledby={id}>
      <details open={waiting.length > 0 || undefined}>
        <summary>
          <h2 id={id}>{say('today.waiting')}</h2>
          <span className="leader-count" role="status">
            {waiting.length === 0
              ? say('today.nobody')
              : say('today.count', { count: waiting.length })}
          </span>
        </summary>
        <ul className="rows">
          {waiting.map((person) => (
            <Person key={person.id} machine={machine} visit={visit} person={person} />
          ))}
        </ul>
        <InviteForm api={machine.api} appointment={visit.appointment} />
      </details>
    </aside>
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
    mutationFn: (act: 'admit' | 'remove') => machine.api.door(visit.id, person.id, act),
    onSuccess: machine.took,
  });
  return (
    <li className="row">
      <span className="row-main">
        <strong>{person.name}</strong>
        <span className="hint">{say(`visit.role.${person.role}`)}</span>
      </span>
      <button
        type="button"
        className="button button-primary button-quiet"
        aria-busy={turn.isPending}
        onClick={() => turn.mutate('admit')}
      >
        {say('today.admitWho', { name: person.name })}
      </button>
      <button type="button" className="button button-quiet" onClick={() => turn.mutate('remove')}>
        {say('today.remove')}
        <span className="visually-hidden"> {person.name}</span>
      </button>
      <ProblemNotice error={turn.error} />
    </li>
  );
}
