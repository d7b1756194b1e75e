import { expect, it } from 'vitest';
import { type Earning, sumEarnings, totalEarnings } from './earnings.ts';

const earning = (fields: Partial<Earning>): Earning => ({
  practitioner: 'prac_1',
  service: 'svc_1',
  currency: 'KES',
  billed_minor: 100,
  tax_minor: 16,
  received_minor: 80,
  earned_minor: 56,
  ...fields,
});

it('sums by practitioner, what brought most first', () => {
  const sums = sumEarnings(
    [
      earning({}),
      earning({ service: 'svc_2', received_minor: 20 }),
      earning({ practitioner: 'prac_2', received_minor: 300 }),
    ],
    'practitioner',
  );
  expect(sums.map(({ of, receivedMinor }) => [of, receivedMinor])).toEqual([
    ['prac_2', 300],
    ['prac_1', 100],
  ]);
});

it('never adds one currency to another', () => {
  const sums = totalEarnings([earning({}), earning({ currency: 'USD' }), earning({})]);
  expect(sums.map(({ currency, earnedMinor }) => [currency, earnedMinor])).toEqual([
    ['KES', 112],
    ['USD', 56],
  ]);
});
