import { describe, expect, it } from 'vitest';
import type { VisitInput, VisitState } from './flow.ts';
import { firstVisitState, reduceVisit } from './flow.ts';
import type { ParticipantState, Visit, VisitPhase, VisitRole } from './visit.ts';

const choice = { microphone: true, camera: true };
const report = { camera: 'ok', microphone: 'ok', speaker: 'skipped', network: 'ok' } as const;
const ready = { kind: 'ready-pressed', choice, report } as const;

function visitOf(
  me: ParticipantState,
  changes: { state?: VisitPhase; role?: VisitRole; revision?: number } = {},
): Visit {
  return {
    id: 'cons_1',
    appointment: 'apt_1',
    state: changes.state ?? 'open',
    startsAt: '2026-11-27T09:00:00Z',
    endsAt: '2026-11-27T09:30:00Z',
    timeZone: 'Africa/Nairobi',
    clinic: { name: 'Mwangaza Clinic', phone: null },
    practitioner: { id: 'prac_1', name: 'Dr. Amara Osei' },
    service: { name: 'Video visit' },
    message: null,
    me: {
      id: 'par_1',
      role: changes.role ?? 'patient',
      name: 'Ann',
      state: me,
      waitingSince: null,
    },
    participants: [],
    liveSince: null,
    endedAt: null,
    revision: changes.revision ?? 1,
  };
}

function after(...inputs: VisitInput[]): VisitState {
  return inputs.reduce<VisitState>(
    (state, input) => reduceVisit(state, input).state,
    firstVisitState,
  );
}

const opened = (visit: Visit): VisitInput => ({ kind: 'opened', visit, choice: null });
const told = (visit: Visit): VisitInput => ({ kind: 'visit-read', visit });

describe('a guest', () => {
  it('comes to the check, says ready, waits, is let in', () => {
    let step = reduceVisit(after(opened(visitOf('invited'))), ready);
    expect(step.state.phase).toBe('checking-in');
    expect(step.effects.map((effect) => effect.kind)).toEqual(['remember-ready', 'check-in']);
    step = reduceVisit(step.state, told(visitOf('waiting')));
    expect(step.state.phase).toBe('waiting');
    step = reduceVisit(step.state, told(visitOf('admitted', { revision: 2 })));
    expect(step.state.phase).toBe('entering');
    expect(step.effects.map((effect) => effect.kind)).toEqual(['announce', 'get-token']);
    step = reduceVisit(step.state, { kind: 'token-given', token: 't' });
    expect(step).toMatchObject({
      state: { phase: 'in-call' },
      effects: [{ kind: 'connect', token: 't', choice }],
    });
  });

  it('keeps the place in the waiting room over a reload', () => {
    const resumed = { kind: 'opened', visit: visitOf('waiting'), choice } as const;
    expect(after(resumed).phase).toBe('waiting');
  });

  it('who was in the call comes straight back into it after a reload', () => {
    const step = reduceVisit(firstVisitState, {
      kind: 'opened',
      visit: visitOf('disconnected'),
      choice,
    });
    expect(step).toMatchObject({ state: { phase: 'entering' }, effects: [{ kind: 'get-token' }] });
  });

  it('stays in the waiting room while the server does not answer', () => {
    const waiting = after(opened(visitOf('invited')), ready, told(visitOf('waiting')));
    const lost = reduceVisit(waiting, { kind: 'lost' }).state;
    expect(lost).toMatchObject({ phase: 'waiting', isLost: true });
    expect(reduceVisit(lost, told(visitOf('waiting'))).state).toMatchObject({ isLost: false });
  });

  it('is asked for nothing by an old answer that arrives late', () => {
    const state = after(
      opened(visitOf('invited')),
      ready,
      told(visitOf('waiting', { revision: 5 })),
      told(visitOf('admitted', { revision: 4 })),
    );
    expect(state.phase).toBe('waiting');
  });

  it('is asked out of the call again, waits, and comes back in', () => {
    const inCall = after(opened(visitOf('admitted')), ready, { kind: 'token-given', token: 't' });
    const held = reduceVisit(inCall, told(visitOf('waiting', { revision: 2 })));
    expect(held.state).toMatchObject({ phase: 'waiting', isHeld: true, choice });
    expect(held.effects.map((effect) => effect.kind)).toEqual(['hang-up', 'announce']);
    expect(reduceVisit(held.state, told(visitOf('waiting', { revision: 3 }))).state).toMatchObject({
      isHeld: true,
    });
    const back = reduceVisit(held.state, told(visitOf('admitted', { revision: 4 })));
    expect(back.state).toMatchObject({ phase: 'entering', choice });
  });

  it('who is not checked in because the server is away may press again', () => {
    const state = after(opened(visitOf('invited')), ready, { kind: 'check-in-failed', error: 'x' });
    expect(state).toMatchObject({ phase: 'lobby', error: 'x' });
    expect(reduceVisit(state, ready).state.phase).toBe('checking-in');
  });
});

it('whoever leads the visit comes in without waiting', () => {
  const lobby = after(opened(visitOf('invited', { role: 'practitioner' })));
  expect(lobby.phase).toBe('lobby');
  expect(reduceVisit(lobby, ready).state.phase).toBe('entering');
});

it('a second clinician waits like everybody else', () => {
  const lobby = after(opened(visitOf('invited', { role: 'clinician' })));
  expect(reduceVisit(lobby, ready).state.phase).toBe('checking-in');
});

it('asks for a token again when it was not given', () => {
  const entering = after(opened(visitOf('admitted')), ready);
  expect(reduceVisit(entering, { kind: 'token-refused' }).effects).toMatchObject([
    { kind: 'get-token', afterMs: 2_000 },
  ]);
});

it.each([
  [visitOf('connected', { state: 'ended' }), 'ended'],
  [visitOf('removed'), 'removed'],
  [visitOf('denied'), 'denied'],
] as const)('is over, wherever one is, when the server says so', (visit, how) => {
  for (const state of [
    after(opened(visitOf('invited'))),
    after(opened(visitOf('invited')), ready, told(visitOf('waiting'))),
    after(opened(visitOf('admitted')), ready, { kind: 'token-given', token: 't' }),
  ]) {
    const step = reduceVisit(state, told(visit));
    expect(step.state).toMatchObject({ phase: 'over', how });
    expect(step.effects[0]).toEqual({ kind: 'hang-up' });
  }
});

it('a link that is not valid is told before anything is asked', () => {
  expect(after({ kind: 'refused', error: 'no' })).toEqual({ phase: 'refused', error: 'no' });
});
