import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link, useSearch } from '../../app/navigation.tsx';
import { isStaff, type Me, patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { usePatientName } from '../../parts/patient-name.ts';
import { nameOf, practitionerQuery } from '../booking/directory.ts';
import type { Thread } from './care-queries.ts';
import { NewThread } from './new-thread.tsx';

/** Conversations between a patient and the clinic. */
export function MessagesScreen() {
  const say = useSay();
  return (
    <div className="narrow">
      <Heading title={say('msgs.title')}>{say('msgs.title')}</Heading>
      <p className="lead">{say('msgs.lead')}</p>
      <SignedIn>
        {(me) =>
          patientOf(me) === null && !isStaff(me) ? (
            <Notice kind="plain">{say('profile.noProfile')}</Notice>
          ) : (
            <Threads me={me} />
          )
        }
      </SignedIn>
    </div>
  );
}

function Threads({ me }: { readonly me: Me }) {
  const say = useSay();
  const { patient: about } = useSearch('patient');
  const own = patientOf(me);
  const patient = isStaff(me) ? (about ?? null) : own;
  useLive(['thread.', 'message.'], [['threads']]);
  const whose = patient === null ? {} : { patient };
  const pages = usePages(['threads', patient], (wish) =>
    answered(api.GET('/v1/threads', { params: { query: { ...wish, ...whose } } })),
  );
  return (
    <>
      {patient !== null && <NewThread patient={patient} me={me} />}
      <Paged pages={pages} empty={say('msgs.none')}>
        {(threads) => (
          <ul className="rows card">
            {threads.map((thread) => (
              <Row key={thread.id} thread={thread} isPatient={!isStaff(me)} />
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}

function Row({ thread, isPatient }: { readonly thread: Thread; readonly isPatient: boolean }) {
  const say = useSay();
  const format = useFormat();
  const marks = isPatient ? thread.patient_marks : thread.clinic_marks;
  const unread = thread.messages - marks.read;
  return (
    <li className="row">
      <span className="row-main">
        <Link to="/messages/$id" params={{ id: thread.id }} className="row-link">
          {thread.subject}
        </Link>
        <span className="hint">
          {isPatient ? <Counterpart thread={thread} /> : <PatientsName patient={thread.patient} />}{' '}
          · {format.moment(thread.last_at)}
          {thread.state === 'closed' && ` · ${say('msgs.closed')}`}
        </span>
      </span>
      {unread > 0 && <span className="badge-count">{say('msgs.unread', { count: unread })}</span>}
    </li>
  );
}

/** The practitioner, or the clinic as a whole. */
export function Counterpart({ thread }: { readonly thread: Thread }) {
  const say = useSay();
  const { practitioner } = thread;
  const { data } = useQuery({
    ...practitionerQuery(practitioner ?? ''),
    enabled: practitioner != null,
  });
  if (practitioner == null) {
    return say('msgs.clinic');
  }
  return data === undefined ? '…' : nameOf(data.profile);
}

export function PatientsName({ patient }: { readonly patient: string }) {
  return usePatientName(patient) || '…';
}
