// Waiting for a fact: asks again and again, and tells what it saw last when the time is up.

/** How long a fact may take, and what to call it when it does not come. */
export interface Patience {
  readonly what: string;
  readonly within: number;
  readonly every?: number;
}

/**
 * Asks `probe` until it yields a value other than `undefined`, `null` or `false`; resolves to that value.
 * Rejects after `within` milliseconds with the last error, if any.
 */
export async function until<T>(
  patience: Patience,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
): Promise<T> {
  const deadline = performance.now() + patience.within;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${patience.within} ms: ${patience.what}`, { cause: lastError });
    }
    await pause(patience.every ?? 50);
  }
}

/** A plain wait, for measuring over an interval; never a substitute for `until`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Like {@link until}, but the fact must hold for `held` milliseconds without a break. */
export async function untilHeld(
  patience: Patience & { readonly held: number },
  holds: () => Promise<boolean>,
): Promise<void> {
  let since: number | undefined;
  await until({ ...patience, within: patience.within + patience.held }, async () => {
    if (!(await holds())) since = undefined;
    else since ??= performance.now();
    return since !== undefined && performance.now() - since >= patience.held;
  });
}
