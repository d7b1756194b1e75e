/**
 * What a tab remembers across a reload: the token it was opened with, and whether it was in a call.
 *
 * Session storage belongs to the tab and dies with it, so the token does not outlive the visit.
 * Storage may be refused (private windows, embedded pages); the page then works without memory.
 */
import type { MediaChoice } from '@bedside/core';

const TOKEN_KEY = 'bedside.token';
const CALL_KEY = 'bedside.call';

export function rememberToken(token: string): void {
  write(TOKEN_KEY, token);
}

export function rememberedToken(): string | null {
  return read(TOKEN_KEY);
}

export function forgetToken(): void {
  erase(TOKEN_KEY);
}

export function rememberCall(choice: MediaChoice): void {
  write(CALL_KEY, JSON.stringify(choice));
}

export function rememberedCall(): MediaChoice | null {
  const stored = read(CALL_KEY);
  if (stored === null) {
    return null;
  }
  try {
    const value: unknown = JSON.parse(stored);
    return isMediaChoice(value) ? value : null;
  } catch {
    return null;
  }
}

export function forgetCall(): void {
  erase(CALL_KEY);
}

function isMediaChoice(value: unknown): value is MediaChoice {
  return (
    typeof value === 'object' &&
    value !== null &&
    'microphone' in value &&
    typeof value.microphone === 'boolean' &&
    'camera' in value &&
    typeof value.camera === 'boolean'
  );
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Without storage a reload needs the link again.
  }
}

function erase(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was stored either.
  }
}
