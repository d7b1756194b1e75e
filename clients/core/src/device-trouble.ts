/** Why a camera, a microphone or a screen could not be used, and what to tell the person. */
import type { Text } from './text/say.ts';
import { textOf } from './text/say.ts';

export type Device = 'microphone' | 'camera' | 'screen';

export type DeviceTrouble =
  | 'permission-denied'
  | 'no-device'
  | 'in-use'
  | 'page-not-secure'
  | 'dismissed'
  | 'unknown';

export interface TroubleView {
  readonly title: Text;
  readonly advice: Text;
}

/** From the name of the DOMException that `getUserMedia` or `getDisplayMedia` rejected with. */
export function deviceTroubleFromErrorName(device: Device, name: string): DeviceTrouble {
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'SecurityError':
      // Closing the screen picker is refused with the same name: a choice, not a fault.
      return device === 'screen' ? 'dismissed' : 'permission-denied';
    case 'AbortError':
      return device === 'screen' ? 'dismissed' : 'in-use';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'no-device';
    case 'NotReadableError':
    case 'TrackStartError':
      return 'in-use';
    default:
      return 'unknown';
  }
}

/** What a note is about: both where camera and microphone fail for the same reason. */
export type TroubleSubject = Device | 'both';

/** The words for it; `null` where nothing needs saying. */
export function troubleView(subject: TroubleSubject, trouble: DeviceTrouble): TroubleView | null {
  if (trouble === 'dismissed') {
    return null;
  }
  const values = { device: textOf(`device.${subject}`) };
  return {
    title: textOf(`trouble.${trouble}.title`, values),
    advice: textOf(`trouble.${trouble}.advice`, values),
  };
}
