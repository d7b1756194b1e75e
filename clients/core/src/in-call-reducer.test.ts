import { describe, expect, it } from 'vitest';
import type { CallInput, InCall, Step } from './call-state.ts';
import { reduceInCall } from './in-call-reducer.ts';
import { ARRIVAL_SETTLES_MS } from './roster.ts';
import { callWith, english, patientClaims, person, rosterOf, tokenOf } from './testing.ts';

const LATER = ARRIVAL_SETTLES_MS + 1;

function spoken(step: Step): string[] {
  return step.effects.flatMap((effect) =>
    effect.kind === 'announce' ? [english(effect.announcement.text)] : [],
  );
}

function after(state: InCall, ...inputs: CallInput[]): InCall {
  let current = state;
  for (const input of inputs) {
    const next = reduceInCall(current, input, LATER).state;
    if (next.phase !== 'in-call') {
      throw new Error(`left the call at ${input.kind}`);
    }
    current = next;
  }
  return current;
}

describe('the roster', () => {
  it('announces who joined and who left', () => {
    const roster = rosterOf(person('Ben'));
    const step = reduceInCall(callWith(person('Ann')), { kind: 'roster-changed', roster }, LATER);
    expect(spoken(step)).toEqual(['Ann left', 'Ben joined']);
  });

  it('announces mute and camera of others', () => {
    const roster = rosterOf(person('Ann', { microphoneOn: false, cameraOn: false }));
    const step = reduceInCall(callWith(person('Ann')), { kind: 'roster-changed', roster }, LATER);
    expect(spoken(step)).toEqual(['Ann muted the microphone', 'Ann turned the camera off']);
  });

  it('counts the tracks of an arrival as part of it', () => {
    const quiet = callWith(person('Ann', { microphoneOn: false, cameraOn: false }));
    const input = { kind: 'roster-changed', roster: rosterOf(person('Ann')) } as const;
    expect(spoken(reduceInCall(quiet, input, 500))).toEqual([]);
    expect(spoken(reduceInCall(quiet, input, LATER))).toEqual([
      'Ann unmuted the microphone',
      'Ann turned the camera on',
    ]);
  });

  it('is left alone while reconnecting and compared afterwards', () => {
    const away = after(
      callWith(person('Ann')),
      { kind: 'reconnecting' },
      { kind: 'roster-changed', roster: rosterOf() },
    );
    expect(away.roster.others).toHaveLength(1);
    const back = reduceInCall(
      away,
      { kind: 'reconnected', roster: rosterOf(person('Ann')) },
      LATER,
    );
    expect(spoken(back)).toEqual(['You are connected again']);
  });

  it('remembers one’s own switches for a reload', () => {
    const roster = {
      recorded: false,
      recording: null,
      self: person('me', { cameraOn: false }),
      others: [],
    };
    const step = reduceInCall(callWith(), { kind: 'roster-changed', roster }, LATER);
    expect(step.effects).toContainEqual({
      kind: 'remember-call',
      choice: { microphone: true, camera: false },
    });
  });
});

describe('the devices', () => {
  it('are switched to the opposite of what they are, once', () => {
    const first = reduceInCall(callWith(), { kind: 'device-pressed', device: 'camera' }, 0);
    expect(first.effects).toEqual([{ kind: 'switch-device', device: 'camera', on: false }]);
    const busy = after(callWith(), { kind: 'device-pressed', device: 'camera' });
    const again = reduceInCall(busy, { kind: 'device-pressed', device: 'camera' }, 0);
    expect(again.effects).toEqual([]);
  });

  it('are free again after a failure, which is shown', () => {
    const failed = after(
      callWith(),
      { kind: 'device-pressed', device: 'camera' },
      { kind: 'device-failed', device: 'camera', cause: 'in-use' },
    );
    expect(failed).toMatchObject({ busy: [], trouble: { device: 'camera', cause: 'in-use' } });
  });

  it('show nothing when the screen picker was closed', () => {
    const failed = after(callWith(), {
      kind: 'device-failed',
      device: 'screen',
      cause: 'dismissed',
    });
    expect(failed.trouble).toBeNull();
  });
});

describe('the chat', () => {
  const received = { kind: 'message-received', id: '1', identity: 'ann', text: 'Hello' } as const;

  it('sends and settles a message', () => {
    const call = callWith();
    const step = reduceInCall(call, { kind: 'message-submitted', id: 'm', text: ' Hi ' }, 7);
    expect(step.effects).toEqual([{ kind: 'send-message', id: 'm', text: 'Hi' }]);
    const settled = after(
      call,
      { kind: 'message-submitted', id: 'm', text: 'Hi' },
      {
        kind: 'message-settled',
        id: 'm',
        delivered: true,
      },
    );
    expect(settled.chat.messages).toMatchObject([{ own: true, text: 'Hi', delivery: 'sent' }]);
  });

  it('follows a file of somebody else until its bytes are there', () => {
    const announced = {
      kind: 'file-announced',
      id: 'f',
      identity: 'ann',
      name: 'scan.png',
      size: 10,
    } as const;
    const call = callWith();
    const first = reduceInCall(call, announced, 7);
    expect(first.effects).toMatchObject([{ kind: 'announce' }]);
    const there = after(
      call,
      announced,
      { kind: 'file-progressed', id: 'f', percent: 40 },
      { kind: 'file-arrived', id: 'f', address: 'blob:1' },
    );
    expect(there.chat.messages).toMatchObject([
      {
        own: false,
        delivery: 'sent',
        file: { name: 'scan.png', percent: 100, address: 'blob:1' },
      },
    ]);
  });

  it('sends no file where messages are not allowed', () => {
    const call = callWith();
    const silent = {
      ...call,
      invitation: {
        ...call.invitation,
        permissions: { ...call.invitation.permissions, messages: false },
      },
    };
    const wish = { kind: 'file-submitted', id: 'f', name: 'a.pdf', bytes: 1 } as const;
    expect(after(silent, wish).chat.messages).toEqual([]);
    expect(after(call, wish).chat.messages).toMatchObject([{ own: true, delivery: 'sending' }]);
  });

  it('announces a message only while it is closed', () => {
    const call = callWith(person('ann', { name: 'Ann' }));
    expect(spoken(reduceInCall(call, received, 0))).toEqual(['Message from Ann: Hello']);
    expect(spoken(reduceInCall(after(call, { kind: 'chat-toggled' }), received, 0))).toEqual([]);
  });

  it('sends nothing without permission', () => {
    const call = callWith();
    const silent = {
      ...call,
      invitation: {
        ...call.invitation,
        permissions: { ...call.invitation.permissions, messages: false },
      },
    };
    const step = reduceInCall(silent, { kind: 'message-submitted', id: 'm', text: 'Hi' }, 0);
    expect(step.effects).toEqual([]);
  });
});

it('remembers a renewed token, so that a reload in a long call still comes back', () => {
  const token = tokenOf({ ...patientClaims, exp: 9000 });
  const step = reduceInCall(callWith(), { kind: 'token-renewed', token }, 0);
  expect(step.effects).toEqual([{ kind: 'remember-token', token }]);
  expect(step.state).toMatchObject({ invitation: { token, expiresAtMs: 9_000_000 } });
});

describe('a hand', () => {
  it('is raised, shown to the others, and lowered by the same button', () => {
    const up = reduceInCall(callWith(), { kind: 'hand-pressed' }, 0);
    expect(up.effects).toEqual([{ kind: 'show-hand', raised: true }]);
    const down = reduceInCall(
      after(callWith(), { kind: 'hand-pressed' }),
      { kind: 'hand-pressed' },
      0,
    );
    expect(down).toMatchObject({ state: { hands: [] }, effects: [{ raised: false }] });
  });

  it('of somebody else is told once, and goes with its owner', () => {
    const call = callWith(person('ann', { name: 'Ann' }));
    const raised = { kind: 'hand-changed', identity: 'ann', raised: true } as const;
    expect(spoken(reduceInCall(call, raised, 0))).toEqual(['Ann raised a hand']);
    expect(spoken(reduceInCall(after(call, raised), raised, 0))).toEqual([]);
    const alone = after(call, raised, { kind: 'roster-changed', roster: rosterOf() });
    expect(alone.hands).toEqual([]);
  });
});
