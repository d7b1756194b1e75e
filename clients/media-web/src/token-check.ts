/** Asks the server about a token without joining. A browser hides the status of a failed WebSocket; this tells it. */
import type { JoinFailure } from '@bedside/core';

const TIMEOUT_MS = 3_000;

/** `null` when the token is good. */
export async function askAboutToken(server: string, token: string): Promise<JoinFailure | null> {
  try {
    const response = await fetch(`${server}/rtc/validate`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    });
    return response.ok
      ? null
      : { kind: 'refused', status: response.status, text: await response.text() };
  } catch {
    return { kind: 'unreachable' };
  }
}
