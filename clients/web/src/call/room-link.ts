/**
 * The call's one door to LiveKit: performs what the core asks for and reports what happens, in the
 * core's words. Decides nothing about the user interface.
 */
import type { CallInput, Device, MediaChoice } from '@bedside/core';
import { deviceTroubleFromErrorName } from '@bedside/core';
import type { RemoteParticipant, TextStreamReader } from 'livekit-client';
import { Room, RoomEvent, Track } from 'livekit-client';
import type { CapturedMedia, DeviceKind } from '../captured-media.ts';
import { rememberDevice } from '../captured-media.ts';
import { disconnectCauseOf, joinFailureOf } from './join-failure.ts';
import { cameraTrack, microphoneTrack } from './local-tracks.ts';
import type { MediaLink, Report } from './media-link.ts';
import { clearRemoteAudio, playRemoteAudio, stopRemoteAudio } from './remote-audio.ts';
import { roomOptions } from './room-options.ts';
import { participantOf, rosterOf } from './room-roster.ts';

/** The topic on which LiveKit's own components chat. */
const CHAT_TOPIC = 'lk.chat';

/** Longer than a page takes to go once it is left. */
const PAGE_GOES_WITHIN_MS = 3_000;
const PAGE_LEAVE_EVENTS = ['beforeunload', 'pagehide'] as const;

const ROSTER_EVENTS = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
] as const;

const KINDS: Readonly<Record<DeviceKind, MediaDeviceKind>> = {
  microphone: 'audioinput',
  camera: 'videoinput',
  speaker: 'audiooutput',
};

export class RoomLink implements MediaLink {
  readonly #room = new Room(roomOptions());
  readonly #report: Report;
  readonly #watchedEngines = new WeakSet<object>();
  /** Troubles from before the call stands: nobody would hear of them yet. */
  readonly #earlyTroubles: CallInput[] = [];
  #captured: readonly MediaStreamTrack[] = [];
  #signalled = false;
  #connected = false;
  #pageIsLeft = false;

  constructor(report: Report) {
    this.#report = report;
    // Before LiveKit's own listeners for these, which hang up.
    for (const event of PAGE_LEAVE_EVENTS) {
      addEventListener(event, this.#onPageLeave);
    }
    this.#listen();
  }

  readonly #onPageLeave = (): void => {
    this.#pageIsLeft = true;
  };

  async connect(token: string, choice: MediaChoice, captured: CapturedMedia): Promise<void> {
    this.#captured = [captured.microphone, captured.camera].filter((track) => track !== null);
    // Publishing begins with the first word from the server, beside the transport's own start.
    const published = new Promise<void>((resolve) => {
      this.#room.once(RoomEvent.SignalConnected, () => {
        this.#signalled = true;
        resolve(this.#publish(choice, captured));
      });
    });
    try {
      await this.#room.connect(location.origin.replace(/^http/, 'ws'), token);
    } catch (error) {
      const failure = await joinFailureOf(error, this.#signalled, token);
      if (failure !== null) {
        this.#report({ kind: 'join-failed', failure });
      }
      return;
    }
    this.#connected = true;
    this.#report({ kind: 'connected', roster: rosterOf(this.#room) });
    this.#report({ kind: 'sound-changed', playing: this.#room.canPlaybackAudio });
    for (const trouble of this.#earlyTroubles.splice(0)) {
      this.#report(trouble);
    }
    await published;
  }

  async switchDevice(device: Device, on: boolean): Promise<void> {
    const self = this.#room.localParticipant;
    try {
      if (device === 'microphone') {
        await self.setMicrophoneEnabled(on);
      } else if (device === 'camera') {
        await self.setCameraEnabled(on);
      } else {
        // Without the system's sound: it would carry the others' voices back to them.
        await self.setScreenShareEnabled(on, { audio: true, systemAudio: 'exclude' });
      }
      this.#report({ kind: 'device-settled', device });
    } catch (error) {
      this.#reportTrouble(device, error);
    }
    this.#reportRoster();
  }

  async sendMessage(id: string, text: string): Promise<void> {
    try {
      await this.#room.localParticipant.sendText(text, { topic: CHAT_TOPIC });
      this.#report({ kind: 'message-settled', id, delivered: true });
    } catch {
      this.#report({ kind: 'message-settled', id, delivered: false });
    }
  }

  async startSound(): Promise<void> {
    try {
      await this.#room.startAudio();
    } catch {
      // Still blocked: the button stays.
    }
    this.#report({ kind: 'sound-changed', playing: this.#room.canPlaybackAudio });
  }

  attach(identity: string, kind: 'person' | 'screen', element: HTMLVideoElement): () => void {
    const source = kind === 'screen' ? Track.Source.ScreenShare : Track.Source.Camera;
    const track = participantOf(this.#room, identity)?.getTrackPublication(source)?.track;
    track?.attach(element);
    return () => void track?.detach(element);
  }

  async chooseDevice(kind: DeviceKind, deviceId: string): Promise<void> {
    rememberDevice(kind, deviceId);
    try {
      await this.#room.switchActiveDevice(KINDS[kind], deviceId);
    } catch (error) {
      this.#reportTrouble(kind === 'camera' ? 'camera' : 'microphone', error);
    }
    this.#reportRoster();
  }

  chosenDevice(kind: DeviceKind): string {
    return this.#room.getActiveDevice(KINDS[kind]) ?? '';
  }

  close(): void {
    this.#connected = false;
    for (const event of PAGE_LEAVE_EVENTS) {
      removeEventListener(event, this.#onPageLeave);
    }
    clearRemoteAudio();
    for (const track of this.#captured) {
      track.stop();
    }
    void this.#room.disconnect().catch(() => undefined);
  }

  async #publish(choice: MediaChoice, captured: CapturedMedia): Promise<void> {
    const parts: Promise<void>[] = [];
    if (choice.microphone) {
      parts.push(this.#publishMicrophone(captured.microphone));
    }
    if (choice.camera) {
      parts.push(this.#publishCamera(captured.camera));
    }
    await Promise.all(parts);
    this.#reportRoster();
  }

  async #publishMicrophone(captured: MediaStreamTrack | null): Promise<void> {
    const self = this.#room.localParticipant;
    try {
      await (captured?.readyState === 'live'
        ? self.publishTrack(microphoneTrack(captured), {
            source: Track.Source.Microphone,
          })
        : self.setMicrophoneEnabled(true));
    } catch (error) {
      this.#reportTrouble('microphone', error);
    }
  }

  async #publishCamera(captured: MediaStreamTrack | null): Promise<void> {
    const self = this.#room.localParticipant;
    try {
      await (captured?.readyState === 'live'
        ? self.publishTrack(cameraTrack(captured), {
            source: Track.Source.Camera,
          })
        : self.setCameraEnabled(true));
    } catch (error) {
      this.#reportTrouble('camera', error);
    }
  }

  #listen(): void {
    const room = this.#room;
    for (const event of ROSTER_EVENTS) {
      room.on(event, () => this.#reportRoster());
    }
    room
      .on(RoomEvent.SignalConnected, () => this.#watchToken())
      .on(RoomEvent.TrackSubscribed, (track, _publication, participant) =>
        playRemoteAudio(track, participant.identity),
      )
      .on(RoomEvent.TrackUnsubscribed, (track) => stopRemoteAudio(track))
      .on(RoomEvent.ActiveSpeakersChanged, (speakers) =>
        this.#report({
          kind: 'speakers-changed',
          identities: speakers.map((speaker) => speaker.identity),
        }),
      )
      .on(RoomEvent.AudioPlaybackStatusChanged, () =>
        this.#report({ kind: 'sound-changed', playing: room.canPlaybackAudio }),
      )
      .on(RoomEvent.Reconnecting, () => this.#report({ kind: 'reconnecting' }))
      .on(RoomEvent.SignalReconnecting, () => this.#report({ kind: 'reconnecting' }))
      .on(RoomEvent.Reconnected, () => {
        this.#watchToken();
        this.#report({ kind: 'reconnected', roster: rosterOf(room) });
      })
      .on(RoomEvent.Disconnected, (reason) => {
        if (this.#connected) {
          this.#connected = false;
          this.#reportEnd({ kind: 'disconnected', cause: disconnectCauseOf(reason) });
        }
      })
      .on(RoomEvent.ChatMessage, (message, participant) =>
        this.#receive(message.id, participant?.identity, message.message),
      );
    room.registerTextStreamHandler(CHAT_TOPIC, (reader, { identity }) => {
      void this.#readMessage(reader, identity);
    });
  }

  async #readMessage(reader: TextStreamReader, identity: string): Promise<void> {
    try {
      this.#receive(reader.info.id, identity, await reader.readAll());
    } catch {
      // The sender went away in the middle of a message: there is nothing to show.
    }
  }

  #receive(id: string, identity: RemoteParticipant['identity'] | undefined, text: string): void {
    if (identity !== undefined && identity !== this.#room.localParticipant.identity) {
      this.#report({ kind: 'message-received', id, identity, text });
    }
  }

  /** A full reconnect makes a new engine, which has to be listened to as well. */
  #watchToken(): void {
    const { engine } = this.#room;
    if (!this.#watchedEngines.has(engine)) {
      this.#watchedEngines.add(engine);
      engine.on('tokenRefreshed', (token) => this.#report({ kind: 'token-renewed', token }));
    }
  }

  /**
   * LiveKit hangs up when the page is left. Reported at once, that would be the person's own leaving, and a reload
   * would not come back into the call. It counts only if the page stays after all.
   */
  #reportEnd(end: CallInput): void {
    if (this.#pageIsLeft) {
      setTimeout(() => this.#report(end), PAGE_GOES_WITHIN_MS);
    } else {
      this.#report(end);
    }
  }

  #reportRoster(): void {
    if (this.#connected && !this.#pageIsLeft) {
      this.#report({ kind: 'roster-changed', roster: rosterOf(this.#room) });
    }
  }

  #reportTrouble(device: Device, error: unknown): void {
    const name = error instanceof Error ? error.name : '';
    const cause = deviceTroubleFromErrorName(device, name);
    const trouble = { kind: 'device-failed', device, cause } as const;
    if (this.#connected) {
      this.#report(trouble);
    } else {
      this.#earlyTroubles.push(trouble);
    }
  }
}
