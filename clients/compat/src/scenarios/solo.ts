// What one SDK does, watched by a partner on another: joining, muting, taking back, choosing, and being refused.
import { type Agent, type MediaKind, untilHappened } from '../agent.ts';
import {
  arrives,
  type Cell,
  join,
  type JoinWish,
  rejected,
  type Scenario,
  type Stage,
  staysAway,
  TOLD_WITHIN_MS,
} from '../scenario.ts';
import { SDK_NAMES, type SdkName } from '../sdks.ts';
import { untilPresent } from './pairs.ts';

const STREAM_BYTES = 5_000_000;
const STREAM_WITHIN_MS = 45_000;
/** The SDKs that leave it to their user how many peer connections they have. */
const CHOOSES_CONNECTIONS: readonly SdkName[] = ['chromium', 'firefox', 'python', 'go'];
/** @livekit/rtc-node 1.1.0 has no way to mute a track of its own. */
const CAN_MUTE: readonly SdkName[] = ['chromium', 'firefox', 'python', 'go'];

/** Who watches: a browser, whose media is the least in doubt. */
function partnerOf(sdk: SdkName): SdkName {
  return sdk === 'chromium' ? 'firefox' : 'chromium';
}

/** Two in a room, the first on the SDK in question; both have their roles when `run` begins. */
interface Duet {
  readonly stage: Stage;
  readonly room: string;
  readonly subject: Agent;
  readonly partner: Agent;
}

function duet(
  what: string,
  sdk: SdkName,
  trial: (duet: Duet) => Promise<void>,
  subjectJoins: JoinWish = {},
): Scenario {
  const cell: Cell = { what, sdk };
  return {
    cells: [cell],
    cast: [sdk, partnerOf(sdk)],
    run: (stage, [subject, partner], decide) =>
      decide(cell, async () => {
        if (subject === undefined || partner === undefined) throw new Error('two take part');
        const room = stage.newRoom();
        await join(partner, stage.server, room, 'partner');
        await join(subject, stage.server, room, 'subject', subjectJoins);
        await Promise.all([untilPresent(partner, 'subject'), untilPresent(subject, 'partner')]);
        await trial({ stage, room, subject, partner });
      }),
  };
}

export function solos(): Scenario[] {
  const every = (of: readonly SdkName[], make: (sdk: SdkName) => Scenario): Scenario[] =>
    of.map(make);
  return [
    ...every(SDK_NAMES, (sdk) =>
      duet('text stream of 5 MB', sdk, (given) => stream(given, 'sendText', 'text')),
    ),
    ...every(SDK_NAMES, (sdk) =>
      duet('byte stream of 5 MB', sdk, (given) => stream(given, 'sendBytes', 'bytes')),
    ),
    ...every(SDK_NAMES, (sdk) => duet('no permission to publish', sdk, noPermission)),
    ...every(CAN_MUTE, (sdk) => duet('mute and unmute', sdk, muteAndUnmute)),
    ...every(SDK_NAMES, (sdk) => duet('publish again', sdk, publishAgain)),
    ...every(SDK_NAMES, (sdk) => duet('subscribe again', sdk, subscribeAgain)),
    ...every(SDK_NAMES, (sdk) => duet('identity taken over', sdk, identityTakenOver)),
    ...every(SDK_NAMES, roomFull),
    ...every(SDK_NAMES, (sdk) =>
      duet('one peer connection', sdk, (given) => overConnections(given, sdk, 1), {
        connections: 'one',
      }),
    ),
    ...every(CHOOSES_CONNECTIONS, (sdk) =>
      duet('two peer connections', sdk, (given) => overConnections(given, sdk, 2), {
        connections: 'two',
      }),
    ),
    ...every(SDK_NAMES, (sdk) => duet('join and leave', sdk, joinAndLeave)),
    ...every(SDK_NAMES, tokenRefused),
  ];
}

async function joinAndLeave({ subject, partner }: Duet): Promise<void> {
  await subject.perform({ call: 'leave' });
  await untilHappened(partner, TOLD_WITHIN_MS, 'participantDisconnected', 'subject');
}

async function mediaBothWays({ subject, partner }: Duet): Promise<void> {
  await Promise.all([
    subject.perform({ call: 'publish', kind: 'audio' }),
    partner.perform({ call: 'publish', kind: 'audio' }),
  ]);
  await Promise.all([arrives(partner, 'subject', 'audio'), arrives(subject, 'partner', 'audio')]);
}

/** Go's fails if it gets another number; the others fall back in silence, and are asked. Node's has no choice but one. */
async function overConnections(given: Duet, sdk: SdkName, wanted: number): Promise<void> {
  await mediaBothWays(given);
  if (sdk === 'go') return;
  const count = await given.subject.perform({ call: 'connections' });
  if (count !== wanted) throw new Error(`${String(count)} peer connections`);
}

async function muteAndUnmute({ subject, partner }: Duet): Promise<void> {
  const told = (event: string, kind: MediaKind): Promise<unknown> =>
    untilHappened(partner, TOLD_WITHIN_MS, event, 'subject', kind);
  await both(async (kind) => {
    await subject.perform({ call: 'publish', kind });
    await arrives(partner, 'subject', kind);
    await subject.perform({ call: 'mute', kind, muted: true });
    await told('muted', kind);
    await staysAway(partner, 'subject', kind);
    await subject.perform({ call: 'mute', kind, muted: false });
    await told('unmuted', kind);
    await arrives(partner, 'subject', kind);
  });
}

function both(work: (kind: MediaKind) => Promise<unknown>): Promise<unknown> {
  return Promise.all((['audio', 'video'] as const).map(work));
}

/** Several rounds: a media section that was used before is where this goes wrong. */
async function publishAgain({ subject, partner }: Duet): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await partner.forget();
    await both((kind) => subject.perform({ call: 'publish', kind }));
    await both((kind) => arrives(partner, 'subject', kind));
    await both((kind) => subject.perform({ call: 'unpublish', kind }));
    await both((kind) => untilHappened(partner, TOLD_WITHIN_MS, 'unpublished', 'subject', kind));
  }
}

async function subscribeAgain({ subject, partner }: Duet): Promise<void> {
  const who = 'partner';
  await both((kind) => partner.perform({ call: 'publish', kind }));
  for (let round = 0; round < 2; round += 1) {
    await both((kind) => arrives(subject, who, kind));
    await both((kind) => subject.perform({ call: 'subscribe', who, kind, wanted: false }));
    await both((kind) => staysAway(subject, who, kind));
    await both((kind) => subject.perform({ call: 'subscribe', who, kind, wanted: true }));
  }
  await both((kind) => arrives(subject, who, kind));
}

/** Both ways, one after the other, compared by length and hash. */
async function stream(
  { subject, partner }: Duet,
  call: 'sendText' | 'sendBytes',
  event: string,
): Promise<void> {
  for (const [from, identity, to] of [
    [subject, 'subject', partner],
    [partner, 'partner', subject],
  ] as const) {
    const sum = await from.perform({ call, size: STREAM_BYTES });
    const arrived = await untilHappened(to, STREAM_WITHIN_MS, event, identity);
    if (arrived.detail !== sum) throw new Error(`${arrived.detail} arrived of ${String(sum)}`);
  }
}

/** The partner leaves, and comes back under the subject's name: the subject is put out and told why. */
async function identityTakenOver({ stage, room, subject, partner }: Duet): Promise<void> {
  await partner.perform({ call: 'leave' });
  await join(partner, stage.server, room, 'subject');
  await untilHappened(subject, TOLD_WITHIN_MS, 'disconnected', '', 'DUPLICATE_IDENTITY');
  // It stays out: the newcomer is not thrown out in turn.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const happened = await partner.happenings();
  if (happened.filter(({ event }) => event === 'disconnected').length > 1)
    throw new Error('the two throw each other out');
}

/** The SDK refuses by itself, or asks and is refused: nothing may reach the partner either way. */
async function noPermission({ stage, subject, partner }: Duet): Promise<void> {
  const room = stage.newRoom();
  for (const agent of [subject, partner]) await agent.perform({ call: 'leave' });
  await partner.forget();
  await join(partner, stage.server, room, 'partner');
  await join(subject, stage.server, room, 'subject', { grants: { canPublish: false } });
  await rejected(subject.perform({ call: 'publish', kind: 'audio' }));
  await partner.perform({ call: 'publish', kind: 'audio' });
  await arrives(subject, 'partner', 'audio');
  if ((await partner.happenings()).some(({ event }) => event === 'subscribed'))
    throw new Error('it was published all the same');
}

function roomFull(sdk: SdkName): Scenario {
  const cell: Cell = { what: 'full room', sdk };
  return {
    cells: [cell],
    cast: [sdk, partnerOf(sdk)],
    needsOwnServer: true,
    run: (stage, [subject, partner], decide) =>
      decide(cell, async () => {
        if (subject === undefined || partner === undefined) throw new Error('two take part');
        const small = await stage.ownServer('--participants-per-room-max', '1');
        const room = stage.newRoom();
        await join(partner, small, room, 'partner');
        await rejected(join(subject, small, room, 'subject'));
        await partner.perform({ call: 'leave' });
        await join(subject, small, room, 'subject');
      }),
  };
}

function tokenRefused(sdk: SdkName): Scenario {
  const cell: Cell = { what: 'token refused', sdk };
  return {
    cells: [cell],
    cast: [sdk],
    run: (stage, [subject], decide) =>
      decide(cell, async () => {
        if (subject === undefined) throw new Error('one takes part');
        const forged = { ...stage.server, secret: 'not the secret of this server at all, no' };
        const room = stage.newRoom();
        await rejected(join(subject, forged, room, 'subject'));
        const grants = { roomJoin: false };
        await rejected(join(subject, stage.server, room, 'subject', { grants }));
        // Being refused does no lasting harm.
        await join(subject, stage.server, room, 'subject');
      }),
  };
}
