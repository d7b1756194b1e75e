/**
 * `<bedside-room>`: a visit inside a clinic's own page, in a frame of the Bedside server's origin, so that no script of
 * the page around it reaches picture, sound or text.
 *
 * The page gives `getSecret`, which asks its own backend for a join link's secret (or a join token). It travels over a
 * port that only this element and the frame hold; it is in no address.
 */
import type { FromPage, Hello } from './protocol.ts';
import { isHello, readFromFrame, VERSION } from './protocol.ts';

const PERMISSIONS = [
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

const DEVICE_KEY = 'bedside.device ';

/** Where this script came from is where the server is. */
const OWN_ORIGIN = new URL(import.meta.url).origin;

export class BedsideRoom extends HTMLElement {
  /** Asks the page's backend for a fresh secret. May be called more than once. */
  getSecret: (() => Promise<string>) | null = null;

  #port: MessagePort | null = null;
  #frame: HTMLIFrameElement | null = null;
  #origin = OWN_ORIGIN;

  /** The Bedside server; where the script came from unless the attribute said otherwise when the element was put in. */
  get origin(): string {
    return this.#origin;
  }

  connectedCallback(): void {
    this.#origin = originOf(this.getAttribute('origin') ?? OWN_ORIGIN);
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const frame = document.createElement('iframe');
    frame.title = this.getAttribute('title') ?? 'Bedside';
    frame.allow = PERMISSIONS.map((name) => `${name} ${this.origin}`).join('; ');
    const language = this.getAttribute('language');
    frame.src = `${this.origin}/frame${language === null ? '' : `?language=${encodeURIComponent(language)}`}`;
    Object.assign(frame.style, { width: '100%', height: '100%', border: '0', display: 'block' });
    if (getComputedStyle(this).display === 'inline') {
      this.style.display = 'block';
    }
    addEventListener('message', this.#onMessage);
    this.#frame = frame;
    shadow.replaceChildren(frame);
  }

  disconnectedCallback(): void {
    removeEventListener('message', this.#onMessage);
    this.#port?.close();
    this.#port = null;
    this.#frame = null;
  }

  leave(): void {
    this.#tell({ kind: 'leave' });
  }

  setMicrophone(on: boolean): void {
    this.#tell({ kind: 'switch', device: 'microphone', on });
  }

  setCamera(on: boolean): void {
    this.#tell({ kind: 'switch', device: 'camera', on });
  }

  /** The frame knocks once its code is there. Anybody else's message is left alone. */
  readonly #onMessage = (event: MessageEvent): void => {
    const isOurs = event.source === this.#frame?.contentWindow && event.origin === this.origin;
    if (isOurs && isHello(event.data)) {
      this.#greet();
    }
  };

  /** Only the frame's own origin gets the port: a frame that was led elsewhere hears nothing. */
  #greet(): void {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.addEventListener('message', ({ data }) => void this.#hear(data));
    port1.start();
    const hello: Hello = { bedside: VERSION };
    this.#frame?.contentWindow?.postMessage(hello, this.origin, [port2]);
  }

  async #hear(data: unknown): Promise<void> {
    const message = readFromFrame(data);
    switch (message?.kind) {
      case 'ready':
        this.#dispatch('ready');
        return;
      case 'secret-wanted':
        this.#tell(await this.#secret());
        return;
      case 'device':
        keepDevice(this.origin, message.device);
        return;
      case 'event':
        this.#dispatch(message.name, message.detail);
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

  #tell(message: FromPage): void {
    this.#port?.postMessage(message);
  }

  #dispatch(name: string, detail?: string): void {
    this.dispatchEvent(new CustomEvent(`bedside:${name}`, { detail: detail ?? null }));
  }
}

/** Only pages of the web have an origin to hold a port against. */
function originOf(address: string): string {
  const url = new URL(address, document.baseURI);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`<bedside-room origin>: ${url.protocol} is no server of Bedside`);
  }
  return url.origin;
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

if (customElements.get('bedside-room') === undefined) {
  customElements.define('bedside-room', BedsideRoom);
}
