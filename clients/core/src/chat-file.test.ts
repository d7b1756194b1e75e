import { expect, it } from 'vitest';
import {
  CHAT_FILE_BYTES_MAX,
  CHAT_FILE_TYPES,
  chatFileFault,
  chatFileName,
  chatFileType,
} from './chat-file.ts';

it.each([
  ['scan.JPG', 1, null],
  ['letter.pdf', CHAT_FILE_BYTES_MAX, null],
  ['letter.pdf', CHAT_FILE_BYTES_MAX + 1, 'too-large'],
  ['letter.pdf', 0, 'type'],
  ['letter.pdf.exe', 1, 'type'],
  ['page.html', 1, 'type'],
  ['drawing.svg', 1, 'type'],
  ['pdf', 1, 'type'],
  ['constructor', 1, 'type'],
  ['x.constructor', 1, 'type'],
] as const)('%s of %i bytes: %s', (name, bytes, fault) => {
  expect(chatFileFault(name, bytes)).toBe(fault);
});

it('a type is what the ending says', () => {
  expect(chatFileType('a.jpeg')).toBe('image/jpeg');
  expect(CHAT_FILE_TYPES.split(',')).toContain('.heic');
});

it('a name has no folders, and nothing that hides what it is', () => {
  expect(chatFileName('../../etc/a.txt')).toBe('....etca.txt');
  expect(chatFileName('scan\u202Efdp.exe\u0000')).toBe('scanfdp.exe');
  expect(chatFileName(`${'a'.repeat(300)}.pdf`)).toMatch(/^a{116}\.pdf$/);
});
