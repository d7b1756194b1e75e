// A scenario is run once for each line-up of SDKs, and yields one outcome for each cell of the table: what was tried, on
// which SDK, and towards which other SDK where the direction counts.
import { type Agent, type MediaKind, receivedFrom } from './agent.ts';
import { until } from '../../e2e/src/until.ts';
import type { SdkName } from './sdks.ts';
import { type OwnServer, type Server, token } from './server.ts';

/** A program in `examples/`. */
export type ExampleName = 'Node example' | 'Python example' | 'Go example' | 'Rust example';

/** A client SDK; or livekit-server-sdk, an example, or a WebRTC stack without an SDK. */
export type Subject = SdkName | 'server-sdk' | 'aiortc' | ExampleName;

export interface Cell {
  readonly what: string;
  readonly sdk: Subject;
  /** Whom it goes to, for what is different for each pair. */
  readonly to?: SdkName;
}

export interface Stage {
  /** The server that most scenarios share. */
  readonly server: Server;
  /** A room that nobody else uses. */
  newRoom(): string;
  /** A server of one's own, ended with the scenario; `undefined` where only a foreign server is tested. */
  ownServer(...more: string[]): Promise<OwnServer>;
}

export interface Scenario {
  /** The cells it decides. */
  readonly cells: readonly Cell[];
  /** Who takes part, in the order of `run`'s agents. */
  readonly cast: readonly SdkName[];
  /** Needs a server of its own, so it cannot be asked of a foreign one. */
  readonly needsOwnServer?: true;
  run(stage: Stage, agents: readonly Agent[], decide: Decide): Promise<void>;
}

/** Decides one cell by whether `trial` resolves; never rejects, so that the other cells are tried all the same. */
export type Decide = (cell: Cell, trial: () => Promise<unknown>) => Promise<void>;

export function cellName(cell: Cell): string {
  return cell.to === undefined
    ? `${cell.what}: ${cell.sdk}`
    : `${cell.what}: ${cell.sdk} to ${cell.to}`;
}

export const MEDIA_WITHIN_MS = 15_000;
export const TOLD_WITHIN_MS = 10_000;

/** Half a second of sound, half a second of pictures. */
const ENOUGH: Readonly<Record<MediaKind, { decoded: number; lively: number }>> = {
  audio: { decoded: 24_000, lively: 10 },
  video: { decoded: 8, lively: 4 },
};
const SILENCE_MS = 1_500;
/** What was on its way when the silence began. */
const SETTLE_MS = 700;

export interface JoinWish {
  readonly connections?: 'one' | 'two';
  readonly grants?: Readonly<Record<string, unknown>>;
}

export function join(
  agent: Agent,
  server: Server,
  room: string,
  identity: string,
  more: JoinWish = {},
): Promise<unknown> {
  return agent.perform({
    call: 'join',
    url: server.signalUrl,
    token: token(server, room, identity, more.grants),
    ...(more.connections === undefined ? {} : { connections: more.connections }),
  });
}

/** Waits until `kind` of `who` arrives from now on: decoded, audible or moving. */
export async function arrives(agent: Agent, who: string, kind: MediaKind): Promise<void> {
  const before = await receivedFrom(agent, who, kind);
  let now = before;
  const enough = ENOUGH[kind];
  await until({ what: `${kind} of ${who}`, within: MEDIA_WITHIN_MS, every: 200 }, async () => {
    now = await receivedFrom(agent, who, kind);
    return (
      now.decoded - before.decoded >= enough.decoded && now.lively - before.lively >= enough.lively
    );
  }).catch((error: unknown) => {
    const since = `${now.decoded - before.decoded} decoded, ${now.lively - before.lively} lively`;
    throw new Error(`${String(error)} (${since})`, { cause: error });
  });
}

/** Checks that nothing lively of `kind` arrives any more. */
export async function staysAway(agent: Agent, who: string, kind: MediaKind): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = await receivedFrom(agent, who, kind);
  await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  const { lively } = await receivedFrom(agent, who, kind);
  if (lively > before.lively + 2) {
    throw new Error(`${kind} of ${who} still comes: ${lively - before.lively} lively`);
  }
}

export async function rejected(trial: Promise<unknown>, like?: RegExp): Promise<void> {
  const said = await trial.then(
    () => undefined,
    (error: unknown) => String(error),
  );
  if (said === undefined) throw new Error('it was not refused');
  if (like !== undefined && !like.test(said)) throw new Error(`refused with other words: ${said}`);
}
