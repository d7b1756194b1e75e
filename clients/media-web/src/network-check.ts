/** How the way to the clinic's own server is. Nobody else is asked. */

export type NetworkVerdict =
  | { readonly kind: 'good' | 'slow'; readonly roundTripMs: number }
  | { readonly kind: 'failed' };

const TRIES = 4;
const SLOW_ABOVE_MS = 300;
const TIMEOUT_MS = 4_000;

/** The middle one of a few round trips; the first, which may open the connection, does not count. */
export async function checkNetwork(origin: string): Promise<NetworkVerdict> {
  const times: number[] = [];
  for (let attempt = 0; attempt <= TRIES; attempt += 1) {
    const began = performance.now();
    try {
      // One after the other on purpose: side by side they would wait for each other.
      // oxlint-disable-next-line no-await-in-loop
      const response = await fetch(`${origin}/healthz`, {
        cache: 'no-store',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) {
        return { kind: 'failed' };
      }
    } catch {
      return { kind: 'failed' };
    }
    if (attempt > 0) {
      times.push(performance.now() - began);
    }
  }
  const roundTripMs = Math.max(1, Math.round(times.toSorted((a, b) => a - b)[TRIES / 2] ?? 0));
  return { kind: roundTripMs > SLOW_ABOVE_MS ? 'slow' : 'good', roundTripMs };
}
