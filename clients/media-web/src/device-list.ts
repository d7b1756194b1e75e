/** The cameras, microphones and speakers of this machine. */
import type { DeviceKind } from './captured-media.ts';

export interface DeviceOption {
  readonly id: string;
  readonly label: string;
}

export type DeviceList = Readonly<Record<DeviceKind, readonly DeviceOption[]>>;

export const noDevices: DeviceList = { microphone: [], camera: [], speaker: [] };

const KINDS: Readonly<Record<MediaDeviceKind, DeviceKind>> = {
  audioinput: 'microphone',
  videoinput: 'camera',
  audiooutput: 'speaker',
};

/** Labels are empty until permission was given; such devices are left out. */
export async function listDevices(): Promise<DeviceList> {
  if (!mediaDevicesAvailable()) {
    return noDevices;
  }
  const list: Record<DeviceKind, DeviceOption[]> = { microphone: [], camera: [], speaker: [] };
  for (const device of await navigator.mediaDevices.enumerateDevices()) {
    if (device.deviceId !== '' && device.label !== '') {
      list[KINDS[device.kind]].push({ id: device.deviceId, label: device.label });
    }
  }
  return list;
}

/** Browsers hide `mediaDevices` from pages that are not secure. */
export function mediaDevicesAvailable(): boolean {
  return 'mediaDevices' in navigator;
}

/** Whether this browser has what a video call needs at all. */
export function canMakeCalls(): boolean {
  return 'RTCPeerConnection' in globalThis && 'WebSocket' in globalThis;
}
