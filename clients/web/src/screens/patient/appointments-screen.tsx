import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { Suspense, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { LazyVisitRecords } from '../../note/lazy-note.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked, Loading, Notice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { ToQuestions } from '../booking/to-questions.tsx';
import { OwnReview } from '../care/own-review.tsx';
import { paymentStateKey } from '../money/money-words.ts';
import { calendarFile } from './calendar-file.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { stateKey } from './state-words.ts';
import { usePay } from './use-pay.ts';

export type Appointment = Schemas['AppointmentView'];

/** From then on a patient may check in. */
const CHECK_IN_BEFORE_MS = 60 * 60_000;
const AHEAD: ReadonlySet<string> = new Set(['requested', 'booked', 'checked_in', 'in_progress']);
const LIVE: ReadonlySet<string> = new Set(['booked', 'checked_in', 'in_progress']);

export function AppointmentsScreen() {
  return <SignedIn>{(me) => <Appointments patient={patientOf(me)} />}</SignedIn>;
}

function Appointments({ patient }: { readonly patient: string | null }) {
  const say = useSay();
  const appointments = useQuery({
    queryKey: ['appointments'],
    queryFn: () =>
      answered(
        api.GET('/v1/appointments', {
          params: { query: { limit: 200, ...(patient === null ? {} : { patient }) } },
        }),
      ),
    refetchInterval: 60_000,
  });
  useLive(
    ['appointment.', 'payment.', 'insurance_claim.'],
    [['appointments'], ['payments', 'patient'], ['claims', 'patient']],
  );
  const now = useNow(30_000);
  const [cancelling, setCancelling] = useState<Appointment | null>(null);
  const [isCancelled, setCancelled] = useState(false);
  return (
    <>
      <div className="title-row">
        <Heading title={say('appts.title')}>{say('appts.title')}</Heading>
        <span className="actions">
          <Link to="/find" className="button button-primary">
            {say('appts.book')}
          </Link>
          <Link to="/invoices" className="button button-quiet">
            {say('appts.invoices')}
          </Link>
          <Link to="/waiting" className="button button-quiet">
            {say('appts.waiting')}
          </Link>
        </span>
      </div>
      {isCancelled && <Notice kind="good">{say('appts.cancelled')}</Notice>}
      <Asked query={appointments}>
        {({ items }) => {
          const kept = items.filter(({ state }) => state !== 'held');
          const ahead = kept
            .filter((one) => AHEAD.has(one.state) && new Date(one.end).getTime() > now - 3_600_000)
            .toSorted((a, b) => a.start.localeCompare(b.start));
          const past = kept.filter((one) => !ahead.includes(one)).toReversed();
          return (
            <>
              <List
                title={say('appts.upcoming')}
                visits={ahead}
                now={now}
                onCancel={setCancelling}
              />
              {past.length > 0 && (
                <List title={say('appts.past')} visits={past} now={now} onCancel={setCancelling} />
              )}
            </>
          );
        }}
      </Asked>
      {cancelling !== null && (
        <CancelDialog
          visit={cancelling}
          onClose={(cancelled) => {
            setCancelling(null);
            setCancelled(cancelled);
          }}
        />
      )}
    </>
  );
}

function List({
  title,
  visits,
  now,
  onCancel,
}: {
  readonly title: string;
  readonly visits: readonly Appointment[];
  readonly now: number;
  readonly onCancel: (visit: Appointment) => void;
}) {
  const say = useSay();
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {visits.length === 0 && <p className="empty">{say('appts.none')}</p>}
      <ul className="visits">
        {visits.map((visit) => (
          <Visit key={visit.id} visit={visit} now={now} onCancel={onCancel} />
        ))}
      </ul>
    </section>
  );
}

function Visit({
  visit,
  now,
  onCancel,
}: {
  readonly visit: Appointment;
  readonly now: number;
  readonly onCancel: (visit: Appointment) => void;
}) {
  const say = useSay();
  const format = useFormat();
  const practitioner = useQuery(practitionerQuery(visit.practitioner));
  const service = useQuery(serviceQuery(visit.service));
  const name = practitioner.data === undefined ? '' : nameOf(practitioner.data.profile);
  const start = new Date(visit.start).getTime();
  const isAhead = LIVE.has(visit.state) && new Date(visit.end).getTime() > now - 3_600_000;
  const isOpen = isAhead && start - CHECK_IN_BEFORE_MS <= now;
  const pay = usePay(visit, service.data?.pay);
  const when = format.moment(visit.start);
  return (
    <li className="card visit-card" data-state={visit.state}>
      <div className="visit-when">
        <span className="visit-day">{format.shortDay(visit.start)}</span>
        <span className="visit-time">{format.time(visit.start)}</span>
      </div>
      <div className="visit-what">
        <h3>{name}</h3>
        <p>{service.data?.name}</p>
        <p>
          <span className="badge-state" data-state={visit.state}>
            {say(stateKey(visit.state))}
          </span>
          {pay.standing !== null && (
            <span className="hint"> {say(paymentStateKey(pay.standing))}</span>
          )}
          {visit.fee != null && (
            <span className="hint"> {say('appts.owed', { fee: format.money(visit.fee) })}</span>
          )}
        </p>
      </div>
      {isAhead && (
        <div className="actions visit-actions">
          <ToQuestions service={visit.service} appointment={visit.id} />
          {isOpen ? (
            <Link to="/visit/$id" params={{ id: visit.id }} className="button button-primary">
              <Icon name="camera" />
              {say('appts.join')}
            </Link>
          ) : (
            <p className="hint">
              {say('appts.opens', { when: format.moment(start - CHECK_IN_BEFORE_MS) })}
            </p>
          )}
          {visit.state === 'booked' && start > now && (
            <details className="more-actions">
              <summary className="button button-quiet">
                {say('common.more')}
                <span className="visually-hidden">: {when}</span>
              </summary>
              <div className="more-panel">
                <Link
                  to="/practitioners/$id"
                  params={{ id: visit.practitioner }}
                  search={{ service: visit.service, from: visit.start, move: visit.id }}
                  className="button button-quiet"
                >
                  {say('appts.move')}
                </Link>
                <a
                  className="button button-quiet"
                  download="visit.ics"
                  href={calendarFile({
                    ...visit,
                    title: say('book.doneText', { service: service.data?.name ?? '', name }),
                    url: `${location.origin}/visit/${visit.id}`,
                  })}
                >
                  {say('book.addCalendar')}
                </a>
                <button
                  type="button"
                  className="button button-quiet"
                  onClick={() => onCancel(visit)}
                >
                  {say('appts.cancel')}
                </button>
              </div>
            </details>
          )}
        </div>
      )}
      {pay.isWanted && (
        <div className="actions visit-actions">
          <Link to="/pay/$id" params={{ id: visit.id }} className="button">
            <span aria-hidden="true">{say('pay.pay')}</span>
            <span className="visually-hidden">{say('pay.payOf', { when })}</span>
          </Link>
        </div>
      )}
      {visit.state === 'completed' && visit.patient != null && (
        <>
          <RecordsFold appointment={visit.id} patient={visit.patient} when={when} />
          <OwnReview appointment={visit.id} when={when} />
        </>
      )}
    </li>
  );
}

/** Read only when it is opened: whoever reads records is written down. */
function RecordsFold({
  appointment,
  patient,
  when,
}: {
  readonly appointment: string;
  readonly patient: string;
  readonly when: string;
}) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="note-fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {say('records.title')}
        <span className="visually-hidden">: {when}</span>
      </summary>
      {isOpen && (
        <Suspense fallback={<Loading />}>
          <LazyVisitRecords appointment={appointment} patient={patient} />
        </Suspense>
      )}
    </details>
  );
}
