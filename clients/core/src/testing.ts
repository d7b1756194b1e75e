/** Builders for the tests beside. Not part of the package's exports. */
import type { InCall } from './call-state.ts';
import { emptyChat } from './chat.ts';
import type { Invitation } from './join-token.ts';
import type { PersonSnapshot, RosterSnapshot } from './roster.ts';
import { enterRoster } from './roster.ts';
import { first } from './text/en/first.ts';
import { visit } from './text/en/visit.ts';
import type { Text } from './text/say.ts';
import { sayIn } from './text/say.ts';

/** An unsigned token: the client never looks at the signature. */
export function tokenOf(claims: unknown): string {
  return `${base64Url('{"alg":"HS256","typ":"JWT"}')}.${base64Url(JSON.stringify(claims))}.c2ln`;
}

export const patientClaims = {
  iss: 'devkey',
  sub: 'patient-7',
  name: 'Anna Meyer',
  exp: 2000,
  video: { roomJoin: true, room: 'demo' },
};

export function person(identity: string, changes: Partial<PersonSnapshot> = {}): PersonSnapshot {
  return {
    identity,
    name: identity,
    microphoneOn: true,
    cameraOn: true,
    screenOn: false,
    cameraTrack: `camera-of-${identity}`,
    screenTrack: null,
    ...changes,
  };
}

export function rosterOf(...others: PersonSnapshot[]): RosterSnapshot {
  return { recorded: false, recording: null, self: person('me'), others };
}

export const invitation: Invitation = {
  token: 'a.b.c',
  identity: 'me',
  name: 'Anna Meyer',
  room: 'demo',
  expiresAtMs: 2_000_000,
  permissions: { microphone: true, camera: true, screen: true, messages: true, record: false },
};

export function callWith(...others: PersonSnapshot[]): InCall {
  return {
    phase: 'in-call',
    invitation,
    connection: 'steady',
    retry: null,
    silence: null,
    quality: 'good',
    hands: [],
    sound: 'playing',
    roster: enterRoster(rosterOf(...others), 0),
    speaking: [],
    chat: emptyChat,
    busy: [],
    trouble: null,
  };
}

function base64Url(text: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bytes = [...encodeURIComponent(text).matchAll(/%([0-9A-F]{2})|./g)].map((match) =>
    match[1] === undefined ? (match[0].codePointAt(0) ?? 0) : Number.parseInt(match[1], 16),
  );
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,6}/g) ?? [])
    .map((six) => digits[Number.parseInt(six.padEnd(6, '0'), 2)] ?? '')
    .join('');
}

const sayEnglish = sayIn({ ...first, ...visit }, 'en');

export function english(text: Text | null): string {
  return text === null ? '' : sayEnglish(text.key, text.values);
}
