/**
 * A frame of the Bedside server's origin inside a clinic's own page, so that no script of the page around it reaches
 * picture, sound or text, and the port that only this element and the frame hold.
 */
import type { FromFrame, FromPage, Hello } from './protocol.ts';
import { isHello, readFromFrame, VERSION } from './protocol.ts';

/** Where this script came from is where the server is. */
const OWN_ORIGIN = new URL(import.meta.url).origin;

export abstract class FramedElement extends HTMLElement {
  #port: MessagePort | null = null;
  #frame: HTMLIFrameElement | null = null;
  #origin = OWN_ORIGIN;

  /** What the browser lets the frame use; empty for nothing. */
  protected abstract readonly permissions: readonly string[];

  /** What the frame shows, as the search of its address. */
  protected abstract search(): URLSearchParams;

  protected abstract hear(message: FromFrame): void;

  /** The Bedside server; where the script came from unless the attribute said otherwise when the element was put in. */
  get origin(): string {
    return this.#origin;
  }

  /** As the attribute: React sets what an element has as a property. Holds from when it is put in the next time. */
  set origin(address: string) {
    this.setAttribute('origin', address);
  }

  connectedCallback(): void {
    this.#origin = originOf(this.getAttribute('origin') ?? OWN_ORIGIN);
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const frame = document.createElement('iframe');
    frame.title = this.getAttribute('title') ?? 'Bedside';
    frame.allow = this.permissions.map((name) => `${name} ${this.origin}`).join('; ');
    const search = this.search();
    const language = this.getAttribute('language');
    if (language !== null) {
      search.set('language', language);
    }
    frame.src = `${this.origin}/frame${search.size === 0 ? '' : `?${search.toString()}`}`;
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

  protected tell(message: FromPage): void {
    this.#port?.postMessage(message);
  }

  /** False where the page has taken the event for itself. */
  protected dispatch(name: string, detail: unknown = null): boolean {
    return this.dispatchEvent(new CustomEvent(`bedside:${name}`, { detail, cancelable: true }));
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
    port1.addEventListener('message', ({ data }) => {
      const message = readFromFrame(data);
      if (message?.kind === 'ready') {
        this.dispatch('ready');
      } else if (message !== null) {
        this.hear(message);
      }
    });
    port1.start();
    const hello: Hello = { bedside: VERSION };
    this.#frame?.contentWindow?.postMessage(hello, this.origin, [port2]);
  }
}

/** Only pages of the web have an origin to hold a port against. */
function originOf(address: string): string {
  const url = new URL(address, document.baseURI);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`origin: ${url.protocol} is no server of Bedside`);
  }
  return url.origin;
}
