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

/** The words for it; `null` where nothing needs saying. */
export function troubleView(device: Device, trouble: DeviceTrouble): TroubleView | null {
  const what = device === 'screen' ? 'screen' : device;
  switch (trouble) {
    case 'permission-denied':
      return {
        title: `Your browser is not allowed to use the ${what}`,
        advice: `Allow the ${what} in the address bar (the icon beside the address), then try again. You can also join without it.`,
      };
    case 'no-device':
      return {
        title: `No ${what} was found`,
        advice: `Plug one in and try again, or join without it.`,
      };
    case 'in-use':
      return {
        title: `The ${what} could not be started`,
        advice: `Another application may be using it. Close that application and try again.`,
      };
    case 'page-not-secure':
      return {
        title: `The ${what} needs a secure page`,
        advice: `Open this page through https:// - browsers give no access to it otherwise.`,
      };
    case 'dismissed':
      return null;
    case 'unknown':
      return {
        title: `The ${what} could not be started`,
        advice: `Try again, choose another device, or reload the page.`,
      };
    default:
      return unreachable(trouble);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled device trouble: ${String(value)}`);
}
