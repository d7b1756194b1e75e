import { expect, it } from 'vitest';
import { dateIn, OWN_ZONE } from '../../app/format.ts';
import { spanOf } from './wait-span.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
const TODAY = dateIn(NOON, OWN_ZONE);

it('begins now, and has the last day in it', () => {
  const span = spanOf(TODAY, TODAY, NOON);
  expect(span?.from).toBe('2026-03-02T12:00:00.000Z');
  expect(new Date(span?.to ?? 0).getTime()).toBeGreaterThan(NOON);
  expect(dateIn(new Date(span?.to ?? 0).getTime() - 1, OWN_ZONE)).toBe(TODAY);
});

it.each([
  ['', TODAY],
  [TODAY, ''],
  [TODAY, '2026-03-01'],
  ['2026-02-01', '2026-02-02'],
  [TODAY, '2026-05-30'],
])('from %j to %j does not fit', (first, last) => {
  expect(spanOf(first, last, NOON)).toBeNull();
});
