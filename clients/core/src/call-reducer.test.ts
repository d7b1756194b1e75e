import { describe, expect, it } from 'vitest';
import { reduce } from './call-reducer.ts';
import type { CallState } from './call-state.ts';
import { initialState } from './call-state.ts';
import { callWith, invitation, patientClaims, person, rosterOf, tokenOf } from './testing.ts';

const CHOICE = { microphone: true, camera: false };
const lobby: CallState = { phase: 'lobby', invitation };
const joining: CallState = { phase: 'joining', invitation, choice: CHOICE };

describe('before the call', () => {
  it('a link leads to the lobby and is remembered', () => {
    const token = tokenOf(patientClaims);
    const { state, effects } = reduce(initialState, { kind: 'token-offered', text: token }, 0);
    expect(state.phase).toBe('lobby');
    expect(effects).toEqual([
      { kind: 'forget-call' },
      { kind: 'remember-token', token },
      { kind: 'check-token', token },
    ]);
  });

  it('a text that is no token stays at the entry and says why', () => {
    const { state } = reduce(initialState, { kind: 'token-offered', text: 'hello' }, 0);
    expect(state).toEqual({ phase: 'entry', refusal: 'malformed' });
  });

  it('a link that the server refuses is found out before the camera is asked for', () => {
    const refused = { kind: 'refused', status: 401, text: 'bad signature' } as const;
    const { state } = reduce(lobby, { kind: 'join-failed', failure: refused }, 0);
    expect(state).toMatchObject({ phase: 'problem', problem: 'token-refused' });
    const away = { kind: 'unreachable' } as const;
    expect(reduce(lobby, { kind: 'join-failed', failure: away }, 0).state).toBe(lobby);
  });

  it('joining connects with what was chosen', () => {
    const { state, effects } = reduce(lobby, { kind: 'join-pressed', choice: CHOICE }, 0);
    expect(state.phase).toBe('joining');
    expect(effects).toEqual([{ kind: 'connect', token: 'a.b.c', choice: CHOICE }]);
  });

  it('joining never switches on what the token does not permit', () => {
    const listener = { ...invitation.permissions, microphone: false };
    const { state } = reduce(
      { phase: 'lobby', invitation: { ...invitation, permissions: listener } },
      { kind: 'join-pressed', choice: { microphone: true, camera: true } },
      0,
    );
    expect(state).toMatchObject({ choice: { microphone: false, camera: true } });
  });

  it('a reload comes straight back into the call', () => {
    const token = tokenOf(patientClaims);
    const { state, effects } = reduce(initialState, { kind: 'resumed', token, choice: CHOICE }, 0);
    expect(state.phase).toBe('joining');
    expect(effects).toEqual([{ kind: 'connect', token, choice: CHOICE }]);
  });

  it('another link opened during a call leaves it for the new lobby', () => {
    const token = tokenOf(patientClaims);
    const { state, effects } = reduce(callWith(), { kind: 'token-offered', text: token }, 0);
    expect(state.phase).toBe('lobby');
    expect(effects.map((effect) => effect.kind)).toEqual([
      'disconnect',
      'forget-call',
      'remember-token',
      'check-token',
    ]);
  });

  it('a broken link does not tear down a running call', () => {
    const call = callWith();
    expect(reduce(call, { kind: 'token-offered', text: 'x' }, 0).state).toBe(call);
  });
});

describe('while joining', () => {
  it('being connected opens the call and remembers it for a reload', () => {
    const connected = { kind: 'connected', roster: rosterOf(person('Dr Weiss')) } as const;
    const { state, effects } = reduce(joining, connected, 5);
    expect(state).toMatchObject({ phase: 'in-call', connection: 'steady' });
    expect(effects).toEqual([
      { kind: 'remember-call', choice: CHOICE },
      {
        kind: 'announce',
        announcement: {
          text: { key: 'call.arrival.with', values: { names: ['Dr Weiss'] } },
          spokenOnly: true,
        },
      },
    ]);
  });

  it('a refused token ends at its problem, and a reload does not try again by itself', () => {
    const failure = { kind: 'refused', status: 401, text: 'token has expired' } as const;
    const { state, effects } = reduce(joining, { kind: 'join-failed', failure }, 0);
    expect(state).toMatchObject({ phase: 'problem', problem: 'token-expired' });
    expect(effects).toEqual([{ kind: 'forget-call' }]);
  });

  it('cancelling returns to the lobby', () => {
    const { state, effects } = reduce(joining, { kind: 'leave-pressed' }, 0);
    expect(state.phase).toBe('lobby');
    expect(effects[0]).toEqual({ kind: 'disconnect' });
  });
});

describe('after the call', () => {
  it.each([
    ['opened-elsewhere', 'opened-elsewhere'],
    ['removed', 'removed'],
    ['room-closed', 'room-closed'],
  ] as const)('a disconnect because of %s is explained', (cause, problem) => {
    const { state, effects } = reduce(callWith(), { kind: 'disconnected', cause }, 0);
    expect(state).toMatchObject({ phase: 'problem', problem });
    expect(effects).toEqual([{ kind: 'forget-call' }]);
  });

  it('leaving disconnects and a reload stays outside', () => {
    const { state, effects } = reduce(callWith(), { kind: 'leave-pressed' }, 0);
    expect(state.phase).toBe('left');
    expect(effects).toEqual([{ kind: 'disconnect' }, { kind: 'forget-call' }]);
  });

  it('trying again starts in the lobby', () => {
    const left: CallState = { phase: 'left', invitation };
    expect(reduce(left, { kind: 'retry-pressed' }, 0).state).toEqual(lobby);
  });
});
