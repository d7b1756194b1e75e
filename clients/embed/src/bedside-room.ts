/**
 * `<bedside-room>`: a visit inside a clinic's own page.
 *
 * The page gives `getSecret`, which asks its own backend for a join link's secret (or a join token). It travels over the
 * frame's port; it is in no address.
 */
import { FramedElement } from './framed-element.ts';
import type { FromFrame, FromPage } from './protocol.ts';

const DEVICE_KEY = 'bedside.device ';

/** A page may name it before this script is there: the element becomes one of ours afterwards, and keeps it. */
function givenBefore(element: HTMLElement): (() => Promise<string>) | null {
  const given: unknown = Reflect.get(element, 'getSecret');
  return typeof given === 'function'
    ? async () => String(await Reflect.apply(given, element, []))
    : null;
}

export class BedsideRoom extends FramedElement {
  /** Asks the page's backend for a fresh secret. May be called more than once. */
  getSecret: (() => Promise<string>) | null = givenBefore(this);

  protected readonly permissions = [
    'camera',
    'microphone',
    'display-capture',
    'autoplay',
    'fullscreen',
    'picture-in-picture',
    'screen-wake-lock',
    'speaker-selection',
    'clipboard-write',
  ];

  leave(): void {
    this.tell({ kind: 'leave' });
  }

  setMicrophone(on: boolean): void {
    this.tell({ kind: 'switch', device: 'microphone', on });
  }

  setCamera(on: boolean): void {
    this.tell({ kind: 'switch', device: 'camera', on });
  }

  protected search(): URLSearchParams {
    return new URLSearchParams();
  }

  protected hear(message: FromFrame): void {
    switch (message.kind) {
      case 'secret-wanted':
        void this.#secret().then((answer) => this.tell(answer));
        return;
      case 'device':
        keepDevice(this.origin, message.device);
        return;
      case 'event':
        this.dispatch(message.name, message.detail);
        return;
      default:
        return;
    }
  }

  async #secret(): Promise<FromPage> {
    try {
      const secret = await this.getSecret?.();
      const device = keptDevice(this.origin);
      return typeof secret !== 'string'
        ? { kind: 'no-secret' }
        : { kind: 'secret', secret, ...(device === null ? {} : { device }) };
    } catch {
      return { kind: 'no-secret' };
    }
  }
}

/**
 * A join link works on the first device that opens it. Browsers give a frame of another site neither its cookies nor its
 * storage, so this page keeps what the device is known by; without the link's secret it opens nothing.
 */
function keepDevice(origin: string, device: string): void {
  try {
    localStorage.setItem(DEVICE_KEY + origin, device);
  } catch {
    // After a reload the link then wants a new one.
  }
}

function keptDevice(origin: string): string | null {
  try {
    return localStorage.getItem(DEVICE_KEY + origin);
  } catch {
    return null;
  }
}
