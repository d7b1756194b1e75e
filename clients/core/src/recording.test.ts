import { expect, test } from 'vitest';
import { recordingActs, recordingAnswer, recordingOf } from './recording.ts';

const asked = { 'bedside.recording': 'asked', 'bedside.recording.question': '2/2026-03' };

test('nobody asks without a state and a question', () => {
  expect(recordingOf({})).toBeNull();
  expect(recordingOf({ 'bedside.recording': 'asked' })).toBeNull();
  expect(recordingOf({ ...asked, 'bedside.recording': 'else' })).toBeNull();
});

test('an answer counts for its own question', () => {
  expect(recordingOf(asked)).toEqual({ state: 'asked', question: '2/2026-03', answer: null });
  for (const agrees of [true, false]) {
    const said = { ...asked, ...recordingAnswer('2/2026-03', agrees) };
    expect(recordingOf(said)?.answer).toBe(agrees ? 'yes' : 'no');
    const older = { ...asked, ...recordingAnswer('1/2026-03', agrees) };
    expect(recordingOf(older)?.answer).toBeNull();
  }
});

test.each([
  [null, ['start']],
  ['asked', ['stop']],
  ['running', ['pause', 'stop']],
  ['paused', ['resume', 'stop']],
] as const)('while it is %s one may ask for %j', (state, acts) => {
  const recording = state === null ? null : { state, question: '1/1', answer: null };
  expect(recordingActs(recording)).toEqual(acts);
});
