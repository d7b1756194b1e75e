import { expect, it } from 'vitest';
import type { ChatMessage } from './chat.ts';
import {
  CHAT_MESSAGES_MAX,
  CHAT_TEXT_MAX,
  emptyChat,
  sendableText,
  withDelivery,
  withFile,
  withMessage,
  withOpen,
} from './chat.ts';

function message(id: string, own = false): ChatMessage {
  return { id, identity: 'a', name: 'A', own, text: 'hello', atMs: 0, delivery: 'sending' };
}

it('counts messages of others as unread until the chat is opened', () => {
  const closed = withMessage(withMessage(emptyChat, message('1')), message('2', true));
  expect(closed.unread).toBe(1);
  expect(withOpen(closed, true).unread).toBe(0);
});

it('takes a message that arrives twice once', () => {
  const once = withMessage(emptyChat, message('1'));
  expect(withMessage(once, message('1'))).toBe(once);
});

it('keeps a bounded number of messages, the newest', () => {
  let chat = emptyChat;
  for (let n = 0; n <= CHAT_MESSAGES_MAX; n += 1) {
    chat = withMessage(chat, message(String(n)));
  }
  expect(chat.messages).toHaveLength(CHAT_MESSAGES_MAX);
  expect(chat.messages.at(-1)?.id).toBe(String(CHAT_MESSAGES_MAX));
});

it('marks the one message whose sending failed', () => {
  const chat = withMessage(withMessage(emptyChat, message('1', true)), message('2', true));
  const after = withDelivery(chat, '2', 'failed');
  expect(after.messages.map((entry) => entry.delivery)).toEqual(['sending', 'failed']);
});

it.each([
  ['  ', null],
  [' hi ', 'hi'],
])('makes of %j the text %j', (text, sendable) => {
  expect(sendableText(text)).toBe(sendable);
});

it('cuts a text to the length that fits one packet', () => {
  expect(sendableText('x'.repeat(CHAT_TEXT_MAX + 5))).toHaveLength(CHAT_TEXT_MAX);
});

it('says of a file how far it is, and where its bytes are', () => {
  const file = { name: 'scan.png', bytes: 10, percent: 0, address: null };
  const chat = withMessage(emptyChat, { ...message('1'), text: '', file });
  const further = withFile(chat, '1', { percent: 40 });
  expect(further.messages[0]?.file).toEqual({ ...file, percent: 40 });
  expect(withFile(chat, '2', { percent: 40 }).messages).toEqual(chat.messages);
});
