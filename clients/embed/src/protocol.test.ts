import { expect, it } from 'vitest';
import { isHello, readFromFrame, readFromPage } from './protocol.ts';

it('knows a hello of this version only', () => {
  expect(isHello({ bedside: 1 })).toBe(true);
  for (const other of [null, 1, 'bedside', {}, { bedside: 2 }, { bedside: '1' }]) {
    expect(isHello(other)).toBe(false);
  }
});

it.each([
  [{ kind: 'secret', secret: 'abc' }],
  [{ kind: 'secret', secret: 'abc', device: 'd' }],
  [{ kind: 'no-secret' }],
  [{ kind: 'leave' }],
  [{ kind: 'switch', device: 'camera', on: false }],
])('reads %j from the page', (message) => {
  expect(readFromPage(message)).toEqual(message);
});

it.each([
  [null],
  ['leave'],
  [{ kind: 'secret', secret: 7 }],
  [{ kind: 'secret', secret: 'x'.repeat(9000) }],
  [{ kind: 'switch', device: 'door', on: true }],
  [{ kind: 'switch', device: 'camera', on: 'yes' }],
  [{ kind: 'erase' }],
])('leaves %j of the page alone', (message) => {
  expect(readFromPage(message)).toBeNull();
});

it('reads events by their names', () => {
  expect(readFromFrame({ kind: 'event', name: 'joined' })).toEqual({
    kind: 'event',
    name: 'joined',
  });
  expect(readFromFrame({ kind: 'event', name: 'constructor' })).toBeNull();
  expect(readFromFrame({ kind: 'secret-wanted' })).toEqual({ kind: 'secret-wanted' });
  expect(readFromFrame({ kind: 'device', device: 'd' })).toEqual({ kind: 'device', device: 'd' });
  expect(readFromFrame({ kind: 'device', device: 7 })).toBeNull();
  const chosen = { kind: 'chosen', practitioner: 'p', service: 's', start: '2026-11-27T09:00:00Z' };
  expect(readFromFrame({ ...chosen, more: 1 })).toEqual(chosen);
  expect(readFromFrame({ ...chosen, start: null })).toBeNull();
  expect(readFromFrame({ kind: 'height', px: 900 })).toEqual({ kind: 'height', px: 900 });
  for (const px of [0, -1, 1e9, Number.NaN, '900']) {
    expect(readFromFrame({ kind: 'height', px })).toBeNull();
  }
});
