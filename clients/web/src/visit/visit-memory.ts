/**
 * What a tab remembers of a visit over a reload: the session that its link gave, and that it was ready.
 *
 * Session storage belongs to the tab and dies with it. Where it is refused (embedded pages), nothing is remembered.
 */
import type { MediaChoice } from '@bedside/core';

const SESSION_KEY = 'bedside.visit.session';
const READY_KEY = 'bedside.visit.ready';

export interface RememberedSession {
  readonly token: string;
  readonly visit: string;
}

export class VisitMemory {
  session(): RememberedSession | null {
    const value = read(SESSION_KEY);
    const token = textAt(value, 'token');
    const visit = textAt(value, 'visit');
    return token === null || visit === null ? null : { token, visit };
  }

  rememberSession(session: RememberedSession): void {
    write(SESSION_KEY, session);
  }

  forgetSession(): void {
    write(SESSION_KEY, null);
  }

  ready(visit: string): MediaChoice | null {
    const value = read(READY_KEY);
    if (textAt(value, 'visit') !== visit) {
      return null;
    }
    return { microphone: isOn(value, 'microphone'), camera: isOn(value, 'camera') };
  }

  rememberReady(visit: string, choice: MediaChoice): void {
    write(READY_KEY, { visit, ...choice });
  }

  forgetReady(): void {
    write(READY_KEY, null);
  }
}

function read(key: string): object | null {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null');
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function write(key: string, value: object | null): void {
  try {
    if (value === null) {
      sessionStorage.removeItem(key);
    } else {
      sessionStorage.setItem(key, JSON.stringify(value));
    }
  } catch {
    // Then a reload needs the link again.
  }
}

function textAt(value: object | null, name: string): string | null {
  const found: unknown = value === null ? null : Reflect.get(value, name);
  return typeof found === 'string' && found !== '' ? found : null;
}

function isOn(value: object | null, name: string): boolean {
  return value !== null && Reflect.get(value, name) === true;
}
