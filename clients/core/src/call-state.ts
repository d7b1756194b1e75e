/**
 * The states of the page, what may happen to it, and what it asks the outside to do.
 *
 * `reduce` in `call-reducer.ts` is the only place where one state becomes another. It is pure: time
 * comes in, effects go out, and the same code can stand behind any user interface.
 */
import type { Announcement } from './announcement.ts';
import type { Chat } from './chat.ts';
import type { Device, DeviceTrouble } from './device-trouble.ts';
import type { Invitation, JoinTokenRefusal } from './join-token.ts';
import type { DisconnectCause, JoinFailure, Problem } from './problem.ts';
import type { Roster, RosterSnapshot } from './roster.ts';

/** With what somebody enters: chosen before joining, remembered for a reload. */
export interface MediaChoice {
  readonly microphone: boolean;
  readonly camera: boolean;
}

export interface Entry {
  readonly phase: 'entry';
  readonly refusal: JoinTokenRefusal | null;
}

export interface Lobby {
  readonly phase: 'lobby';
  readonly invitation: Invitation;
}

export interface Joining {
  readonly phase: 'joining';
  readonly invitation: Invitation;
  readonly choice: MediaChoice;
}

/** A connection that was lost is tried again until the person leaves: when, and for the how-manieth time. */
export interface Retry {
  readonly attempt: number;
  readonly atMs: number;
}

/** Why nothing arrives although the call stands. */
export type Silence =
  | { readonly cause: 'own-line' }
  | { readonly cause: 'server' }
  | { readonly cause: 'others'; readonly names: readonly string[] };

export type Quality = 'good' | 'poor' | 'lost';

export interface InCall {
  readonly phase: 'in-call';
  readonly invitation: Invitation;
  readonly connection: 'steady' | 'reconnecting';
  readonly retry: Retry | null;
  readonly silence: Silence | null;
  readonly quality: Quality;
  /** Whose hands are raised, by identity. */
  readonly hands: readonly string[];
  readonly sound: 'playing' | 'blocked';
  readonly roster: Roster;
  readonly speaking: readonly string[];
  readonly chat: Chat;
  /** Devices that are being switched; their buttons wait. */
  readonly busy: readonly Device[];
  readonly trouble: { readonly device: Device; readonly cause: DeviceTrouble } | null;
}

export interface Left {
  readonly phase: 'left';
  readonly invitation: Invitation;
}

export interface Failed {
  readonly phase: 'problem';
  readonly problem: Problem;
  readonly invitation: Invitation;
}

export type CallState = Entry | Lobby | Joining | InCall | Left | Failed;

export type CallInput =
  // What the person does.
  | { readonly kind: 'token-offered'; readonly text: string }
  | { readonly kind: 'join-pressed'; readonly choice: MediaChoice }
  | { readonly kind: 'device-pressed'; readonly device: Device }
  | { readonly kind: 'chat-toggled' }
  | { readonly kind: 'message-submitted'; readonly id: string; readonly text: string }
  | {
      readonly kind: 'file-submitted';
      readonly id: string;
      readonly name: string;
      readonly bytes: number;
    }
  | { readonly kind: 'sound-pressed' }
  | { readonly kind: 'trouble-dismissed' }
  | { readonly kind: 'leave-pressed' }
  | { readonly kind: 'hand-pressed' }
  | { readonly kind: 'retry-pressed' }
  | { readonly kind: 'other-link-pressed' }
  // What the connection reports.
  | { readonly kind: 'resumed'; readonly token: string; readonly choice: MediaChoice }
  | { readonly kind: 'connected'; readonly roster: RosterSnapshot }
  | { readonly kind: 'join-failed'; readonly failure: JoinFailure }
  /** The server renews the token from time to time; the newest one outlives the first. */
  | { readonly kind: 'token-renewed'; readonly token: string }
  | { readonly kind: 'reconnecting' }
  | { readonly kind: 'reconnected'; readonly roster: RosterSnapshot }
  | { readonly kind: 'disconnected'; readonly cause: DisconnectCause }
  /** The pause before another try is over, or the person does not want to wait for it. */
  | { readonly kind: 'retry-due' }
  | { readonly kind: 'silence-changed'; readonly silence: Silence | null }
  | { readonly kind: 'quality-changed'; readonly quality: Quality }
  | { readonly kind: 'hand-changed'; readonly identity: string; readonly raised: boolean }
  | { readonly kind: 'roster-changed'; readonly roster: RosterSnapshot }
  | { readonly kind: 'speakers-changed'; readonly identities: readonly string[] }
  | {
      readonly kind: 'message-received';
      readonly id: string;
      readonly identity: string;
      readonly text: string;
    }
  /** Somebody begins to send a file; `size` is what they say it has. */
  | {
      readonly kind: 'file-announced';
      readonly id: string;
      readonly identity: string;
      readonly name: string;
      readonly size: number;
    }
  | { readonly kind: 'file-progressed'; readonly id: string; readonly percent: number }
  | { readonly kind: 'file-arrived'; readonly id: string; readonly address: string }
  /** A message or file of one's own is there, or not; or one of somebody else broke off. */
  | { readonly kind: 'message-settled'; readonly id: string; readonly delivered: boolean }
  | { readonly kind: 'device-settled'; readonly device: Device }
  | { readonly kind: 'device-failed'; readonly device: Device; readonly cause: DeviceTrouble }
  | { readonly kind: 'sound-changed'; readonly playing: boolean };

export type CallEffect =
  | { readonly kind: 'connect'; readonly token: string; readonly choice: MediaChoice }
  | { readonly kind: 'disconnect' }
  /** Asks the server about a token before anybody is asked for a camera. */
  | { readonly kind: 'check-token'; readonly token: string }
  | { readonly kind: 'schedule-retry'; readonly afterMs: number }
  | { readonly kind: 'show-hand'; readonly raised: boolean }
  | { readonly kind: 'switch-device'; readonly device: Device; readonly on: boolean }
  | { readonly kind: 'send-message'; readonly id: string; readonly text: string }
  | { readonly kind: 'start-sound' }
  | { readonly kind: 'announce'; readonly announcement: Announcement }
  | { readonly kind: 'remember-token'; readonly token: string }
  | { readonly kind: 'forget-token' }
  /** A reload while this is remembered comes straight back into the call. */
  | { readonly kind: 'remember-call'; readonly choice: MediaChoice }
  | { readonly kind: 'forget-call' };

export interface Step {
  readonly state: CallState;
  readonly effects: readonly CallEffect[];
}

export const initialState: CallState = { phase: 'entry', refusal: null };
