import { describe, expect, it } from 'vitest';
import type { CallInput, InCall } from './call-state.ts';
import { pauseBefore } from './connection-reducer.ts';
import { reduceInCall } from './in-call-reducer.ts';
import { callWith, person, rosterOf } from './testing.ts';

const lost = { kind: 'disconnected', cause: 'connection-lost' } as const;
const unreachable = { kind: 'join-failed', failure: { kind: 'unreachable' } } as const;

function after(state: InCall, ...inputs: CallInput[]): InCall {
  let current = state;
  for (const input of inputs) {
    const next = reduceInCall(current, input, 0).state;
    if (next.phase !== 'in-call') {
      throw new Error(`left the call at ${input.kind}`);
    }
    current = next;
  }
  return current;
}

describe('a connection that is lost', () => {
  it('keeps the call on the screen and plans the next try', () => {
    const { state, effects } = reduceInCall(callWith(person('Ann')), lost, 100);
    expect(state).toMatchObject({
      phase: 'in-call',
      connection: 'reconnecting',
      retry: { attempt: 1, atMs: 1_100 },
    });
    expect(effects).toEqual([{ kind: 'schedule-retry', afterMs: 1_000 }]);
  });

  it('is tried again with the same choice and the newest token', () => {
    const call = after(callWith(), lost);
    expect(reduceInCall(call, { kind: 'retry-due' }, 0).effects).toEqual([
      { kind: 'connect', token: 'a.b.c', choice: { microphone: true, camera: true } },
    ]);
  });

  it('is tried with growing pauses and never given up', () => {
    let call = after(callWith(), lost);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const { state, effects } = reduceInCall(after(call, { kind: 'retry-due' }), unreachable, 0);
      const planned = effects.find((effect) => effect.kind === 'schedule-retry');
      pauses.push(planned?.afterMs ?? -1);
      if (state.phase !== 'in-call') {
        throw new Error('gave up');
      }
      call = state;
    }
    expect(pauses.slice(0, 5)).toEqual([2_000, 4_000, 8_000, 16_000, 20_000]);
    expect(pauses.slice(5).every((pause) => pause === 20_000)).toBe(true);
  });

  it('comes back into the same call, chat and all', () => {
    const talked = after(callWith(person('Ann')), {
      kind: 'message-received',
      id: '1',
      identity: 'Ann',
      text: 'Hello',
    });
    const back = after(
      talked,
      lost,
      { kind: 'retry-due' },
      {
        kind: 'connected',
        roster: rosterOf(person('Ann')),
      },
    );
    expect(back).toMatchObject({ connection: 'steady', retry: null });
    expect(back.chat.messages).toHaveLength(1);
  });

  it('ends at a plain no', () => {
    const call = after(callWith(), lost, { kind: 'retry-due' });
    const failure = { kind: 'refused', status: 401, text: 'token has expired' } as const;
    const { state } = reduceInCall(call, { kind: 'join-failed', failure }, 0);
    expect(state).toMatchObject({ phase: 'problem', problem: 'token-expired' });
  });
});

it('never waits longer than 20 s, whatever the count', () => {
  expect(pauseBefore(1)).toBe(1_000);
  expect(pauseBefore(1_000_000)).toBe(20_000);
});
