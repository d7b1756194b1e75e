/** What happens to a call that stands. Called by `call-reducer.ts` only. */
import { announceChange } from './announcement.ts';
import type { CallEffect, CallInput, InCall, Step } from './call-state.ts';
import { sendableText, withDelivery, withMessage, withOpen } from './chat.ts';
import type { Device } from './device-trouble.ts';
import { problemFromDisconnect } from './problem.ts';
import { expiryOf } from './join-token.ts';
import type { DisconnectCause } from './problem.ts';
import type { Roster, RosterSnapshot } from './roster.ts';
import { rosterChanges, updateRoster } from './roster.ts';

export function reduceInCall(state: InCall, input: CallInput, nowMs: number): Step {
  switch (input.kind) {
    case 'device-pressed':
      return pressDevice(state, input.device);
    case 'device-settled':
      return { state: { ...state, busy: without(state.busy, input.device) }, effects: [] };
    case 'device-failed':
      return {
        state: {
          ...state,
          busy: without(state.busy, input.device),
          trouble:
            input.cause === 'dismissed'
              ? state.trouble
              : { device: input.device, cause: input.cause },
        },
        effects: [],
      };
    case 'trouble-dismissed':
      return { state: { ...state, trouble: null }, effects: [] };
    case 'roster-changed':
      // While reconnecting the transport rebuilds its list: nobody has left or come.
      return state.connection === 'steady' ? takeRoster(state, input.roster, nowMs) : stay(state);
    case 'speakers-changed':
      return { state: { ...state, speaking: input.identities }, effects: [] };
    case 'reconnecting':
      return state.connection === 'reconnecting'
        ? stay(state)
        : { state: { ...state, connection: 'reconnecting', speaking: [] }, effects: [] };
    case 'reconnected':
      return reconnect(state, input.roster, nowMs);
    case 'disconnected':
      return disconnect(state, input.cause);
    case 'sound-changed':
      return { state: { ...state, sound: input.playing ? 'playing' : 'blocked' }, effects: [] };
    case 'sound-pressed':
      return { state, effects: [{ kind: 'start-sound' }] };
    case 'token-renewed':
      return renewToken(state, input.token);
    case 'leave-pressed':
      return {
        state: { phase: 'left', invitation: state.invitation },
        effects: [{ kind: 'disconnect' }, { kind: 'forget-call' }],
      };
    case 'chat-toggled':
    case 'message-submitted':
    case 'message-received':
    case 'message-settled':
      return reduceChat(state, input, nowMs);
    default:
      return stay(state);
  }
}

type ChatInput = Extract<
  CallInput,
  { kind: 'chat-toggled' | 'message-submitted' | 'message-received' | 'message-settled' }
>;

function reduceChat(state: InCall, input: ChatInput, nowMs: number): Step {
  const { chat, roster } = state;
  switch (input.kind) {
    case 'chat-toggled':
      return { state: { ...state, chat: withOpen(chat, !chat.open) }, effects: [] };
    case 'message-submitted': {
      const text = sendableText(input.text);
      if (text === null || !state.invitation.permissions.messages) {
        return stay(state);
      }
      const { identity, name } = roster.self;
      const message = { id: input.id, identity, name, own: true, text, atMs: nowMs } as const;
      return {
        state: { ...state, chat: withMessage(chat, { ...message, delivery: 'sending' }) },
        effects: [{ kind: 'send-message', id: input.id, text }],
      };
    }
    case 'message-settled':
      return {
        state: {
          ...state,
          chat: withDelivery(chat, input.id, input.delivered ? 'sent' : 'failed'),
        },
        effects: [],
      };
    case 'message-received':
      return receiveMessage(state, input, nowMs);
    default:
      return unreachable(input);
  }
}

function receiveMessage(
  state: InCall,
  input: Extract<ChatInput, { kind: 'message-received' }>,
  nowMs: number,
): Step {
  const text = sendableText(input.text);
  if (text === null) {
    return stay(state);
  }
  const sender = state.roster.others.find((person) => person.identity === input.identity);
  const name = sender?.name ?? input.identity;
  const chat = withMessage(state.chat, {
    id: input.id,
    identity: input.identity,
    name,
    own: false,
    text,
    atMs: nowMs,
    delivery: 'sent',
  });
  if (chat === state.chat) {
    return stay(state);
  }
  // The open chat is a live region itself: it would be heard twice.
  const effects: CallEffect[] = chat.open
    ? []
    : [
        {
          kind: 'announce',
          announcement: { text: `Message from ${name}: ${text}`, spokenOnly: false },
        },
      ];
  return { state: { ...state, chat }, effects };
}

function pressDevice(state: InCall, device: Device): Step {
  if (state.busy.includes(device) || !state.invitation.permissions[device]) {
    return stay(state);
  }
  return {
    state: { ...state, busy: [...state.busy, device], trouble: null },
    effects: [{ kind: 'switch-device', device, on: !isOn(state.roster, device) }],
  };
}

function takeRoster(state: InCall, snapshot: RosterSnapshot, nowMs: number): Step {
  const roster = updateRoster(state.roster, snapshot, nowMs);
  const effects: CallEffect[] = rosterChanges(state.roster, roster, nowMs).map((change) => ({
    kind: 'announce',
    announcement: announceChange(change),
  }));
  const { self } = roster;
  const before = state.roster.self;
  if (before.microphoneOn !== self.microphoneOn || before.cameraOn !== self.cameraOn) {
    effects.push({
      kind: 'remember-call',
      choice: { microphone: self.microphoneOn, camera: self.cameraOn },
    });
  }
  return { state: { ...state, roster }, effects };
}

function reconnect(state: InCall, snapshot: RosterSnapshot, nowMs: number): Step {
  const back = takeRoster({ ...state, connection: 'steady' }, snapshot, nowMs);
  return {
    state: back.state,
    effects: [
      { kind: 'announce', announcement: { text: 'You are connected again', spokenOnly: false } },
      ...back.effects,
    ],
  };
}

function disconnect(state: InCall, cause: DisconnectCause): Step {
  const problem = problemFromDisconnect(cause);
  const { invitation } = state;
  return {
    state:
      problem === null ? { phase: 'left', invitation } : { phase: 'problem', problem, invitation },
    effects: [{ kind: 'forget-call' }],
  };
}

function renewToken(state: InCall, token: string): Step {
  const invitation = { ...state.invitation, token, expiresAtMs: expiryOf(token) };
  return { state: { ...state, invitation }, effects: [{ kind: 'remember-token', token }] };
}

function isOn(roster: Roster, device: Device): boolean {
  switch (device) {
    case 'microphone':
      return roster.self.microphoneOn;
    case 'camera':
      return roster.self.cameraOn;
    case 'screen':
      return roster.self.screenOn;
    default:
      return unreachable(device);
  }
}

function without(devices: readonly Device[], device: Device): readonly Device[] {
  return devices.filter((other) => other !== device);
}

function stay(state: InCall): Step {
  return { state, effects: [] };
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
