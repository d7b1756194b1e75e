import { expect, it } from 'vitest';
import { tokenFromFragment, tokenFromPastedText } from './join-link.ts';

it.each([
  ['#token=a.b.c', 'a.b.c'],
  ['token=a.b.c', 'a.b.c'],
  ['#lang=de&token=a.b.c', 'a.b.c'],
  ['#token=a%2Eb', 'a.b'],
  ['#token=a%zz', 'a%zz'],
  ['#token=', null],
  ['#', null],
  ['#mytoken=a', null],
])('finds in the fragment %j the token %j', (fragment, token) => {
  expect(tokenFromFragment(fragment)).toBe(token);
});

it.each([
  ['https://clinic.example/#token=a.b.c', 'a.b.c'],
  ['  a.b.c\n', 'a.b.c'],
  ['token=a.b.c', 'a.b.c'],
  ['#token=a.b.c', 'a.b.c'],
])('understands the pasted text %j', (text, token) => {
  expect(tokenFromPastedText(text)).toBe(token);
});
