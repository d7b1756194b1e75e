/** What the socket of events says (docs/EVENTS.md), and when to come back to it. */
import { textOrNull } from '../visit/read-visit.ts';

export type LiveMessage =
  /** The first of a socket. Not resumed: what is shown is loaded anew. */
  | { readonly kind: 'hello'; readonly lastId: string | null; readonly resumed: boolean }
  /** Without an id it is of the moment, and never told again. */
  | { readonly kind: 'event'; readonly id: string | null; readonly topic: string };

/** The code with which the server closes a socket whose session has ended. */
export const SESSION_ENDED = 4401;

const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 60_000;

/** Null for what is none, or of a kind that a newer server knows. */
export function readLiveMessage(text: string): LiveMessage | null {
  const message = parsed(text);
  switch (message['type']) {
    case 'hello':
      return {
        kind: 'hello',
        lastId: textOrNull(message['last_event_id']),
        resumed: message['resumed'] === true,
      };
    case 'event': {
      const topic = textOrNull(message['topic']);
      return topic === null ? null : { kind: 'event', id: textOrNull(message['id']), topic };
    }
    default:
      return null;
  }
}

/** 1, 2, 4 ... 60 s after so many sockets in a row that said nothing. */
export function pauseAfter(failures: number): number {
  return Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** Math.min(failures, 10));
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
