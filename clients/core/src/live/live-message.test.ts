import { describe, expect, it } from 'vitest';
import { pauseAfter, readLiveMessage } from './live-message.ts';

describe('what the socket says', () => {
  it.each([
    [
      '{"type":"hello","last_event_id":"41","resumed":true}',
      { kind: 'hello', lastId: '41', resumed: true },
    ],
    ['{"type":"hello","resumed":false}', { kind: 'hello', lastId: null, resumed: false }],
    [
      '{"type":"event","id":"42","topic":"payment.captured","data":{}}',
      { kind: 'event', id: '42', topic: 'payment.captured' },
    ],
    ['{"type":"event","topic":"message.read"}', { kind: 'event', id: null, topic: 'message.read' }],
  ])('%s', (text, message) => {
    expect(readLiveMessage(text)).toEqual(message);
  });

  it.each(['', 'no json', '[]', '{"type":"event"}', '{"type":"news","topic":"a.b"}'])(
    'nothing in %j',
    (text) => {
      expect(readLiveMessage(text)).toBeNull();
    },
  );
});

it('comes back ever more slowly, and never more seldom than each minute', () => {
  expect([0, 1, 2, 5, 6, 1_000].map(pauseAfter)).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
  ]);
});
