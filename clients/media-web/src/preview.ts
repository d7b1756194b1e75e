/**
 * Camera and microphone before the call: asks for them, shows them, changes them, and hands the
 * running tracks over to the call so that nobody is asked twice and no light flickers.
 */
import type { DeviceTrouble, MediaChoice } from '@bedside/core';
import { deviceTroubleFromErrorName } from '@bedside/core';
import type { CapturedMedia, DeviceChoice } from './captured-media.ts';
import { rememberDevice, rememberedDevices } from './captured-media.ts';
import type { DeviceList } from './device-list.ts';
import { listDevices, mediaDevicesAvailable, noDevices } from './device-list.ts';

export type PreviewDevice = 'microphone' | 'camera';

export interface PreviewPart {
  readonly wanted: boolean;
  readonly track: MediaStreamTrack | null;
  readonly trouble: DeviceTrouble | null;
  readonly deviceId: string | null;
}

export interface PreviewState {
  readonly asking: boolean;
  readonly microphone: PreviewPart;
  readonly camera: PreviewPart;
  readonly speakerId: string;
  readonly devices: DeviceList;
}

const DEVICES: readonly PreviewDevice[] = ['microphone', 'camera'];

export class Preview {
  #state: PreviewState;
  #closed = false;
  readonly #listeners = new Set<() => void>();
  readonly #onDeviceChange = (): void => void this.#refreshDevices();

  constructor(permitted: MediaChoice) {
    const remembered = rememberedDevices();
    this.#state = {
      asking: false,
      microphone: emptyPart(permitted.microphone),
      camera: emptyPart(permitted.camera),
      speakerId: remembered.speaker ?? '',
      devices: noDevices,
    };
  }

  readonly snapshot = (): PreviewState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks for everything wanted with one question, where the browser lets it be one. */
  async start(): Promise<void> {
    this.#closed = false;
    const wanted = DEVICES.filter((device) => this.#state[device].wanted);
    if (!mediaDevicesAvailable()) {
      wanted.forEach((device) => this.#setTrouble(device, 'page-not-secure'));
      return;
    }
    navigator.mediaDevices.addEventListener('devicechange', this.#onDeviceChange);
    this.#set({ asking: true });
    if (wanted.length === 2) {
      await this.#captureBoth();
    } else {
      await Promise.all(wanted.map(async (device) => this.#capture(device)));
    }
    this.#set({ asking: false });
    await this.#refreshDevices();
  }

  /** Once more everything that is wanted and not there. */
  async retry(): Promise<void> {
    const missing = DEVICES.filter((device) => {
      const part = this.#state[device];
      return part.wanted && part.track === null;
    });
    if (missing.length === 2 && mediaDevicesAvailable()) {
      await this.#captureBoth();
    } else {
      await Promise.all(missing.map(async (device) => this.#capture(device)));
    }
    await this.#refreshDevices();
  }

  async toggle(device: PreviewDevice): Promise<void> {
    const part = this.#state[device];
    if (part.track !== null) {
      part.track.stop();
      this.#setPart(device, { track: null, wanted: false, trouble: null });
      return;
    }
    this.#setPart(device, { wanted: true, trouble: null });
    await this.#capture(device);
    await this.#refreshDevices();
  }

  async choose(device: PreviewDevice, deviceId: string): Promise<void> {
    rememberDevice(device, deviceId);
    this.#state[device].track?.stop();
    this.#setPart(device, { track: null, wanted: true, trouble: null });
    await this.#capture(device);
  }

  chooseSpeaker(deviceId: string): void {
    rememberDevice('speaker', deviceId);
    this.#set({ speakerId: deviceId });
  }

  /** Gives the running tracks away; the preview no longer stops them. */
  handOver(): CapturedMedia {
    const { microphone, camera } = this.#state;
    this.#closed = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.#onDeviceChange);
    return { microphone: microphone.track, camera: camera.track };
  }

  /** Stops whatever was not handed over. */
  close(): void {
    if (!this.#closed) {
      const { microphone, camera } = this.handOver();
      microphone?.stop();
      camera?.stop();
    }
  }

  async #captureBoth(): Promise<void> {
    const chosen = rememberedDevices();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: audioConstraints(chosen),
        video: videoConstraints(chosen),
      });
      this.#accept('microphone', stream.getAudioTracks()[0]);
      this.#accept('camera', stream.getVideoTracks()[0]);
    } catch (error) {
      // One refusal fails both: find out which one works, without asking a second time.
      await Promise.all(
        DEVICES.map(async (device) => {
          const refused = nameOf(error) === 'NotAllowedError' && !(await isGranted(device));
          return refused ? this.#setTrouble(device, 'permission-denied') : this.#capture(device);
        }),
      );
    }
  }

  async #capture(device: PreviewDevice): Promise<void> {
    if (!mediaDevicesAvailable()) {
      this.#setTrouble(device, 'page-not-secure');
      return;
    }
    const chosen = rememberedDevices();
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        device === 'microphone'
          ? { audio: audioConstraints(chosen) }
          : { video: videoConstraints(chosen) },
      );
      this.#accept(device, stream.getTracks()[0]);
    } catch (error) {
      this.#setTrouble(device, deviceTroubleFromErrorName(device, nameOf(error)));
    }
  }

  #accept(device: PreviewDevice, track: MediaStreamTrack | undefined): void {
    const part = this.#state[device];
    if (track === undefined) {
      this.#setTrouble(device, 'no-device');
    } else if (this.#closed || !part.wanted) {
      track.stop();
    } else {
      part.track?.stop();
      track.addEventListener('ended', () => {
        if (this.#state[device].track === track) {
          this.#setPart(device, { track: null, trouble: 'in-use' });
        }
      });
      const deviceId = track.getSettings().deviceId ?? null;
      this.#setPart(device, { track, trouble: null, deviceId });
    }
  }

  #setTrouble(device: PreviewDevice, trouble: DeviceTrouble): void {
    this.#setPart(device, { track: null, trouble });
  }

  #setPart(device: PreviewDevice, change: Partial<PreviewPart>): void {
    const part = { ...this.#state[device], ...change };
    this.#set(device === 'microphone' ? { microphone: part } : { camera: part });
  }

  async #refreshDevices(): Promise<void> {
    this.#set({ devices: await listDevices() });
  }

  #set(change: Partial<PreviewState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

function emptyPart(wanted: boolean): PreviewPart {
  return { wanted, track: null, trouble: null, deviceId: null };
}

function audioConstraints(chosen: DeviceChoice): MediaTrackConstraints {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(chosen.microphone === undefined ? {} : { deviceId: { ideal: chosen.microphone } }),
  };
}

function videoConstraints(chosen: DeviceChoice): MediaTrackConstraints {
  return {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    ...(chosen.camera === undefined ? {} : { deviceId: { ideal: chosen.camera } }),
  };
}

async function isGranted(device: PreviewDevice): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: device });
    return status.state === 'granted';
  } catch {
    return false;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
