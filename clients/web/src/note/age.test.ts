import { expect, it } from 'vitest';
import { ageOn } from './age.ts';

it.each([
  ['1984-05-03', 42],
  ['1984-11-27', 42],
  ['1984-11-28', 41],
  ['2026-11-27', 0],
  ['2027-01-01', null],
  ['3 May 1984', null],
  ['', null],
])('who was born on %j is %j years old on 27 November 2026', (birth, age) => {
  expect(ageOn(birth, new Date(2026, 10, 27, 12))).toBe(age);
});
