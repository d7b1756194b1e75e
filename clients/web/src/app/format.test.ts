import { describe, expect, it } from 'vitest';
import { dateIn, formatIn, sameClock, startOfDay } from './format.ts';

describe('the beginning of a day', () => {
  it.each([
    ['2026-11-27T09:00:00Z', 'Africa/Nairobi', 0, '2026-11-26T21:00:00.000Z'],
    ['2026-11-27T22:30:00Z', 'Africa/Nairobi', 0, '2026-11-27T21:00:00.000Z'],
    // The clocks go forward at 02:00 on that day, and back in the other.
    ['2026-03-29T12:00:00Z', 'Europe/Paris', 0, '2026-03-28T23:00:00.000Z'],
    ['2026-03-29T12:00:00Z', 'Europe/Paris', 1, '2026-03-29T22:00:00.000Z'],
    ['2026-10-25T12:00:00Z', 'Europe/Paris', 1, '2026-10-25T23:00:00.000Z'],
    ['2026-12-31T12:00:00Z', 'UTC', 1, '2027-01-01T00:00:00.000Z'],
  ])('of %s in %s, %i days on, is %s', (when, zone, plus, start) => {
    expect(startOfDay(when, zone, plus).toISOString()).toBe(start);
  });
});

it('knows the date in another zone', () => {
  expect(dateIn('2026-11-27T22:30:00Z', 'Africa/Nairobi')).toBe('2026-11-28');
});

it('writes money without cents that are none', () => {
  const { money } = formatIn('en');
  expect(money({ minor: 250_000, currency: 'KES' })).toMatch(/KES\s2,500$/);
  expect(money({ minor: 1250, currency: 'EUR' })).toBe('€12.50');
  expect(money({ minor: 500, currency: 'JPY' })).toBe('¥500');
});

it('tells zones apart by their clocks, not their names', () => {
  expect(sameClock('Africa/Nairobi', 'Europe/Moscow', '2026-11-27T00:00:00Z')).toBe(true);
  expect(sameClock('Africa/Nairobi', 'Europe/Paris', '2026-11-27T00:00:00Z')).toBe(false);
});
