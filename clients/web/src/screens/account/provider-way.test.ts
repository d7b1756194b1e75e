import { expect, it } from 'vitest';
import { isProgramAddress, isWebAddress, keepWay, returnIn, takeWay } from './provider-way.ts';

function store(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

it('a way back is gone once', () => {
  const tab = store();
  keepWay({ browser: 'bp_1', next: '/book' }, tab);
  expect(takeWay(tab)).toEqual({ browser: 'bp_1', next: '/book' });
  expect(takeWay(tab)).toBeNull();
});

it.each(['', '{', 'null', '[]', '{"browser":1}'])('nothing is read from %j', (text) => {
  const tab = store();
  tab.setItem('bedside.provider', text);
  expect(takeWay(tab)).toBeNull();
});

it('reads what a provider sends back, and nothing from a refusal', () => {
  expect(returnIn('?state=s&code=c&iss=https%3A%2F%2Fa.example')).toEqual({
    state: 's',
    code: 'c',
    iss: 'https://a.example',
  });
  expect(returnIn('?state=s&code=c')).toEqual({ state: 's', code: 'c', iss: null });
  expect(returnIn('?state=s&error=access_denied')).toBeNull();
  expect(returnIn('')).toBeNull();
});

it.each([
  ['https://login.example/a', true, true],
  ['http://localhost:3000/cb', true, true],
  ['org.example.app:/cb', false, true],
  ['javascript:alert(1)', false, false],
  ['data:text/html,x', false, false],
  ['/relative', false, false],
])('of %s: a page %s, a program %s', (address, isPage, isProgram) => {
  expect(isWebAddress(address)).toBe(isPage);
  expect(isProgramAddress(address)).toBe(isProgram);
});
