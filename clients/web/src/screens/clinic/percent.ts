/** Percentages as people write them, and as the API has them: hundredths of a percent. */

const BPS_MAX = 10_000;

/** `null` for what is no percentage from 0 to 100 with at most two digits behind the point (or comma). */
export function bpsOf(text: string): number | null {
  const [, whole, fraction = ''] = /^(\d{1,3})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) {
    return null;
  }
  const bps = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  return bps <= BPS_MAX ? bps : null;
}

export function percentOf(bps: number): string {
  return String(bps / 100);
}
