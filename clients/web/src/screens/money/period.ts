/** Periods of earnings, from midnight on the first day in the reader's zone. */
import { dateIn, midnightOf } from '../../app/format.ts';

export const PERIODS = ['month', 'last', 'year'] as const;
export type Period = (typeof PERIODS)[number];

/** `to` is before the first instant that does not belong to it. */
export function spanOf(
  period: Period,
  now: number,
  zone: string,
): { readonly from: string; readonly to: string } {
  const [year = 1970, month = 1] = dateIn(now, zone).split('-').map(Number);
  switch (period) {
    case 'month':
      return between([year, month], [year, month + 1], zone);
    case 'last':
      return between([year, month - 1], [year, month], zone);
    case 'year':
      return between([year, 1], [year + 1, 1], zone);
    default:
      return unreachable(period);
  }
}

type Month = readonly [year: number, month: number];

function between(first: Month, next: Month, zone: string) {
  return { from: firstOf(first, zone), to: firstOf(next, zone) };
}

function firstOf([year, month]: Month, zone: string): string {
  // A month before the first or after the last is one of the year beside.
  const first = new Date(Date.UTC(year, month - 1, 1)).toISOString().slice(0, 10);
  return midnightOf(first, zone).toISOString();
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
