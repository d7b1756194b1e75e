// A participant on livekit-client, inside a page that has loaded it. The function is sent to the browser as text, so it
// may refer to nothing outside itself. What the commands mean is told in clients/compat/README.md.
import type * as Sdk from 'livekit-client';
import type { Command, Happening, MediaKind, Received } from '../../src/agent.ts';

export interface PageAgent {
  perform(command: Command): Promise<unknown>;
  happenings: Happening[];
}

declare global {
  interface Window {
    LivekitClient: typeof Sdk;
    agent: PageAgent;
  }
}

export function installAgent(): void {
  const { Room, RoomEvent, Track, createLocalVideoTrack } = window.LivekitClient;
  const TOPIC = 'stream';
  /** `totalAudioEnergy` grows by at most 1 a second; comfort noise stays below a thousandth of that. */
  const ENERGY_STEP = 0.001;
  const COMPARED_WIDTH = 32;
  const COMPARED_HEIGHT = 24;

  interface Watched {
    readonly who: string;
    readonly kind: MediaKind;
    readonly track: Sdk.RemoteTrack;
    /** Frames drawn that differ from the one before. */
    changes: number;
    /** What the last statistics said, which a stopped track has no more. */
    last: Received;
  }

  let room: Sdk.Room | undefined;
  const sent = new Map<MediaKind, Sdk.LocalTrackPublication>();
  let watched: Watched[] = [];
  const agent: PageAgent = { perform, happenings: [] };
  window.agent = agent;

  function tell(event: string, who = '', detail = ''): void {
    agent.happenings.push({ event, who, detail });
  }

  function here(): Sdk.Room {
    if (room === undefined) throw new Error('not in a room');
    return room;
  }

  function kindOf(kind: Sdk.Track.Kind | undefined): MediaKind {
    return kind === Track.Kind.Audio ? 'audio' : 'video';
  }

  async function digest(content: Uint8Array<ArrayBuffer>): Promise<string> {
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    const hex = [...sum].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${content.length} ${hex}`;
  }

  /** Shows the track, as decoders only work for what is shown; counts the frames that change the picture. */
  function take(track: Sdk.RemoteTrack, who: string): void {
    const kind = kindOf(track.kind);
    const entry: Watched = {
      who,
      kind,
      track,
      changes: 0,
      last: { who, kind, decoded: 0, lively: 0 },
    };
    watched.push(entry);
    const element = track.attach();
    document.body.append(element);
    if (element instanceof HTMLVideoElement) {
      element.width = 160;
      countChanges(element, () => (entry.changes += 1));
    }
  }

  function countChanges(element: HTMLVideoElement, changed: () => void): void {
    const canvas = new OffscreenCanvas(COMPARED_WIDTH, COMPARED_HEIGHT);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    let before = '';
    const look = (): void => {
      context?.drawImage(element, 0, 0, COMPARED_WIDTH, COMPARED_HEIGHT);
      const pixels = context?.getImageData(0, 0, COMPARED_WIDTH, COMPARED_HEIGHT).data ?? [];
      const now = pixels.join(' ');
      if (before !== '' && now !== before) changed();
      before = now;
      element.requestVideoFrameCallback(look);
    };
    element.requestVideoFrameCallback(look);
  }

  async function received(): Promise<Received[]> {
    for (const entry of watched) {
      const report = await entry.track.getRTCStatsReport();
      for (const stats of report?.values() ?? []) {
        if (stats.type !== 'inbound-rtp') continue;
        entry.last =
          entry.kind === 'audio'
            ? {
                ...entry.last,
                decoded: stats.totalSamplesReceived ?? 0,
                lively: Math.floor((stats.totalAudioEnergy ?? 0) / ENERGY_STEP),
              }
            : { ...entry.last, decoded: stats.framesDecoded ?? 0, lively: entry.changes };
      }
    }
    const sums = new Map<string, Received>();
    for (const { last } of watched) {
      const key = `${last.kind} ${last.who}`;
      const sum = sums.get(key) ?? { ...last, decoded: 0, lively: 0 };
      sums.set(key, {
        ...sum,
        decoded: sum.decoded + last.decoded,
        lively: sum.lively + last.lively,
      });
    }
    return [...sums.values()];
  }

  function listenTo(fresh: Sdk.Room): void {
    fresh
      .on(RoomEvent.ParticipantConnected, (who) => tell('participantConnected', who.identity))
      .on(RoomEvent.ParticipantDisconnected, (who) => tell('participantDisconnected', who.identity))
      .on(RoomEvent.Reconnecting, () => tell('reconnecting'))
      .on(RoomEvent.SignalReconnecting, () => tell('reconnecting'))
      .on(RoomEvent.Reconnected, () => tell('reconnected'))
      .on(RoomEvent.Disconnected, (reason) =>
        tell('disconnected', '', window.LivekitClient.DisconnectReason[reason ?? 0] ?? ''),
      )
      .on(RoomEvent.TrackSubscribed, (track, _publication, who) => {
        take(track, who.identity);
        tell('subscribed', who.identity, kindOf(track.kind));
      })
      .on(RoomEvent.TrackUnsubscribed, (track, _publication, who) => {
        for (const element of track.detach()) element.remove();
        tell('unsubscribed', who.identity, kindOf(track.kind));
      })
      .on(RoomEvent.TrackUnpublished, (track, who) =>
        tell('unpublished', who.identity, kindOf(track.kind)),
      )
      .on(RoomEvent.TrackMuted, (track, who) => tell('muted', who.identity, kindOf(track.kind)))
      .on(RoomEvent.TrackUnmuted, (track, who) => tell('unmuted', who.identity, kindOf(track.kind)))
      .on(RoomEvent.DataReceived, (payload, who, _kind, topic) =>
        tell('data', who?.identity, `${topic ?? ''} ${new TextDecoder().decode(payload)}`),
      );
    fresh.registerTextStreamHandler(TOPIC, (reader, { identity }) => {
      void reader
        .readAll()
        .then((text) => digest(new TextEncoder().encode(text)))
        .then((sum) => tell('text', identity, sum));
    });
    fresh.registerByteStreamHandler(TOPIC, (reader, { identity }) => {
      void reader
        .readAll()
        .then(async (chunks) => new Uint8Array(await new Blob(chunks.map(plain)).arrayBuffer()))
        .then(digest)
        .then((sum) => tell('bytes', identity, sum));
    });
    fresh.registerRpcMethod('echo', async (call) => `${call.callerIdentity}: ${call.payload}`);
  }

  function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(bytes);
  }

  async function join(command: Command): Promise<void> {
    watched = [];
    sent.clear();
    const { connections } = command;
    const fresh = new Room(
      connections === undefined ? {} : { singlePeerConnection: connections === 'one' },
    );
    room = fresh;
    listenTo(fresh);
    await fresh.connect(command.url ?? '', command.token ?? '');
  }

  /** An unbroken tone: Firefox's artificial microphone has one, Chromium's only beeps now and then. */
  async function tone(): Promise<MediaStreamTrack> {
    if (navigator.userAgent.includes('Firefox')) {
      const device = await navigator.mediaDevices.getUserMedia({
        audio: { autoGainControl: false, echoCancellation: false, noiseSuppression: false },
      });
      return firstSound(device);
    }
    const studio = new AudioContext();
    const voice = studio.createOscillator();
    const loudness = studio.createGain();
    const microphone = studio.createMediaStreamDestination();
    loudness.gain.value = 0.3;
    voice.connect(loudness).connect(microphone);
    voice.start();
    return firstSound(microphone.stream);
  }

  function firstSound(stream: MediaStream): MediaStreamTrack {
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new Error('no artificial microphone');
    return track;
  }

  async function publish(kind: MediaKind): Promise<string> {
    const me = here().localParticipant;
    const publication =
      kind === 'audio'
        ? await me.publishTrack(await tone(), { source: Track.Source.Microphone })
        : await me.publishTrack(
            await createLocalVideoTrack({ resolution: { width: 320, height: 240, frameRate: 15 } }),
          );
    sent.set(kind, publication);
    return publication.trackSid;
  }

  function published(kind: MediaKind): Sdk.LocalTrackPublication {
    const publication = sent.get(kind);
    if (publication === undefined) throw new Error(`no ${kind} is published`);
    return publication;
  }

  async function unpublish(kind: MediaKind): Promise<void> {
    const { track } = published(kind);
    sent.delete(kind);
    if (track !== undefined) await here().localParticipant.unpublishTrack(track);
  }

  async function mute(kind: MediaKind, muted: boolean): Promise<void> {
    await (muted ? published(kind).mute() : published(kind).unmute());
  }

  function subscribe(who: string, kind: MediaKind, wanted: boolean): void {
    const publications = here().remoteParticipants.get(who)?.trackPublications.values() ?? [];
    const found = [...publications].find((track) => kindOf(track.kind) === kind);
    if (found === undefined) throw new Error(`${who} publishes no ${kind}`);
    found.setSubscribed(wanted);
  }

  async function sendText(size: number, to: string[]): Promise<string> {
    const text = '0123456789abcdef'.repeat(size / 16);
    const options = { topic: TOPIC, destinationIdentities: to, compress: false };
    await here().localParticipant.sendText(text, options);
    return digest(new TextEncoder().encode(text));
  }

  async function sendBytes(size: number, to: string[]): Promise<string> {
    const content = Uint8Array.from({ length: size }, (_, n) => ((n * 31) >> 3) & 255);
    const options = { topic: TOPIC, destinationIdentities: to, totalSize: size, compress: false };
    const writer = await here().localParticipant.streamBytes(options);
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
        return here().disconnect();
      case 'participants':
        return [...here().remoteParticipants.keys()];
      case 'publish':
        return publish(kind);
      case 'unpublish':
        return unpublish(kind);
      case 'mute':
        return mute(kind, command.muted ?? true);
      case 'subscribe':
        subscribe(who, kind, command.wanted ?? true);
        return undefined;
      case 'received':
        return received();
      case 'sendData':
        return here().localParticipant.publishData(new TextEncoder().encode(text), {
          reliable: command.reliable ?? true,
          topic: command.topic ?? '',
          destinationIdentities: to,
        });
      case 'rpc':
        return here().localParticipant.performRpc({
          destinationIdentity: who,
          method: 'echo',
          payload: text,
        });
      case 'sendText':
        return sendText(size, to);
      case 'sendBytes':
        return sendBytes(size, to);
      case 'connections':
        return window.bedsideProbe?.connectionStates().filter((state) => state === 'connected')
          .length;
      default:
        return command.call satisfies never;
    }
  }
}
