import { expect, it } from 'vitest';
import { bpsOf, percentOf } from './percent.ts';

it.each([
  ['16', 1600],
  ['7.5', 750],
  ['7,05', 705],
  [' 100 ', 10_000],
  ['0', 0],
  ['0.29', 29],
])('%j is %d', (text, bps) => {
  expect(bpsOf(text)).toBe(bps);
  expect(bpsOf(percentOf(bps))).toBe(bps);
});

it.each(['', 'a', '-1', '100.01', '7.123', '1e1', '1000'])('%j is no percentage', (text) => {
  expect(bpsOf(text)).toBeNull();
});
