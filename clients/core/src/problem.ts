/** Everything that can end or prevent a call, and what the person is told about it. */
import type { Invitation } from './join-token.ts';
import { seemsExpired } from './join-token.ts';

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
  readonly title: string;
  readonly explanation: string;
  readonly action: ProblemAction;
  readonly actionLabel: string;
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

const TRY_AGAIN = { action: 'try-again', actionLabel: 'Try again' } as const;
const OTHER_LINK = { action: 'use-another-link', actionLabel: 'Use another link' } as const;
const NOTHING = { action: 'none', actionLabel: '' } as const;

const VIEWS: Readonly<Record<Problem, ProblemView>> = {
  'token-expired': {
    title: 'This link has expired',
    explanation:
      'Links are valid for a limited time. Ask your practice for a new one; your appointment is not lost.',
    ...OTHER_LINK,
  },
  'token-refused': {
    title: 'This link was not accepted',
    explanation:
      'The link may be incomplete or meant for another server. Open it again from your invitation, or ask for a new one.',
    ...OTHER_LINK,
  },
  'not-permitted': {
    title: 'You may not join this consultation',
    explanation: 'This link does not admit you to the room. Please contact your practice.',
    ...OTHER_LINK,
  },
  'room-missing': {
    title: 'This consultation is not open',
    explanation:
      'The room does not exist yet, or it has been closed. If your appointment is about to begin, try again in a moment.',
    ...TRY_AGAIN,
  },
  'request-broken': {
    title: 'This link is damaged',
    explanation:
      'The server could not read the invitation. Open the link again from your message, or ask for a new one.',
    ...OTHER_LINK,
  },
  'server-full': {
    title: 'The server is at its limit',
    explanation: 'No further person can join right now. Please try again in a minute.',
    ...TRY_AGAIN,
  },
  'server-unreachable': {
    title: 'The server cannot be reached',
    explanation:
      'Check your internet connection. If other pages open, the consultation server may be away for a moment.',
    ...TRY_AGAIN,
  },
  'server-stopping': {
    title: 'The server is being restarted',
    explanation: 'This takes a moment. Your link stays valid: try again shortly.',
    ...TRY_AGAIN,
  },
  'no-media-path': {
    title: 'Sound and picture cannot get through',
    explanation:
      'The server answers, but your network blocks the way for sound and picture. Try another network, such as your phone’s.',
    ...TRY_AGAIN,
  },
  'connection-lost': {
    title: 'The connection was lost',
    explanation: 'We tried to bring you back, without success. Check your internet connection.',
    ...TRY_AGAIN,
  },
  removed: {
    title: 'You were removed from the consultation',
    explanation: 'Somebody who leads the consultation ended your participation.',
    ...NOTHING,
  },
  'opened-elsewhere': {
    title: 'Continued in another window',
    explanation:
      'This consultation was opened with your link in another window or on another device. You can bring it back here.',
    action: 'try-again',
    actionLabel: 'Continue here',
  },
  'room-closed': {
    title: 'The consultation has ended',
    explanation: 'The room was closed for everybody. You can close this page.',
    ...NOTHING,
  },
  unexpected: {
    title: 'Something went wrong',
    explanation: 'Joining did not work, and we do not know why. Please try again.',
    ...TRY_AGAIN,
  },
};

export function problemView(problem: Problem): ProblemView {
  return VIEWS[problem];
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
