import type { CallInput, Chat, ChatFile, ChatFileFault, ChatMessage } from '@bedside/core';
import { CHAT_FILE_BYTES_MAX, CHAT_FILE_TYPES, CHAT_TEXT_MAX, chatFileFault } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import {
  type ChangeEvent,
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';

export function ChatPanel({
  chat,
  mayWrite,
  dispatch,
  link,
  onClose,
}: {
  readonly chat: Chat;
  readonly mayWrite: boolean;
  readonly dispatch: (input: CallInput) => void;
  readonly link: MediaLink;
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
        <MessageForm dispatch={dispatch} link={link} />
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
      {message.text !== '' && <p className="message-text">{message.text}</p>}
      {message.file !== undefined && <SentFile message={message} file={message.file} />}
      {message.delivery === 'failed' && <p className="message-failed">{say('chat.failed')}</p>}
    </article>
  );
}

function SentFile({ message, file }: { readonly message: ChatMessage; readonly file: ChatFile }) {
  const say = useSay();
  const format = useFormat();
  const name = <bdi>{file.name}</bdi>;
  return (
    <p className="message-text message-file">
      {file.address === null ? (
        name
      ) : (
        <a href={file.address} download={file.name} className="link">
          {name}
          <span className="visually-hidden"> {say('chat.save')}</span>
        </a>
      )}{' '}
      <span className="hint">{format.bytes(file.bytes)}</span>
      {message.delivery === 'sending' && (
        <progress max={100} value={file.percent} aria-label={file.name} />
      )}
    </p>
  );
}

interface Fault {
  readonly kind: ChatFileFault;
  readonly bytes: number;
}

/** A file for everybody in the call. What cannot be sent is told at once, and nothing of it is sent. */
function FileButton({
  dispatch,
  link,
  onFault,
}: {
  readonly dispatch: (input: CallInput) => void;
  readonly link: MediaLink;
  readonly onFault: (fault: Fault | null) => void;
}) {
  const say = useSay();
  const input = useRef<HTMLInputElement>(null);
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    const file = event.target.files?.[0];
    if (file !== undefined) {
      const { name, size: bytes } = file;
      const kind = chatFileFault(name, bytes);
      onFault(kind === null ? null : { kind, bytes });
      if (kind === null) {
        const id = nextId();
        dispatch({ kind: 'file-submitted', id, name, bytes });
        void link.sendFile(id, file);
      }
    }
    // The same can be chosen again.
    event.target.value = '';
  };
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label={say('chat.file')}
        title={say('chat.file')}
        onClick={() => input.current?.click()}
      >
        <Icon name="clip" />
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={CHAT_FILE_TYPES}
        data-testid="chat-file"
        onChange={take}
      />
    </>
  );
}

function FaultNote({ fault }: { readonly fault: Fault }) {
  const say = useSay();
  const format = useFormat();
  const size = format.bytes(fault.bytes);
  const max = format.bytes(CHAT_FILE_BYTES_MAX);
  return (
    <p className="message-failed" role="alert">
      {fault.kind === 'type' ? say('chat.fileType') : say('chat.fileTooLarge', { size, max })}
    </p>
  );
}

function MessageForm({
  dispatch,
  link,
}: {
  readonly dispatch: (input: CallInput) => void;
  readonly link: MediaLink;
}) {
  const say = useSay();
  const [fault, setFault] = useState<Fault | null>(null);
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
      {fault !== null && <FaultNote fault={fault} />}
      <div className="chat-row">
        <FileButton dispatch={dispatch} link={link} onFault={setFault} />
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
