/** What happens to a call that stands. Called by `call-reducer.ts` only. */
import { announceChange } from './announcement.ts';
import type { CallEffect, CallInput, InCall, Step } from './call-state.ts';
import type { ChatMessage } from './chat.ts';
import { sendableText, withDelivery, withFile, withMessage, withOpen } from './chat.ts';
import type { Device } from './device-trouble.ts';
import { expiryOf } from './join-token.ts';
import { reduceConnection } from './connection-reducer.ts';
import type { Roster } from './roster.ts';
import { takeRoster } from './roster-step.ts';
import { textOf } from './text/say.ts';

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
    case 'reconnected':
    case 'connected':
    case 'disconnected':
    case 'join-failed':
    case 'retry-due':
      return reduceConnection(state, input, nowMs);
    case 'silence-changed':
      return { state: { ...state, silence: input.silence }, effects: [] };
    case 'quality-changed':
      return { state: { ...state, quality: input.quality }, effects: [] };
    case 'hand-pressed':
    case 'hand-changed':
      return reduceHands(state, input);
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
    case 'file-submitted':
    case 'file-announced':
    case 'file-progressed':
    case 'file-arrived':
      return reduceChat(state, input, nowMs);
    default:
      return stay(state);
  }
}

type ChatInput = Extract<
  CallInput,
  {
    kind:
      | 'chat-toggled'
      | 'message-submitted'
      | 'message-received'
      | 'message-settled'
      | 'file-submitted'
      | 'file-announced'
      | 'file-progressed'
      | 'file-arrived';
  }
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
    case 'message-received': {
      const text = sendableText(input.text);
      return text === null
        ? stay(state)
        : receive(state, { ...from(state, input), text, atMs: nowMs, delivery: 'sent' });
    }
    case 'file-submitted': {
      if (!state.invitation.permissions.messages) {
        return stay(state);
      }
      const { identity, name } = roster.self;
      const file = { name: input.name, bytes: input.bytes, percent: 0, address: null } as const;
      const message = { id: input.id, identity, name, own: true, text: '', atMs: nowMs, file };
      return {
        state: { ...state, chat: withMessage(chat, { ...message, delivery: 'sending' }) },
        effects: [],
      };
    }
    case 'file-announced': {
      const file = { name: input.name, bytes: input.size, percent: 0, address: null } as const;
      const message = { ...from(state, input), text: '', atMs: nowMs, file } as const;
      return receive(state, { ...message, delivery: 'sending' });
    }
    case 'file-progressed':
      return {
        state: { ...state, chat: withFile(chat, input.id, { percent: input.percent }) },
        effects: [],
      };
    case 'file-arrived': {
      const there = withFile(chat, input.id, { address: input.address, percent: 100 });
      return { state: { ...state, chat: withDelivery(there, input.id, 'sent') }, effects: [] };
    }
    default:
      return unreachable(input);
  }
}

/** Who wrote, as a message says it. */
function from(
  state: InCall,
  { id, identity }: { readonly id: string; readonly identity: string },
): Pick<ChatMessage, 'id' | 'identity' | 'name' | 'own'> {
  const sender = state.roster.others.find((person) => person.identity === identity);
  return { id, identity, name: sender?.name ?? identity, own: false };
}

function receive(state: InCall, message: ChatMessage): Step {
  const chat = withMessage(state.chat, message);
  if (chat === state.chat) {
    return stay(state);
  }
  const { name } = message;
  const text = message.file?.name ?? message.text;
  // The open chat is a live region itself: it would be heard twice.
  const effects: CallEffect[] = chat.open
    ? []
    : [
        {
          kind: 'announce',
          announcement: { text: textOf('call.messageFrom', { name, text }), spokenOnly: false },
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

function reduceHands(
  state: InCall,
  input: Extract<CallInput, { kind: 'hand-pressed' | 'hand-changed' }>,
): Step {
  const own = state.roster.self.identity;
  const identity = input.kind === 'hand-pressed' ? own : input.identity;
  const raised = input.kind === 'hand-pressed' ? !state.hands.includes(own) : input.raised;
  const others = state.hands.filter((hand) => hand !== identity);
  const hands = raised ? [...others, identity] : others;
  if (input.kind === 'hand-pressed') {
    return { state: { ...state, hands }, effects: [{ kind: 'show-hand', raised }] };
  }
  const name = state.roster.others.find((person) => person.identity === identity)?.name;
  const isNews = raised && name !== undefined && !state.hands.includes(identity);
  return {
    state: { ...state, hands },
    effects: isNews
      ? [{ kind: 'announce', announcement: announceChange({ kind: 'hand-raised', name }) }]
      : [],
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
