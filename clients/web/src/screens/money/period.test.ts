import { expect, it } from 'vitest';
import { spanOf } from './period.ts';

const NAIROBI = 'Africa/Nairobi';
/** The first of January there, still December in London. */
const NEW_YEAR = Date.parse('2026-12-31T22:00:00Z');

it.each([
  ['month', '2026-12-31T21:00:00.000Z', '2027-01-31T21:00:00.000Z'],
  ['last', '2026-11-30T21:00:00.000Z', '2026-12-31T21:00:00.000Z'],
  ['year', '2026-12-31T21:00:00.000Z', '2027-12-31T21:00:00.000Z'],
] as const)('%s begins and ends at midnight in the zone', (period, from, to) => {
  expect(spanOf(period, NEW_YEAR, NAIROBI)).toEqual({ from, to });
});

it('begins on the first at the other end of the world too', () => {
  const march = Date.parse('2026-03-15T12:00:00Z');
  expect(spanOf('month', march, 'Pacific/Kiritimati').from).toBe('2026-02-28T10:00:00.000Z');
});

it('keeps to the clock across its change', () => {
  const march = Date.parse('2026-03-15T12:00:00Z');
  expect(spanOf('month', march, 'Europe/Paris')).toEqual({
    from: '2026-02-28T23:00:00.000Z',
    to: '2026-03-31T22:00:00.000Z',
  });
});
