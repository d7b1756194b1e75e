/**
 * The call's one door to LiveKit: performs what the core asks for and reports what happens, in the
 * core's words. Decides nothing about the user interface.
 */
import type { CallInput, Device, MediaChoice, RecordingAct } from '@bedside/core';
import { deviceTroubleFromErrorName, recordingAnswer } from '@bedside/core';
import { Room, RoomEvent, Track } from 'livekit-client';
import type { CapturedMedia, DeviceKind } from './captured-media.ts';
import { rememberDevice } from './captured-media.ts';
import { disconnectCauseOf, joinFailureOf } from './join-failure.ts';
import { cameraTrack, microphoneTrack } from './local-tracks.ts';
import type { MediaLink, Report } from './media-link.ts';
import { askToRecord } from './recording-calls.ts';
import { clearRemoteAudio, playRemoteAudio, stopRemoteAudio } from './remote-audio.ts';
import { roomOptions } from './room-options.ts';
import { RoomFiles } from './room-files.ts';
import { RoomMessages } from './room-messages.ts';
import { participantOf, qualityOf, ROSTER_EVENTS, rosterOf } from './room-roster.ts';
import { SilenceWatch } from './silence-watch.ts';

/** Longer than a page takes to go once it is left. */
const PAGE_GOES_WITHIN_MS = 3_000;
const PAGE_LEAVE_EVENTS = ['beforeunload', 'pagehide'] as const;

const KINDS: Readonly<Record<DeviceKind, MediaDeviceKind>> = {
  microphone: 'audioinput',
  camera: 'videoinput',
  speaker: 'audiooutput',
};

export class RoomLink implements MediaLink {
  readonly #room = new Room(roomOptions());
  readonly #report: Report;
  readonly #server: string;
  readonly #messages: RoomMessages;
  readonly #files: RoomFiles;
  #silence: SilenceWatch | null = null;
  /** The newest: the first is good for two minutes. */
  #token = '';
  readonly #watchedEngines = new WeakSet<object>();
  /** Troubles from before the call stands: nobody would hear of them yet. */
  readonly #earlyTroubles: CallInput[] = [];
  #captured: readonly MediaStreamTrack[] = [];
  #signalled = false;
  #connected = false;
  #pageIsLeft = false;

  /** `server`: where it is, such as `https://clinic.example`. */
  constructor(server: string, report: Report) {
    this.#server = server;
    this.#report = report;
    this.#messages = new RoomMessages(this.#room, report);
    this.#files = new RoomFiles(this.#room, report);
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
    this.#token = token;
    this.#captured = [captured.microphone, captured.camera].filter((track) => track !== null);
    // Publishing begins with the first word from the server, beside the transport's own start.
    const published = new Promise<void>((resolve) => {
      this.#room.once(RoomEvent.SignalConnected, () => {
        this.#signalled = true;
        resolve(this.#publish(choice, captured));
      });
    });
    try {
      await this.#room.connect(this.#server.replace(/^http/, 'ws'), token);
    } catch (error) {
      const failure = await joinFailureOf(error, this.#signalled, this.#server, token);
      if (failure !== null) {
        this.#report({ kind: 'join-failed', failure });
      }
      return;
    }
    this.#connected = true;
    this.#report({ kind: 'connected', roster: rosterOf(this.#room) });
    this.#report({ kind: 'sound-changed', playing: this.#room.canPlaybackAudio });
    this.#silence = new SilenceWatch(this.#room, this.#server, (silence) =>
      this.#report({ kind: 'silence-changed', silence }),
    );
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

  sendMessage(id: string, text: string): Promise<void> {
    return this.#messages.send(id, text);
  }

  sendFile(id: string, file: File): Promise<void> {
    return this.#files.send(id, file);
  }

  showHand(raised: boolean): Promise<void> {
    return this.#messages.showHand(raised);
  }

  async answerRecording(question: string, agrees: boolean): Promise<void> {
    try {
      await this.#room.localParticipant.setAttributes(recordingAnswer(question, agrees));
    } catch {
      // Refused, or not heard in time: the prompt stays, or asks anew.
    }
    this.#reportRoster();
  }

  record(act: RecordingAct): Promise<boolean> {
    return askToRecord(this.#server, this.#token, this.#room.name, act);
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
    this.#silence?.stop();
    for (const event of PAGE_LEAVE_EVENTS) {
      removeEventListener(event, this.#onPageLeave);
    }
    clearRemoteAudio();
    this.#files.close();
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
      .on(RoomEvent.ConnectionQualityChanged, (quality, participant) => {
        if (participant.isLocal) {
          this.#report({ kind: 'quality-changed', quality: qualityOf(quality) });
        }
      });
  }

  /** A full reconnect makes a new engine, which has to be listened to as well. */
  #watchToken(): void {
    const { engine } = this.#room;
    if (!this.#watchedEngines.has(engine)) {
      this.#watchedEngines.add(engine);
      engine.on('tokenRefreshed', (token) => {
        this.#token = token;
        this.#report({ kind: 'token-renewed', token });
      });
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
