// What the suite can ask of a participant, whichever SDK it runs on. A participant is in one room at a time; one that
// left, or was put out, can join again.
import { until } from '../../e2e/src/until.ts';

export type MediaKind = 'audio' | 'video';

export interface Command {
  readonly call:
    | 'join'
    | 'leave'
    | 'participants'
    | 'publish'
    | 'unpublish'
    | 'mute'
    | 'subscribe'
    | 'received'
    | 'sendData'
    | 'rpc'
    | 'sendText'
    | 'sendBytes'
    | 'connections';
  readonly url?: string;
  readonly token?: string;
  /** Peer connections: one for both directions or one for each. The SDK's own choice if absent; not all leave it. */
  readonly connections?: 'one' | 'two';
  readonly kind?: MediaKind;
  readonly who?: string;
  readonly wanted?: boolean;
  readonly muted?: boolean;
  readonly text?: string;
  readonly reliable?: boolean;
  readonly topic?: string;
  readonly to?: string[];
  readonly size?: number;
}

/** What happened at a participant without being asked for. */
export interface Happening {
  readonly event: string;
  readonly who: string;
  readonly detail: string;
}

/**
 * What came from somebody since the join; the counters only grow. `decoded` counts samples or frames, `lively` grows
 * only with sound that is heard and with frames that differ from the one before.
 */
export interface Received {
  readonly who: string;
  readonly kind: MediaKind;
  readonly decoded: number;
  readonly lively: number;
}

export interface Agent {
  /** Carries out a command; rejects with what the SDK said. */
  perform(command: Command): Promise<unknown>;
  /** Everything that happened since the last `forget`, oldest first. */
  happenings(): Promise<readonly Happening[]>;
  forget(): Promise<void>;
  /** What it, its SDK and its browser wrote for a person to read: the end of it. */
  notes(): string;
  close(): Promise<void>;
}

/** Waits for something to happen; what happened before the call counts too. */
export function untilHappened(
  agent: Agent,
  within: number,
  event: string,
  who?: string,
  detail?: string,
): Promise<Happening> {
  const what = [event, who, detail].filter(Boolean).join(' ');
  return until({ what, within, every: 100 }, async () =>
    (await agent.happenings()).find(
      (seen) =>
        seen.event === event &&
        (who === undefined || seen.who === who) &&
        (detail === undefined || seen.detail === detail),
    ),
  );
}

/** How much of `kind` came from `who` so far. */
export async function receivedFrom(agent: Agent, who: string, kind: MediaKind): Promise<Received> {
  const all = await agent.perform({ call: 'received' });
  const found = Array.isArray(all)
    ? all.filter(isReceived).find((entry) => entry.who === who && entry.kind === kind)
    : undefined;
  return found ?? { who, kind, decoded: 0, lively: 0 };
}

function isReceived(value: unknown): value is Received {
  return (
    typeof value === 'object' &&
    value !== null &&
    'who' in value &&
    'kind' in value &&
    'decoded' in value &&
    typeof value.decoded === 'number' &&
    'lively' in value &&
    typeof value.lively === 'number'
  );
}
