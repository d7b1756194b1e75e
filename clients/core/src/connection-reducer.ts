/**
 * What happens to a call whose connection goes and comes. It is never given up by itself: with growing pauses it is
 * tried again until the person leaves, or the server says a plain no.
 */
import type { CallEffect, CallInput, InCall, MediaChoice, Step } from './call-state.ts';
import type { DisconnectCause, JoinFailure } from './problem.ts';
import { problemFromDisconnect, problemFromJoinFailure } from './problem.ts';
import { takeRoster } from './roster-step.ts';
import type { RosterSnapshot } from './roster.ts';
import { textOf } from './text/say.ts';

type ConnectionInput = Extract<
  CallInput,
  {
    kind:
      | 'reconnecting'
      | 'reconnected'
      | 'connected'
      | 'disconnected'
      | 'join-failed'
      | 'retry-due';
  }
>;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;

/** Before the first try a second, then twice as long each time, at most 20 s. */
export function pauseBefore(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(10, attempt - 1));
}

export function reduceConnection(state: InCall, input: ConnectionInput, nowMs: number): Step {
  switch (input.kind) {
    case 'reconnecting':
      return state.connection === 'reconnecting'
        ? { state, effects: [] }
        : { state: { ...state, connection: 'reconnecting', speaking: [] }, effects: [] };
    case 'reconnected':
    case 'connected':
      return comeBack(state, input.roster, nowMs);
    case 'disconnected':
      return isWorthRetrying(input.cause)
        ? planRetry(state, 1, nowMs)
        : end(state, problemFromDisconnect(input.cause));
    case 'join-failed':
      return isRefusal(input.failure)
        ? end(state, problemFromJoinFailure(input.failure, state.invitation, nowMs))
        : planRetry(state, (state.retry?.attempt ?? 0) + 1, nowMs);
    case 'retry-due':
      return state.retry === null ? { state, effects: [] } : retryNow(state, state.retry.attempt);
    default:
      return unreachable(input);
  }
}

function comeBack(state: InCall, snapshot: RosterSnapshot, nowMs: number): Step {
  const steady = { ...state, connection: 'steady', retry: null, silence: null } as const;
  const back = takeRoster(steady, snapshot, nowMs);
  return {
    state: back.state,
    effects: [
      { kind: 'announce', announcement: { text: textOf('call.again'), spokenOnly: false } },
      ...back.effects,
    ],
  };
}

function planRetry(state: InCall, attempt: number, nowMs: number): Step {
  const afterMs = pauseBefore(attempt);
  return {
    state: {
      ...state,
      connection: 'reconnecting',
      speaking: [],
      silence: null,
      busy: [],
      retry: { attempt, atMs: nowMs + afterMs },
    },
    effects: [{ kind: 'schedule-retry', afterMs }],
  };
}

function retryNow(state: InCall, attempt: number): Step {
  const { self } = state.roster;
  const choice: MediaChoice = { microphone: self.microphoneOn, camera: self.cameraOn };
  const connect: CallEffect = { kind: 'connect', token: state.invitation.token, choice };
  // While the try runs there is no next one to show; if it fails, its number goes on from here.
  return { state: { ...state, retry: { attempt, atMs: 0 } }, effects: [connect] };
}

function end(state: InCall, problem: ReturnType<typeof problemFromDisconnect>): Step {
  const { invitation } = state;
  return {
    state:
      problem === null ? { phase: 'left', invitation } : { phase: 'problem', problem, invitation },
    effects: [{ kind: 'forget-call' }],
  };
}

function isWorthRetrying(cause: DisconnectCause): boolean {
  return cause === 'connection-lost' || cause === 'server-stopping' || cause === 'no-media-path';
}

/** A server that starts anew may not know the room yet, or be full for a moment: that is worth another try. */
function isRefusal(failure: JoinFailure): boolean {
  return failure.kind === 'refused' && [400, 401, 403].includes(failure.status);
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
