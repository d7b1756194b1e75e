/** The chat beside a call. Lives as long as the call does; nothing is stored. */

/** Older messages are dropped: a call of an hour stays far below, and a flood stays bounded. */
export const CHAT_MESSAGES_MAX = 500;
/** Characters per message: fits one data packet of 16 kB in any script. */
export const CHAT_TEXT_MAX = 2000;

export type Delivery = 'sending' | 'sent' | 'failed';

/** A file that is sent with a message. */
export interface ChatFile {
  readonly name: string;
  readonly bytes: number;
  readonly percent: number;
  /** Where its bytes are, once all of them have come; null for one's own. */
  readonly address: string | null;
}

export interface ChatMessage {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly own: boolean;
  readonly text: string;
  readonly atMs: number;
  readonly delivery: Delivery;
  readonly file?: ChatFile;
}

export interface Chat {
  readonly messages: readonly ChatMessage[];
  readonly open: boolean;
  readonly unread: number;
}

export const emptyChat: Chat = { messages: [], open: false, unread: 0 };

/** The text as it will be sent, or `null` when there is nothing to send. */
export function sendableText(text: string): string | null {
  const trimmed = text.trim();
  return trimmed === '' ? null : trimmed.slice(0, CHAT_TEXT_MAX);
}

/** A message of one's own starts as `sending`; one of others counts as unread while closed. */
export function withMessage(chat: Chat, message: ChatMessage): Chat {
  if (chat.messages.some((known) => known.id === message.id)) {
    return chat;
  }
  return {
    ...chat,
    messages: [...chat.messages, message].slice(-CHAT_MESSAGES_MAX),
    unread: chat.open || message.own ? chat.unread : chat.unread + 1,
  };
}

export function withDelivery(chat: Chat, id: string, delivery: Delivery): Chat {
  return {
    ...chat,
    messages: chat.messages.map((message) =>
      message.id === id ? { ...message, delivery } : message,
    ),
  };
}

export function withFile(chat: Chat, id: string, change: Partial<ChatFile>): Chat {
  return {
    ...chat,
    messages: chat.messages.map((message) =>
      message.id === id && message.file !== undefined
        ? { ...message, file: { ...message.file, ...change } }
        : message,
    ),
  };
}

export function withOpen(chat: Chat, open: boolean): Chat {
  return { ...chat, open, unread: open ? 0 : chat.unread };
}
