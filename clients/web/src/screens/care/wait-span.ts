/** The days in which somebody would come. */
import { midnightOf, OWN_ZONE } from '../../app/format.ts';

export const DAY_MS = 86_400_000;
const DAYS_MAX = 62;

/** From now, or the first day's midnight, to the midnight after the last day; null where they do not fit. */
export function spanOf(
  first: string,
  last: string,
  now = Date.now(),
): { readonly from: string; readonly to: string } | null {
  if (first === '' || last === '' || last < first) {
    return null;
  }
  const from = Math.max(now, midnightOf(first, OWN_ZONE).getTime());
  const to = midnightOf(last, OWN_ZONE, 1).getTime();
  return to > from && to - from <= DAYS_MAX * DAY_MS
    ? { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    : null;
}
