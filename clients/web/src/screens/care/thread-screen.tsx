import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link, useShownId } from '../../app/navigation.tsx';
import { isStaff, type Me } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked, Notice } from '../../parts/notice.tsx';
import { type Message, messagesQuery, type Thread, threadQuery } from './care-queries.ts';
import { DocumentLine } from '../../documents/document-line.tsx';
import { Counterpart, PatientsName } from './messages-screen.tsx';
import { ThreadCare } from './thread-care.tsx';
import { WriteMessage } from './write-message.tsx';

/** One conversation. */
export function ThreadScreen() {
  const id = useShownId();
  return (
    <div className="narrow">
      <SignedIn>{(me) => <Shown key={id} id={id} me={me} />}</SignedIn>
    </div>
  );
}

function Shown({ id, me }: { readonly id: string; readonly me: Me }) {
  useLive(
    ['thread.', 'message.'],
    [
      ['thread', id],
      ['messages', id],
    ],
  );
  const thread = useQuery(threadQuery(id));
  return (
    <Asked query={thread}>
      {(shown) => <Conversation shown={shown} isPatient={!isStaff(me)} />}
    </Asked>
  );
}

function Conversation({
  shown,
  isPatient,
}: {
  readonly shown: Schemas['ShownView'];
  readonly isPatient: boolean;
}) {
  const say = useSay();
  const { thread } = shown;
  const messages = useQuery(messagesQuery(thread.id));
  return (
    <>
      <p>
        <Link to="/messages" className="link back-link">
          <Icon name="back" />
          {say('msgs.title')}
        </Link>
      </p>
      <Heading title={thread.subject}>{thread.subject}</Heading>
      <p className="hint">
        {isPatient ? (
          <Counterpart thread={thread} />
        ) : (
          <Link to="/patients/$id" params={{ id: thread.patient }}>
            <PatientsName patient={thread.patient} />
          </Link>
        )}
      </p>
      {isPatient && <Hours shown={shown} />}
      {!isPatient && <ThreadCare thread={thread} />}
      <Asked query={messages}>
        {(all) => <Messages thread={thread} messages={all} isPatient={isPatient} />}
      </Asked>
      <Reply thread={thread} isPatient={isPatient} />
    </>
  );
}

/** When it is read, and where to turn when it cannot wait. */
function Hours({ shown }: { readonly shown: Schemas['ShownView'] }) {
  const say = useSay();
  const { staffed, urgent_notice: urgent } = shown;
  if (staffed == null && urgent === '') {
    return null;
  }
  return (
    <Notice kind={staffed === false ? 'warning' : 'plain'}>
      {staffed != null && <p>{say(staffed ? 'msgs.staffed' : 'msgs.unstaffed')}</p>}
      {urgent !== '' && <p>{urgent}</p>}
    </Notice>
  );
}

function Messages({
  thread,
  messages,
  isPatient,
}: {
  readonly thread: Thread;
  readonly messages: readonly Message[];
  readonly isPatient: boolean;
}) {
  const last = messages.at(-1)?.number ?? 0;
  useReadMark(thread, last, isPatient);
  const end = useRef<HTMLSpanElement>(null);
  const seen = useRef(0);
  useEffect(() => {
    // What came since one has been here; at first the page begins at its heading.
    if (seen.current > 0 && last > seen.current) {
      end.current?.scrollIntoView({ block: 'nearest' });
    }
    seen.current = last;
  }, [last]);
  return (
    <div role="log">
      <ol className="messages">
        {messages.map((message) => (
          <Bubble
            key={message.id}
            message={message}
            thread={thread}
            isOwn={(message.side === 'patient') === isPatient}
          />
        ))}
      </ol>
      <span ref={end} />
    </div>
  );
}

/** Says how far one has read, once it is seen. */
function useReadMark(thread: Thread, last: number, isPatient: boolean): void {
  const client = useQueryClient();
  const { id } = thread;
  const read = (isPatient ? thread.patient_marks : thread.clinic_marks).read;
  const mark = useMutation({
    mutationFn: (number: number) =>
      answered(api.PUT('/v1/threads/{id}/read', { params: { path: { id } }, body: { number } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['thread', id] });
      void client.invalidateQueries({ queryKey: ['threads'] });
    },
  });
  const say = mark.mutate;
  useEffect(() => {
    if (last > read && document.visibilityState === 'visible') {
      say(last);
    }
  }, [last, read, say]);
}

function Bubble({
  message,
  thread,
  isOwn,
}: {
  readonly message: Message;
  readonly thread: Thread;
  readonly isOwn: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const side = message.side === 'patient' ? 'msgs.fromPatient' : 'msgs.fromClinic';
  return (
    <li className="message" data-own={isOwn}>
      <p className="hint">
        {isOwn ? say('common.you') : say(side)} · {format.moment(message.sent_at)}
        {isOwn && ` · ${say(markOf(message, thread))}`}
      </p>
      <p className="message-text">{message.text}</p>
      {message.documents.map((id) => (
        <DocumentLine key={id} id={id} />
      ))}
    </li>
  );
}

function markOf(message: Message, thread: Thread): 'msgs.read' | 'msgs.delivered' | 'msgs.sent' {
  const { read, delivered } =
    message.side === 'patient' ? thread.clinic_marks : thread.patient_marks;
  if (message.number <= read) {
    return 'msgs.read';
  }
  return message.number <= delivered ? 'msgs.delivered' : 'msgs.sent';
}

function Reply({ thread, isPatient }: { readonly thread: Thread; readonly isPatient: boolean }) {
  const say = useSay();
  const format = useFormat();
  const now = useNow(60_000);
  if (thread.state === 'closed') {
    return <Notice kind="plain">{say('msgs.closed')}</Notice>;
  }
  if (isPatient && new Date(thread.open_until).getTime() <= now) {
    return <Notice kind="plain">{say('msgs.over')}</Notice>;
  }
  return (
    <>
      <WriteMessage thread={thread} isPatient={isPatient} />
      {isPatient && (
        <p className="hint">{say('msgs.openUntil', { when: format.moment(thread.open_until) })}</p>
      )}
    </>
  );
}
