/** Why a camera, a microphone or a screen could not be used, and what to tell the person. */
export type Device = 'microphone' | 'camera' | 'screen';

export type DeviceTrouble =
  | 'permission-denied'
  | 'no-device'
  | 'in-use'
  | 'page-not-secure'
  | 'dismissed'
  | 'unknown';

export interface TroubleView {
  readonly title: string;
  readonly advice: string;
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
  const both = subject === 'both';
  const what = both ? 'camera and microphone' : subject;
  switch (trouble) {
    case 'permission-denied':
      return {
        title: `Your browser is not allowed to use the ${what}`,
        advice: `Allow the ${what} with the icon beside the address above, then try again.`,
      };
    case 'no-device':
      return {
        title: `No ${both ? 'camera and no microphone' : subject} was found`,
        advice: both ? 'Plug them in and try again.' : 'Plug one in and try again.',
      };
    case 'in-use':
      return {
        title: `The ${what} could not be started`,
        advice: `Another application may be using ${both ? 'them' : 'it'}. Close it and try again.`,
      };
    case 'page-not-secure':
      return {
        title: `The ${what} ${both ? 'need' : 'needs'} a secure page`,
        advice: 'Open this page through https://. Browsers give no access otherwise.',
      };
    case 'dismissed':
      return null;
    case 'unknown':
      return {
        title: `The ${what} could not be started`,
        advice: 'Try again, choose another device, or reload the page.',
      };
    default:
      return unreachable(trouble);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled device trouble: ${String(value)}`);
}
