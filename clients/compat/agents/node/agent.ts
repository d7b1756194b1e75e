// A participant on @livekit/rtc-node, driven over standard input: one JSON command a line in, one JSON reply or event a
// line out. What the commands mean is told in clients/compat/README.md.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import {
  AudioFrame,
  AudioSource,
  AudioStream,
  DisconnectReason,
  LocalAudioTrack,
  type LocalTrackPublication,
  LocalVideoTrack,
  type RemoteParticipant,
  type RemoteTrack,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node';
import type { Command, MediaKind, Received } from '../../src/agent.ts';

const SAMPLE_RATE = 48_000;
const SOUND_FRAME = SAMPLE_RATE / 100;
const WIDTH = 320;
const HEIGHT = 240;
const FRAMES_PER_SECOND = 15;
const TOPIC = 'stream';
/** An amplitude, of 32768, that no comfort noise reaches. */
const LOUD_ABOVE = 600;

interface Sent {
  readonly publication: LocalTrackPublication;
  stop(): void;
}

let room = new Room();
const received = new Map<string, Received>();
const sent = new Map<MediaKind, Sent>();

function write(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function tell(event: string, who = '', detail = ''): void {
  write({ event, who, detail });
}

function digest(content: Uint8Array): string {
  return `${content.length} ${createHash('sha256').update(content).digest('hex')}`;
}

function kindOf(kind: TrackKind | undefined): MediaKind {
  return kind === TrackKind.KIND_AUDIO ? 'audio' : 'video';
}

function count(who: string, kind: MediaKind, decoded: number, lively: number): void {
  const key = `${kind} ${who}`;
  const before = received.get(key) ?? { who, kind, decoded: 0, lively: 0 };
  received.set(key, {
    who,
    kind,
    decoded: before.decoded + decoded,
    lively: before.lively + lively,
  });
}

async function listen(who: string, track: RemoteTrack): Promise<void> {
  for await (const frame of new AudioStream(track, SAMPLE_RATE, 1)) {
    let loud = 0;
    for (const sample of frame.data) if (Math.abs(sample) > LOUD_ABOVE) loud += 1;
    count(who, 'audio', frame.data.length, loud);
  }
}

async function watch(who: string, track: RemoteTrack): Promise<void> {
  let last: string | undefined;
  for await (const { frame } of new VideoStream(track)) {
    // Every 64th byte of the luminance tells whether the picture moved.
    const luminance = frame.data.subarray(0, frame.width * frame.height);
    const picture = luminance.filter((_, index) => index % 64 === 0).join(' ');
    count(who, 'video', 1, last !== undefined && last !== picture ? 1 : 0);
    last = picture;
  }
}

function joinRoom(): Room {
  const fresh = new Room();
  const told = (event: string) => (who: RemoteParticipant) => tell(event, who.identity);
  fresh
    .on(RoomEvent.ParticipantConnected, told('participantConnected'))
    .on(RoomEvent.ParticipantDisconnected, told('participantDisconnected'))
    .on(RoomEvent.Reconnecting, () => tell('reconnecting'))
    .on(RoomEvent.Reconnected, () => tell('reconnected'))
    .on(RoomEvent.Disconnected, (reason) =>
      tell('disconnected', '', DisconnectReason[reason] ?? String(reason)),
    )
    .on(RoomEvent.TrackSubscribed, (track, _publication, who) => {
      const kind = kindOf(track.kind);
      tell('subscribed', who.identity, kind);
      void (kind === 'audio' ? listen : watch)(who.identity, track).catch(() => undefined);
    })
    .on(RoomEvent.TrackUnsubscribed, (track, _publication, who) =>
      tell('unsubscribed', who.identity, kindOf(track.kind)),
    )
    .on(RoomEvent.TrackUnpublished, (track, who) =>
      tell('unpublished', who.identity, kindOf(track.kind)),
    )
    .on(RoomEvent.TrackMuted, (track, who) => tell('muted', who.identity, kindOf(track.kind)))
    .on(RoomEvent.TrackUnmuted, (track, who) => tell('unmuted', who.identity, kindOf(track.kind)))
    .on(RoomEvent.DataReceived, (payload, who, _kind, topic) =>
      tell('data', who?.identity ?? '', `${topic ?? ''} ${Buffer.from(payload).toString()}`),
    );
  fresh.registerTextStreamHandler(TOPIC, (reader, { identity }) => {
    void reader.readAll().then((text) => tell('text', identity, digest(Buffer.from(text))));
  });
  fresh.registerByteStreamHandler(TOPIC, (reader, { identity }) => {
    void reader.readAll().then((chunks) => tell('bytes', identity, digest(Buffer.concat(chunks))));
  });
  return fresh;
}

function me(): NonNullable<Room['localParticipant']> {
  if (room.localParticipant === undefined) throw new Error('not in a room');
  return room.localParticipant;
}

async function join(command: Command): Promise<void> {
  received.clear();
  sent.clear();
  room = joinRoom();
  await room.connect(command.url ?? '', command.token ?? '', {
    autoSubscribe: true,
    dynacast: false,
  });
  me().registerRpcMethod('echo', async (call) => `${call.callerIdentity}: ${call.payload}`);
}

/** A sine of 440 Hz. */
function startSound(): [LocalAudioTrack, () => void] {
  const source = new AudioSource(SAMPLE_RATE, 1);
  const stopped = new AbortController();
  let at = 0;
  const play = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const samples = Int16Array.from({ length: SOUND_FRAME }, (_, n) =>
        Math.round(9_000 * Math.sin((2 * Math.PI * 440 * (at + n)) / SAMPLE_RATE)),
      );
      at = (at + SOUND_FRAME) % SAMPLE_RATE;
      await source.captureFrame(new AudioFrame(samples, SAMPLE_RATE, 1, SOUND_FRAME));
    }
  };
  void play().catch(() => undefined);
  return [LocalAudioTrack.createAudioTrack('audio', source), () => stopped.abort()];
}

/** Bars that wander to the right. */
function startPicture(): [LocalVideoTrack, () => void] {
  const source = new VideoSource(WIDTH, HEIGHT);
  let shift = 0;
  const timer = setInterval(() => {
    const pixels = Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128);
    const row = Buffer.from(
      Array.from({ length: WIDTH }, (_, x) => (((x + shift) * 4) % 220) + 16),
    );
    for (let y = 0; y < HEIGHT; y += 1) row.copy(pixels, y * WIDTH);
    shift += 4;
    source.captureFrame(new VideoFrame(pixels, WIDTH, HEIGHT, VideoBufferType.I420));
  }, 1000 / FRAMES_PER_SECOND);
  return [LocalVideoTrack.createVideoTrack('video', source), () => clearInterval(timer)];
}

async function publish(kind: MediaKind): Promise<string> {
  const [track, stop] = kind === 'audio' ? startSound() : startPicture();
  const source = kind === 'audio' ? TrackSource.SOURCE_MICROPHONE : TrackSource.SOURCE_CAMERA;
  try {
    const publication = await me().publishTrack(track, new TrackPublishOptions({ source }));
    sent.set(kind, { publication, stop });
    return publication.sid ?? '';
  } catch (error) {
    stop();
    throw error;
  }
}

async function unpublish(kind: MediaKind): Promise<void> {
  const track = sent.get(kind);
  if (track === undefined) throw new Error(`no ${kind} is published`);
  sent.delete(kind);
  await me().unpublishTrack(track.publication.sid ?? '');
  track.stop();
}

function subscribe(who: string, kind: MediaKind, wanted: boolean): void {
  const publications = room.remoteParticipants.get(who)?.trackPublications.values() ?? [];
  const found = [...publications].find((track) => kindOf(track.kind) === kind);
  if (found === undefined) throw new Error(`${who} publishes no ${kind}`);
  found.setSubscribed(wanted);
}

async function leave(): Promise<void> {
  for (const track of sent.values()) track.stop();
  await room.disconnect();
}

async function sendText(size: number, to: string[]): Promise<string> {
  const text = '0123456789abcdef'.repeat(size / 16);
  await me().sendText(text, { topic: TOPIC, destinationIdentities: to, compress: false });
  return digest(Buffer.from(text));
}

async function sendBytes(size: number, to: string[]): Promise<string> {
  const content = Uint8Array.from({ length: size }, (_, n) => ((n * 31) >> 3) & 255);
  const options = { topic: TOPIC, destinationIdentities: to, totalSize: size };
  const writer = await me().streamBytes(options);
  await writer.write(content);
  await writer.close();
  return digest(content);
}

async function perform(command: Command): Promise<unknown> {
  const { kind = 'audio', who = '', text = '', to = [], size = 0 } = command;
  switch (command.call) {
    case 'join':
      return join(command);
    case 'leave':
      return leave();
    case 'participants':
      return [...room.remoteParticipants.keys()];
    case 'publish':
      return publish(kind);
    case 'unpublish':
      return unpublish(kind);
    case 'mute':
      throw new Error('@livekit/rtc-node has no way to mute a track');
    case 'subscribe':
      subscribe(who, kind, command.wanted ?? true);
      return undefined;
    case 'received':
      return [...received.values()];
    case 'sendData':
      return me().publishData(Buffer.from(text), {
        reliable: command.reliable ?? true,
        topic: command.topic ?? '',
        destination_identities: to,
      });
    case 'rpc':
      return me().performRpc({ destinationIdentity: who, method: 'echo', payload: text });
    case 'sendText':
      return sendText(size, to);
    case 'sendBytes':
      return sendBytes(size, to);
    case 'connections': {
      const { publisherStats, subscriberStats } = await room.getRtcStats();
      const sides = [publisherStats, subscriberStats];
      return sides.filter((side) => side.some(({ stats }) => stats.case === 'transport')).length;
    }
    default:
      return command.call satisfies never;
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    // The only writer is the suite, which has typed what it writes.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const command = JSON.parse(line) as Command & { id: number };
    perform(command).then(
      (value) => write({ id: command.id, value: value ?? null }),
      (error: unknown) => write({ id: command.id, error: String(error) }),
    );
  })
  .on('close', () => process.exit(0));
