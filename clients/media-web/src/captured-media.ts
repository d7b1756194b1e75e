/** Tracks that the lobby captured and hands to the call, and which devices were chosen. */
export interface CapturedMedia {
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
}

export const nothingCaptured: CapturedMedia = { microphone: null, camera: null };

export type DeviceKind = 'microphone' | 'camera' | 'speaker';

export type DeviceChoice = Readonly<Partial<Record<DeviceKind, string>>>;

const CHOICE_KEY = 'bedside.devices';

export function rememberedDevices(): DeviceChoice {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(CHOICE_KEY) ?? '{}');
    return typeof value === 'object' && value !== null
      ? {
          ...stringAt(value, 'microphone'),
          ...stringAt(value, 'camera'),
          ...stringAt(value, 'speaker'),
        }
      : {};
  } catch {
    return {};
  }
}

export function rememberDevice(kind: DeviceKind, deviceId: string): void {
  try {
    localStorage.setItem(CHOICE_KEY, JSON.stringify({ ...rememberedDevices(), [kind]: deviceId }));
  } catch {
    // The choice then lasts for this visit only.
  }
}

function stringAt(value: object, key: DeviceKind): DeviceChoice {
  const entry: unknown = Reflect.get(value, key);
  return typeof entry === 'string' ? { [key]: entry } : {};
}
