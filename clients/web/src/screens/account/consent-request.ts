/** Which question of a program is open: from the address, and kept in this tab while the person signs in. */
import { takeSecret } from './secret.ts';

const KEY = 'bedside.consent';

export function openRequest(): string | null {
  const offered = takeSecret('request');
  if (offered !== null) {
    sessionStorage.setItem(KEY, offered);
  }
  return offered ?? sessionStorage.getItem(KEY);
}

/** An answer uses the question up. */
export function closeRequest(): void {
  sessionStorage.removeItem(KEY);
}
