import type { CallInput, Chat, ChatMessage } from '@bedside/core';
import { CHAT_TEXT_MAX } from '@bedside/core';
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';

export function ChatPanel({
  chat,
  mayWrite,
  dispatch,
  onClose,
}: {
  readonly chat: Chat;
  readonly mayWrite: boolean;
  readonly dispatch: (input: CallInput) => void;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const titleId = useId();
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      onClose();
    }
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes
    <aside className="chat" aria-labelledby={titleId} onKeyDown={closeOnEscape}>
      <div className="chat-head">
        <h2 id={titleId}>{say('chat.title')}</h2>
        <button
          type="button"
          className="icon-button"
          aria-label={say('common.close')}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <MessageLog messages={chat.messages} />
      {mayWrite ? (
        <MessageForm dispatch={dispatch} />
      ) : (
        <p className="chat-note">{say('chat.readOnly')}</p>
      )}
    </aside>
  );
}

function MessageLog({ messages }: { readonly messages: readonly ChatMessage[] }) {
  const say = useSay();
  const log = useRef<HTMLDivElement>(null);
  const count = messages.length;
  useEffect(() => {
    const element = log.current;
    if (element !== null && count > 0) {
      element.scrollTop = element.scrollHeight;
    }
  }, [count]);
  return (
    // The log scrolls, so a keyboard has to reach it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="chat-log" role="log" aria-label={say('chat.log')} tabIndex={0} ref={log}>
      {count === 0 && <p className="chat-empty">{say('chat.empty')}</p>}
      {messages.map((message) => (
        <Message key={message.id} message={message} />
      ))}
    </div>
  );
}

function Message({ message }: { readonly message: ChatMessage }) {
  const say = useSay();
  const format = useFormat();
  return (
    <article className={message.own ? 'message message-own' : 'message'} data-testid="message">
      <p className="message-head">
        <span className="message-name">{message.own ? say('common.you') : message.name}</span>
        <time>{format.time(message.atMs)}</time>
      </p>
      <p className="message-text">{message.text}</p>
      {message.delivery === 'failed' && <p className="message-failed">{say('chat.failed')}</p>}
    </article>
  );
}

function MessageForm({ dispatch }: { readonly dispatch: (input: CallInput) => void }) {
  const say = useSay();
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const send = (): void => {
    if (text.trim() !== '') {
      dispatch({ kind: 'message-submitted', id: nextId(), text });
      setText('');
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    send();
    field.current?.focus();
  };
  const sendOnEnter = (event: KeyboardEvent): void => {
    // Enter also ends the composition of a word in many scripts: that is not a wish to send.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
  };
  return (
    <form className="chat-form" onSubmit={submit}>
      <label htmlFor={id}>{say('chat.message')}</label>
      <div className="chat-row">
        <textarea
          id={id}
          ref={field}
          rows={2}
          value={text}
          maxLength={CHAT_TEXT_MAX}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={sendOnEnter}
        />
        <button type="submit" className="button button-primary">
          {say('chat.send')}
        </button>
      </div>
    </form>
  );
}

let sent = 0;

/** Told apart from the ids of others, which are UUIDs. */
function nextId(): string {
  sent += 1;
  return `own-${sent}`;
}
