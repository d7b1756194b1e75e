import { expect, it } from 'vitest';
import { callView, durationText, initialsOf } from './call-view.ts';
import { callWith, english, person } from './testing.ts';

it.each([
  [[], 'alone'],
  [[person('a')], 'pair'],
  [[person('a'), person('b')], 'grid'],
  [[person('a', { screenOn: true })], 'stage'],
] as const)('lays out %j as %s', (others, layout) => {
  expect(callView(callWith(...others)).layout).toBe(layout);
});

it('puts a shared screen first and oneself last', () => {
  const view = callView(callWith(person('a', { screenOn: true, screenTrack: 'S' }), person('b')));
  expect(view.tiles.map((tile) => tile.key)).toEqual([
    'a/screen',
    'a/camera',
    'b/camera',
    'me/camera',
  ]);
});

it('shows no picture of a camera that is off', () => {
  const view = callView(callWith(person('a', { cameraOn: false })));
  expect(view.tiles[0]).toMatchObject({ cameraOn: false, track: null });
});

it('shows nobody as speaking whose microphone is off', () => {
  const call = {
    ...callWith(person('a', { microphoneOn: false }), person('b')),
    speaking: ['a', 'b'],
  };
  const speaking = callView(call).tiles.filter((tile) => tile.speaking);
  expect(speaking.map((tile) => tile.identity)).toEqual(['b']);
});

it('offers only the switches that the token permits', () => {
  const call = callWith();
  const permissions = {
    microphone: true,
    camera: false,
    screen: false,
    messages: true,
    record: false,
  };
  const view = callView({ ...call, invitation: { ...call.invitation, permissions } });
  expect(view.switches.map((entry) => entry.device)).toEqual(['microphone']);
});

it('says that the connection is being brought back', () => {
  const view = callView({ ...callWith(), connection: 'reconnecting' });
  expect(english(view.connectionNote)).toContain('Reconnecting');
});

it.each([
  [{ cause: 'own-line' }, /your connection is interrupted/],
  [{ cause: 'server' }, /server does not answer/],
  [{ cause: 'others', names: ['Ann', 'Bo'] }, /from Ann and Bo/],
] as const)('tells for %j whose line it is', (silence, words) => {
  expect(english(callView({ ...callWith(), silence }).connectionNote)).toMatch(words);
});

it.each([
  ['Dr. Julia Weiss', 'JW'],
  ['anna', 'A'],
  ['patient-7', 'P7'],
  ['Dr.', 'D'],
  ['', '?'],
  ['Élodie d’Arc', 'ÉD'],
])('abbreviates %j to %j', (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

it.each([
  [-5, '0:00'],
  [7_400, '0:07'],
  [724_000, '12:04'],
  [3_750_000, '1:02:30'],
])('writes %i ms as %j', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

it('labels every switch with the word under its icon', () => {
  for (const entry of callView(callWith()).switches) {
    expect(english(entry.label).toLowerCase()).toContain(english(entry.caption).toLowerCase());
  }
});
