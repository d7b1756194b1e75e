/** Reads a visit out of an answer, field by field: a screen never meets half a visit. */
import { ApiProblem } from '../api/problem.ts';
import type { ParticipantState, Visit, VisitPerson, VisitPhase, VisitRole } from './visit.ts';

type Fields = Readonly<Record<string, unknown>>;

const PHASES: readonly VisitPhase[] = ['scheduled', 'open', 'live', 'paused', 'ended'];
const ROLES: readonly VisitRole[] = [
  'patient',
  'practitioner',
  'interpreter',
  'relative',
  'clinician',
  'staff',
];
const STATES: readonly ParticipantState[] = [
  'invited',
  'waiting',
  'admitted',
  'connected',
  'disconnected',
  'left',
  'removed',
  'denied',
];

export function readVisit(answer: unknown): Visit {
  const visit = fields(answer);
  const me = fields(visit['me']);
  const role = oneOf(ROLES, me['role'], 'relative');
  return {
    id: text(visit['id']),
    appointment: text(visit['appointment']),
    state: oneOf(PHASES, visit['state'], 'open'),
    startsAt: text(visit['starts_at']),
    endsAt: text(visit['ends_at']),
    timeZone: text(visit['time_zone']),
    clinic: {
      name: text(fields(visit['clinic'])['name']),
      phone: textOrNull(fields(visit['clinic'])['phone']),
    },
    practitioner: {
      id: text(fields(visit['practitioner'])['id']),
      name: text(fields(visit['practitioner'])['name']),
    },
    service: { name: text(fields(visit['service'])['name']) },
    message: textOrNull(visit['message']),
    me: {
      id: textOrNull(me['participant']) ?? '',
      role,
      name: text(me['name']),
      // Staff who only look after a visit have no part of their own: nobody has to let them in.
      state: oneOf(STATES, me['state'], role === 'staff' ? 'admitted' : 'invited'),
      waitingSince: textOrNull(me['waiting_since']),
    },
    participants: list(visit['participants']).map(readPerson),
    liveSince: textOrNull(visit['live_since']),
    endedAt: textOrNull(visit['ended_at']),
    revision: typeof visit['revision'] === 'number' ? visit['revision'] : 0,
  };
}

function readPerson(value: unknown): VisitPerson {
  const person = fields(value);
  return {
    id: text(person['id']),
    role: oneOf(ROLES, person['role'], 'relative'),
    name: text(person['name']),
    state: oneOf(STATES, person['state'], 'invited'),
    waitingSince: textOrNull(person['waiting_since']),
  };
}

export function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiProblem({ kind: 'other', status: 200, detail: 'not understood' });
  }
  return Object.fromEntries(Object.entries(value));
}

export function text(value: unknown): string {
  if (typeof value !== 'string') {
    throw new ApiProblem({ kind: 'other', status: 200, detail: 'not understood' });
  }
  return value;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What a newer server calls otherwise is taken for the harmless one. */
export function oneOf<T extends string>(known: readonly T[], value: unknown, otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}
