import { afterEach, expect, it, vi } from 'vitest';
import { askToRecord } from './recording-calls.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

it('asks for its room with its token', async () => {
  const sent = vi.fn<typeof fetch>(async () => new Response('{}'));
  vi.stubGlobal('fetch', sent);
  expect(await askToRecord('https://a.example', 'tok', 'visit-42', 'pause')).toBe(true);
  const [address, init] = sent.mock.calls[0] ?? [];
  expect(address).toBe('https://a.example/twirp/bedside.Recording/PauseRecording');
  expect(init?.body).toBe('{"room":"visit-42"}');
  expect(new Headers(init?.headers).get('Authorization')).toBe('Bearer tok');
});

it.each([
  ['a refusal', async () => new Response('{}', { status: 403 })],
  ['silence', async () => Promise.reject(new TypeError('failed'))],
])('%s is said to be one', async (_what, answer) => {
  vi.stubGlobal('fetch', answer);
  expect(await askToRecord('https://a.example', 'tok', 'visit-42', 'start')).toBe(false);
});
