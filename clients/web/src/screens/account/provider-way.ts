/** What is kept in this tab while a person is at an outside provider: what proves that it is the same browser. */

const KEY = 'bedside.provider';

export interface Way {
  /** From the server, to be sent back to it. */
  readonly browser: string;
  /** Where the person wanted to go. */
  readonly next: string | null;
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function keepWay(way: Way, store: Store = sessionStorage): void {
  store.setItem(KEY, JSON.stringify(way));
}

/** Once: a way back is gone only once. */
export function takeWay(store: Store = sessionStorage): Way | null {
  const kept = store.getItem(KEY);
  store.removeItem(KEY);
  let read: unknown;
  try {
    read = JSON.parse(kept ?? '');
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) {
    return null;
  }
  const browser: unknown = Reflect.get(read, 'browser');
  const next: unknown = Reflect.get(read, 'next');
  return typeof browser === 'string'
    ? { browser, next: typeof next === 'string' ? next : null }
    : null;
}

export interface Return {
  readonly state: string;
  readonly code: string;
  readonly iss: string | null;
}

/** What the provider sends back in the address; `null` where it refused, or nothing is there. */
export function returnIn(search: string): Return | null {
  const query = new URLSearchParams(search);
  const [state, code] = [query.get('state'), query.get('code')];
  return state === null || code === null || query.has('error')
    ? null
    : { state, code, iss: query.get('iss') };
}

/** Only pages of the web: whoever answers, this page runs no script of theirs. */
export function isWebAddress(address: string): boolean {
  try {
    return ['https:', 'http:'].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** Where a program is answered: a page, or an app of the device by a scheme of its own (RFC 8252 §7.1); never code. */
export function isProgramAddress(address: string): boolean {
  try {
    const { protocol } = new URL(address);
    return !['javascript:', 'data:', 'blob:', 'vbscript:', 'file:', 'about:'].includes(protocol);
  } catch {
    return false;
  }
}
