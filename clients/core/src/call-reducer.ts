/** The state machine of the page: `(state, input, now) -> state, effects`. */
import type { CallEffect, CallInput, CallState, MediaChoice, Step } from './call-state.ts';
import { reduceInCall } from './in-call-reducer.ts';
import { announceArrival } from './announcement.ts';
import { emptyChat } from './chat.ts';
import type { Invitation } from './join-token.ts';
import { JoinTokenError, readJoinToken } from './join-token.ts';
import { tokenFromPastedText } from './join-link.ts';
import type { JoinFailure } from './problem.ts';
import { problemFromDisconnect, problemFromJoinFailure } from './problem.ts';
import { enterRoster } from './roster.ts';

export function reduce(state: CallState, input: CallInput, nowMs: number): Step {
  // A link opened in the same tab wins over whatever the page was doing.
  if (input.kind === 'token-offered') {
    return offerToken(state, input.text);
  }
  if (input.kind === 'resumed') {
    return state.phase === 'entry' ? resume(input.token, input.choice) : stay(state);
  }
  switch (state.phase) {
    case 'entry':
      return stay(state);
    case 'lobby':
      return reduceLobby(state, input, nowMs);
    case 'joining':
      return reduceJoining(state, input, nowMs);
    case 'in-call':
      return reduceInCall(state, input, nowMs);
    case 'left':
    case 'problem':
      return reduceEnded(state, input);
    default:
      return unreachable(state);
  }
}

function offerToken(state: CallState, text: string): Step {
  let invitation: Invitation;
  try {
    invitation = readJoinToken(tokenFromPastedText(text));
  } catch (error) {
    if (error instanceof JoinTokenError) {
      // A broken link does not tear down a running call.
      return state.phase === 'in-call' || state.phase === 'joining'
        ? stay(state)
        : { state: { phase: 'entry', refusal: error.reason }, effects: [{ kind: 'forget-token' }] };
    }
    throw error;
  }
  const effects: CallEffect[] = [
    { kind: 'forget-call' },
    { kind: 'remember-token', token: invitation.token },
    { kind: 'check-token', token: invitation.token },
  ];
  if (state.phase === 'in-call' || state.phase === 'joining') {
    effects.unshift({ kind: 'disconnect' });
  }
  return { state: { phase: 'lobby', invitation }, effects };
}

function reduceLobby(
  state: Extract<CallState, { phase: 'lobby' }>,
  input: CallInput,
  nowMs: number,
): Step {
  switch (input.kind) {
    case 'join-pressed':
      return join(state.invitation, input.choice);
    case 'join-failed':
      // The link was looked at before the camera. Only a plain no counts here: what is away may come back.
      return input.failure.kind === 'refused' && [400, 401, 403].includes(input.failure.status)
        ? fail(state.invitation, input.failure, nowMs)
        : stay(state);
    default:
      return stay(state);
  }
}

function fail(invitation: Invitation, failure: JoinFailure, nowMs: number): Step {
  const problem = problemFromJoinFailure(failure, invitation, nowMs);
  return { state: { phase: 'problem', invitation, problem }, effects: [{ kind: 'forget-call' }] };
}

function resume(token: string, choice: MediaChoice): Step {
  try {
    return join(readJoinToken(token), choice);
  } catch (error) {
    if (error instanceof JoinTokenError) {
      return { state: { phase: 'entry', refusal: null }, effects: [{ kind: 'forget-token' }] };
    }
    throw error;
  }
}

function join(invitation: Invitation, choice: MediaChoice): Step {
  const allowed = {
    microphone: choice.microphone && invitation.permissions.microphone,
    camera: choice.camera && invitation.permissions.camera,
  };
  return {
    state: { phase: 'joining', invitation, choice: allowed },
    effects: [{ kind: 'connect', token: invitation.token, choice: allowed }],
  };
}

function reduceJoining(
  state: Extract<CallState, { phase: 'joining' }>,
  input: CallInput,
  nowMs: number,
): Step {
  const { invitation } = state;
  switch (input.kind) {
    case 'connected': {
      const roster = enterRoster(input.roster, nowMs);
      return {
        state: {
          phase: 'in-call',
          invitation,
          connection: 'steady',
          retry: null,
          silence: null,
          quality: 'good',
          hands: [],
          sound: 'playing',
          roster,
          speaking: [],
          chat: emptyChat,
          busy: [],
          trouble: null,
        },
        effects: [
          { kind: 'remember-call', choice: state.choice },
          { kind: 'announce', announcement: announceArrival(roster) },
        ],
      };
    }
    case 'join-failed':
      return fail(invitation, input.failure, nowMs);
    case 'disconnected': {
      const problem = problemFromDisconnect(input.cause);
      return problem === null
        ? stay(state)
        : { state: { phase: 'problem', invitation, problem }, effects: [{ kind: 'forget-call' }] };
    }
    case 'leave-pressed':
      return {
        state: { phase: 'lobby', invitation },
        effects: [{ kind: 'disconnect' }, { kind: 'forget-call' }],
      };
    default:
      return stay(state);
  }
}

function reduceEnded(
  state: Extract<CallState, { phase: 'left' | 'problem' }>,
  input: CallInput,
): Step {
  switch (input.kind) {
    case 'retry-pressed':
      return { state: { phase: 'lobby', invitation: state.invitation }, effects: [] };
    case 'other-link-pressed':
      return {
        state: { phase: 'entry', refusal: null },
        effects: [{ kind: 'forget-token' }],
      };
    default:
      return stay(state);
  }
}

function stay(state: CallState): Step {
  return { state, effects: [] };
}

function unreachable(value: never): never {
  throw new Error(`unhandled state: ${JSON.stringify(value)}`);
}
