import { expect, it } from 'vitest';
import { AUDIBLE_LEVEL, levelOf } from './microphone-level.ts';

it('is nothing in silence and everything at full scale', () => {
  expect(levelOf(new Float32Array(8))).toBe(0);
  expect(levelOf(new Float32Array(8).fill(1))).toBe(1);
});

it.each([
  ['room noise', 0.002, false],
  ['quiet speech', 0.02, true],
])('takes %s for what it is', (_what, amplitude, audible) => {
  expect(levelOf(new Float32Array(8).fill(amplitude)) > AUDIBLE_LEVEL).toBe(audible);
});

it('is no number out of range for an empty frame', () => {
  expect(levelOf(new Float32Array(0))).toBe(0);
});
