/** Everything that can end or prevent a call, and what the person is told about it. */
import type { Invitation } from './join-token.ts';
import { seemsExpired } from './join-token.ts';
import type { Text } from './text/say.ts';
import { textOf } from './text/say.ts';

/** What went wrong while joining, as the transport saw it. */
export type JoinFailure =
  | { readonly kind: 'refused'; readonly status: number; readonly text: string }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'no-media-path' }
  | { readonly kind: 'turned-away'; readonly cause: DisconnectCause }
  | { readonly kind: 'unexpected' };

/** Why a connection that stood is gone. */
export type DisconnectCause =
  | 'left'
  | 'opened-elsewhere'
  | 'removed'
  | 'room-closed'
  | 'server-stopping'
  | 'join-refused'
  | 'no-media-path'
  | 'connection-lost';

export type Problem =
  | 'token-expired'
  | 'token-refused'
  | 'not-permitted'
  | 'room-missing'
  | 'request-broken'
  | 'server-full'
  | 'server-unreachable'
  | 'server-stopping'
  | 'no-media-path'
  | 'connection-lost'
  | 'removed'
  | 'opened-elsewhere'
  | 'room-closed'
  | 'unexpected';

/** `none`: nothing the person can do on this page. */
export type ProblemAction = 'try-again' | 'use-another-link' | 'none';

export interface ProblemView {
  readonly title: Text;
  readonly explanation: Text;
  readonly action: ProblemAction;
  readonly actionLabel: Text | null;
}

export function problemFromJoinFailure(
  failure: JoinFailure,
  invitation: Invitation,
  nowMs: number,
): Problem {
  switch (failure.kind) {
    case 'refused':
      return problemFromStatus(failure.status, failure.text, invitation, nowMs);
    case 'unreachable':
    case 'timeout':
      return 'server-unreachable';
    case 'no-media-path':
      return 'no-media-path';
    case 'turned-away':
      return problemFromDisconnect(failure.cause) ?? 'unexpected';
    case 'unexpected':
      return 'unexpected';
    default:
      return unreachable(failure);
  }
}

/** `null` when the person left by their own will. */
export function problemFromDisconnect(cause: DisconnectCause): Problem | null {
  switch (cause) {
    case 'left':
      return null;
    case 'join-refused':
      return 'not-permitted';
    case 'opened-elsewhere':
    case 'removed':
    case 'room-closed':
    case 'server-stopping':
    case 'no-media-path':
    case 'connection-lost':
      return cause;
    default:
      return unreachable(cause);
  }
}

function problemFromStatus(
  status: number,
  text: string,
  invitation: Invitation,
  nowMs: number,
): Problem {
  switch (status) {
    case 400:
      return 'request-broken';
    case 401:
      return /expired/i.test(text) || seemsExpired(invitation, nowMs)
        ? 'token-expired'
        : 'token-refused';
    case 403:
      return 'not-permitted';
    case 404:
      return 'room-missing';
    case 429:
    case 503:
      return 'server-full';
    default:
      return 'unexpected';
  }
}

const ACTIONS: Readonly<Record<Problem, ProblemAction>> = {
  'token-expired': 'use-another-link',
  'token-refused': 'use-another-link',
  'not-permitted': 'use-another-link',
  'room-missing': 'try-again',
  'request-broken': 'use-another-link',
  'server-full': 'try-again',
  'server-unreachable': 'try-again',
  'server-stopping': 'try-again',
  'no-media-path': 'try-again',
  'connection-lost': 'try-again',
  removed: 'none',
  'opened-elsewhere': 'try-again',
  'room-closed': 'none',
  unexpected: 'try-again',
};

export function problemView(problem: Problem): ProblemView {
  const action = ACTIONS[problem];
  return {
    title: textOf(`problem.${problem}.title`),
    explanation: textOf(`problem.${problem}.text`),
    action,
    actionLabel: actionLabel(problem, action),
  };
}

function actionLabel(problem: Problem, action: ProblemAction): Text | null {
  if (action === 'none') {
    return null;
  }
  if (problem === 'opened-elsewhere') {
    return textOf('problem.continueHere');
  }
  return textOf(action === 'try-again' ? 'common.tryAgain' : 'problem.otherLink');
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
