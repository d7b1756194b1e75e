/**
 * What a clinic's page and the frame in it say to each other, over a port that the page hands over. Version 1: fields are
 * only ever added; what is not understood is left alone.
 */
export const VERSION = 1;

/** Longer than any list that is read at once. */
const HEIGHT_MAX_PX = 20_000;

/** What goes by `postMessage`: from the frame, that it is there; from the page, with the port. */
export interface Hello {
  readonly bedside: typeof VERSION;
}

/** From the frame to the page. */
export type FromFrame =
  | { readonly kind: 'ready' }
  | { readonly kind: 'secret-wanted' }
  /** What the server knows this device by: kept by the page, where the frame may keep nothing. */
  | { readonly kind: 'device'; readonly device: string }
  /** A time that somebody wants; `start` as RFC 3339. */
  | {
      readonly kind: 'chosen';
      readonly practitioner: string;
      readonly service: string;
      readonly start: string;
    }
  /** How high the frame would have to be to show all at once, in CSS pixels. */
  | { readonly kind: 'height'; readonly px: number }
  | { readonly kind: 'event'; readonly name: EventName; readonly detail?: string };

/** From the page to the frame. */
export type FromPage =
  /** A join link's secret, or a join token. */
  | { readonly kind: 'secret'; readonly secret: string; readonly device?: string }
  | { readonly kind: 'no-secret' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'switch'; readonly device: 'microphone' | 'camera'; readonly on: boolean };

export type EventName = 'waiting' | 'admitted' | 'joined' | 'left' | 'ended' | 'error';

const EVENTS: ReadonlySet<string> = new Set([
  'waiting',
  'admitted',
  'joined',
  'left',
  'ended',
  'error',
]);

export function isHello(data: unknown): data is Hello {
  return field(data, 'bedside') === VERSION;
}

export function readFromFrame(data: unknown): FromFrame | null {
  const kind = field(data, 'kind');
  if (kind === 'ready' || kind === 'secret-wanted') {
    return { kind };
  }
  const device = field(data, 'device');
  if (kind === 'device' && isShort(device)) {
    return { kind, device };
  }
  const px = field(data, 'px');
  if (kind === 'height' && typeof px === 'number' && px > 0 && px <= HEIGHT_MAX_PX) {
    return { kind, px };
  }
  const practitioner = field(data, 'practitioner');
  const service = field(data, 'service');
  const start = field(data, 'start');
  if (kind === 'chosen' && isShort(practitioner) && isShort(service) && isShort(start)) {
    return { kind, practitioner, service, start };
  }
  const name = field(data, 'name');
  if (kind === 'event' && isEventName(name)) {
    const detail = field(data, 'detail');
    return typeof detail === 'string' ? { kind, name, detail } : { kind, name };
  }
  return null;
}

export function readFromPage(data: unknown): FromPage | null {
  const kind = field(data, 'kind');
  if (kind === 'leave' || kind === 'no-secret') {
    return { kind };
  }
  const secret = field(data, 'secret');
  const device = field(data, 'device');
  if (kind === 'secret' && isShort(secret)) {
    return isShort(device) ? { kind, secret, device } : { kind, secret };
  }
  const on = field(data, 'on');
  if (
    kind === 'switch' &&
    (device === 'microphone' || device === 'camera') &&
    typeof on === 'boolean'
  ) {
    return { kind, device, on };
  }
  return null;
}

/** A secret or a token; what is longer is neither. */
function isShort(text: unknown): text is string {
  return typeof text === 'string' && text.length < 8192;
}

function isEventName(name: unknown): name is EventName {
  return typeof name === 'string' && EVENTS.has(name);
}

function field(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
}
