// A participant without the product's page: stock livekit-client on a bare page, for what the page never does on
// purpose (other codecs, missing permissions, forged packets) and for what only the SDK shows.
import type * as Sdk from 'livekit-client';
import type { Tab } from './tab.ts';
import { until } from './until.ts';

declare global {
  interface Window {
    LivekitClient: typeof Sdk;
    room: Sdk.Room;
    roomEvents: RoomEventSeen[];
  }
}

/** An event of the room, its participants' identities and texts taken out of the SDK's objects. */
export interface RoomEventSeen {
  readonly name: string;
  readonly who: string;
  readonly detail: string;
}

export type Joined =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: number; readonly message: string };

export interface CameraWish {
  readonly codec: 'vp8' | 'h264' | 'vp9' | 'av1';
  readonly simulcast?: boolean;
  readonly width?: number;
  readonly height?: number;
}

export class SdkClient {
  constructor(readonly tab: Tab) {}

  /** Opens the bare page that `servePages` serves. */
  static async open(tab: Tab, pageUrl: string): Promise<SdkClient> {
    await tab.goto(pageUrl);
    await until({ what: 'livekit-client is loaded', within: 10_000 }, () =>
      tab.evaluate(() => 'LivekitClient' in window, undefined),
    );
    return new SdkClient(tab);
  }

  /** Joins; remote tracks are attached under `#remote [data-identity]`. */
  async join(signalUrl: string, token: string): Promise<Joined> {
    return this.tab.evaluate(joinInPage, { signalUrl, token });
  }

  /** Joins, and rejects when that is refused. */
  async joined(signalUrl: string, token: string): Promise<void> {
    const result = await this.join(signalUrl, token);
    if (!result.ok)
      throw new Error(`${this.tab.who} was refused: ${result.status} ${result.message}`);
  }

  /** Publishes the camera; resolves to the publication's sid, rejects as the SDK does. */
  publishCamera(wish: CameraWish): Promise<string> {
    return this.tab.evaluate(async (camera: CameraWish) => {
      const { createLocalVideoTrack, VideoPreset } = window.LivekitClient;
      const width = camera.width ?? 640;
      const height = camera.height ?? 360;
      const track = await createLocalVideoTrack({ resolution: { width, height, frameRate: 15 } });
      const publication = await window.room.localParticipant.publishTrack(track, {
        videoCodec: camera.codec,
        backupCodec: false,
        simulcast: camera.simulcast ?? false,
        videoEncoding: { maxBitrate: 500_000, maxFramerate: 15 },
        videoSimulcastLayers: [
          new VideoPreset(Math.round(width / 4), Math.round(height / 4), 60_000, 15),
          new VideoPreset(Math.round(width / 2), Math.round(height / 2), 180_000, 15),
        ],
      });
      return publication.trackSid;
    }, wish);
  }

  publishMicrophone(options: { readonly red?: boolean } = {}): Promise<string> {
    return this.tab.evaluate(async (red: boolean) => {
      const track = await window.LivekitClient.createLocalAudioTrack({
        autoGainControl: false,
        noiseSuppression: false,
      });
      // The bare media track: the SDK's own types disagree about `LocalAudioTrack` under exactOptionalPropertyTypes.
      const publication = await window.room.localParticipant.publishTrack(track.mediaStreamTrack, {
        red,
        dtx: false,
        source: window.LivekitClient.Track.Source.Microphone,
      });
      return publication.trackSid;
    }, options.red ?? true);
  }

  /** Publishes an unbroken tone as microphone: the artificial one's short beeps are no speech. */
  publishVoice(
    options: { readonly channels?: 1 | 2; readonly red?: boolean } = {},
  ): Promise<string> {
    return this.tab.evaluate(async (wish: { channels?: 1 | 2; red?: boolean }) => {
      const studio = new AudioContext();
      const voice = studio.createOscillator();
      const loudness = studio.createGain();
      const microphone = studio.createMediaStreamDestination();
      microphone.channelCount = wish.channels ?? 2;
      loudness.gain.value = 0.3;
      voice.connect(loudness).connect(microphone);
      voice.start();
      const [track] = microphone.stream.getAudioTracks();
      if (track === undefined) throw new Error('no track');
      const publication = await window.room.localParticipant.publishTrack(track, {
        source: window.LivekitClient.Track.Source.Microphone,
        ...(wish.red === undefined ? {} : { red: wish.red }),
      });
      return publication.trackSid;
    }, options);
  }

  /** Mutes or unmutes the published microphone. */
  async muteMicrophone(muted: boolean): Promise<void> {
    await this.tab.evaluate(async (wanted: boolean) => {
      const { Source } = window.LivekitClient.Track;
      const publication = window.room.localParticipant.getTrackPublication(Source.Microphone);
      await (wanted ? publication?.mute() : publication?.unmute());
    }, muted);
  }

  /** Takes every publication back. */
  unpublishAll(): Promise<void> {
    return this.tab.evaluate(async () => {
      const { localParticipant } = window.room;
      for (const publication of localParticipant.trackPublications.values()) {
        if (publication.track !== undefined)
          await localParticipant.unpublishTrack(publication.track);
      }
    }, undefined);
  }

  /** Makes the SDK believe that everything is permitted, so that the server's own check is asked. */
  believeInAllPermissions(): Promise<void> {
    return this.tab.evaluate(() => {
      const { localParticipant } = window.room;
      const known = localParticipant.permissions;
      if (known === undefined) throw new Error('no permissions yet');
      const all = Object.assign(Object.create(Object.getPrototypeOf(known)), known, {
        canPublish: true,
        canPublishData: true,
        canUpdateMetadata: true,
        canPublishSources: [],
      });
      Object.defineProperty(localParticipant, 'permissions', {
        configurable: true,
        get: () => all,
        set: () => {},
      });
    }, undefined);
  }

  sendData(
    text: string,
    options: { reliable: boolean; to?: string[]; topic?: string },
  ): Promise<void> {
    return this.tab.evaluate(
      async (message: { text: string; reliable: boolean; to?: string[]; topic?: string }) => {
        await window.room.localParticipant.publishData(new TextEncoder().encode(message.text), {
          reliable: message.reliable,
          ...(message.to === undefined ? {} : { destinationIdentities: message.to }),
          ...(message.topic === undefined ? {} : { topic: message.topic }),
        });
      },
      { text, ...options },
    );
  }

  events(name?: string): Promise<RoomEventSeen[]> {
    return this.tab.evaluate(
      (wanted: string | undefined) =>
        window.roomEvents.filter((event) => wanted === undefined || event.name === wanted),
      name,
    );
  }

  /** Waits for an event that `matches`; events before the call count too. */
  untilEvent(
    name: string,
    matches: (event: RoomEventSeen) => boolean,
    within = 10_000,
  ): Promise<RoomEventSeen> {
    return until({ what: `${this.tab.who} is told ${name}`, within }, async () =>
      (await this.events(name)).find(matches),
    );
  }

  leave(): Promise<void> {
    return this.tab.evaluate(() => window.room.disconnect(), undefined);
  }
}

/** Where the page shows what it receives from `identity`. */
export function remoteOf(identity: string): string {
  return `#remote [data-identity="${identity}"]`;
}

async function joinInPage(given: { signalUrl: string; token: string }): Promise<Joined> {
  const { ConnectionError, Room, RoomEvent } = window.LivekitClient;
  const room = new Room({ adaptiveStream: false, dynacast: false });
  const seen: RoomEventSeen[] = [];
  window.room = room;
  window.roomEvents = seen;
  const note = (name: string, who = '', detail = ''): void => {
    seen.push({ name, who, detail });
  };
  room
    .on(RoomEvent.ParticipantConnected, (participant) =>
      note('participantConnected', participant.identity),
    )
    .on(RoomEvent.ParticipantDisconnected, (participant) =>
      note('participantDisconnected', participant.identity),
    )
    .on(RoomEvent.TrackPublished, (publication, participant) =>
      note('trackPublished', participant.identity, publication.source),
    )
    .on(RoomEvent.TrackUnpublished, (publication, participant) =>
      note('trackUnpublished', participant.identity, publication.source),
    )
    .on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
      const element = track.attach();
      element.dataset['identity'] = participant.identity;
      const box = document.createElement('div');
      box.dataset['identity'] = participant.identity;
      box.style.width = '320px';
      box.append(element);
      if (element instanceof HTMLVideoElement) element.style.width = '320px';
      document.querySelector('#remote')?.append(box);
      note('trackSubscribed', participant.identity, publication.source);
    })
    .on(RoomEvent.TrackUnsubscribed, (track, publication, participant) => {
      for (const element of track.detach()) element.parentElement?.remove();
      note('trackUnsubscribed', participant.identity, publication.source);
    })
    .on(RoomEvent.TrackSubscriptionFailed, (sid, participant, reason) =>
      note('trackSubscriptionFailed', participant.identity, `${sid} ${reason ?? ''}`),
    )
    .on(RoomEvent.TrackMuted, (publication, participant) =>
      note('trackMuted', participant.identity, publication.source),
    )
    .on(RoomEvent.DataReceived, (payload, participant, kind, topic) =>
      note(
        'dataReceived',
        participant?.identity ?? '(nobody)',
        `${kind ?? '?'}|${topic ?? ''}|${new TextDecoder().decode(payload)}`,
      ),
    )
    .on(RoomEvent.ActiveSpeakersChanged, (speakers) =>
      note('activeSpeakersChanged', speakers.map((speaker) => speaker.identity).join(',')),
    )
    .on(RoomEvent.ParticipantAttributesChanged, (changed, participant) =>
      note('attributesChanged', participant.identity, JSON.stringify(changed)),
    )
    .on(RoomEvent.ParticipantMetadataChanged, (_previous, participant) =>
      note('metadataChanged', participant.identity, participant.metadata ?? ''),
    )
    .on(RoomEvent.ParticipantNameChanged, (name, participant) =>
      note('nameChanged', participant.identity, name),
    )
    .on(RoomEvent.SignalReconnecting, () => note('signalReconnecting'))
    .on(RoomEvent.Reconnecting, () => note('reconnecting'))
    .on(RoomEvent.Reconnected, () => note('reconnected'))
    .on(RoomEvent.Disconnected, (reason) => note('disconnected', '', String(reason ?? '')));
  try {
    await room.connect(given.signalUrl, given.token);
    return { ok: true };
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return { ok: false, status: error.status ?? 0, message: error.message };
  }
}
