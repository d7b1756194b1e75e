import type { Schemas } from '@bedside/core';
import { answered, ifMatch, VisitApi } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { Suspense, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { hasRole, practitionerOf, useSession } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { LazyNoteEditor, LazyPrescriptions } from '../../note/lazy-note.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loading, ProblemNotice } from '../../parts/notice.tsx';
import { InviteForm } from '../../visit/invite-form.tsx';
import { usePatientName } from '../../parts/patient-name.ts';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { DeskPayment, WaiveFee } from '../money/desk-payment.tsx';
import { stateKey } from '../patient/state-words.ts';

type Appointment = Schemas['AppointmentView'];
type Act = 'approve' | 'decline' | 'no-show' | 'finish';

const LIVE: ReadonlySet<string> = new Set(['booked', 'checked_in', 'in_progress']);

/** One visit of the day, with what can be done about it. */
export function DayVisit({ visit }: { readonly visit: Appointment }) {
  const say = useSay();
  const format = useFormat();
  const service = useQuery(serviceQuery(visit.service));
  const practitioner = useQuery(practitionerQuery(visit.practitioner));
  const patient = usePatientName(visit.patient ?? null);
  const [visits] = useState(
    () => new VisitApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() }),
  );
  const turn = useTurn(visit);
  const now = useNow(60_000);
  const isLate = visit.state === 'booked' && new Date(visit.start).getTime() < now;
  const doctor = practitioner.data === undefined ? '' : nameOf(practitioner.data.profile);
  return (
    <li className="card visit-card" data-state={visit.state}>
      <div className="visit-when">
        <span className="visit-time">{format.time(visit.start)}</span>
        <span className="visit-day">{format.time(visit.end)}</span>
      </div>
      <div className="visit-what">
        <h3>{patient === '' ? say('today.patient') : patient}</h3>
        <p className="hint">{[service.data?.name, doctor].filter(Boolean).join(' · ')}</p>
        <span className="badge-state" data-state={visit.state}>
          {say(stateKey(visit.state))}
        </span>
      </div>
      <div className="actions visit-actions">
        {LIVE.has(visit.state) && (
          <Link
            to="/visit/$id"
            params={{ id: visit.id }}
            className="button button-primary button-quiet"
          >
            <Icon name="camera" />
            {say('today.open')}
          </Link>
        )}
        {visit.state === 'requested' && (
          <>
            <TurnButton act="approve" turn={turn} label={say('today.approve')} isFirst />
            <TurnButton act="decline" turn={turn} label={say('today.decline')} />
          </>
        )}
        {isLate && <TurnButton act="no-show" turn={turn} label={say('today.noShow')} />}
        {visit.state === 'in_progress' && (
          <TurnButton act="finish" turn={turn} label={say('today.finish')} />
        )}
        {LIVE.has(visit.state) && <InviteForm api={visits} appointment={visit.id} />}
        <DeskActs visit={visit} />
      </div>
      <ProblemNotice error={turn.error} />
      {visit.series != null && (
        <p>
          <Link to="/clinic/series" search={{ series: visit.series }} className="link">
            {say('series.title')}
            <span className="visually-hidden">: {patient}</span>
          </Link>
        </p>
      )}
      {visit.state === 'completed' && <NoteFold visit={visit} />}
      {visit.state === 'completed' && service.data?.pay === 'insurance' && (
        <ClaimLink visit={visit} />
      )}
    </li>
  );
}

/** The note of a visit that was held, to who held it. */
function NoteFold({ visit }: { readonly visit: Appointment }) {
  const say = useSay();
  const { me } = useSession();
  const [isOpen, setOpen] = useState(false);
  if (me == null || practitionerOf(me) !== visit.practitioner) {
    return null;
  }
  return (
    <details className="note-fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{say('note.title')}</summary>
      {isOpen && (
        <Suspense fallback={<Loading />}>
          <LazyNoteEditor appointment={visit.id} />
          <LazyPrescriptions appointment={visit.id} />
        </Suspense>
      )}
    </details>
  );
}

/** To what its insurer is asked, for who held it, the desk and administrators. */
function ClaimLink({ visit }: { readonly visit: Appointment }) {
  const say = useSay();
  const { me } = useSession();
  const isOwn = me != null && practitionerOf(me) === visit.practitioner;
  return me != null && (isOwn || hasRole(me, 'receptionist', 'clinic_admin')) ? (
    <p>
      <Link to="/claims" search={{ visit: visit.id }} className="link">
        {say('payments.claims')}
      </Link>
    </p>
  ) : null;
}

/** What the desk does about the money of a visit. */
function DeskActs({ visit }: { readonly visit: Appointment }) {
  const { me } = useSession();
  if (me == null || !hasRole(me, 'receptionist', 'clinic_admin')) {
    return null;
  }
  const isOff = visit.state === 'no_show';
  return (
    <>
      {(visit.fee ?? visit.price).minor > 0 && visit.state !== 'requested' && (
        <DeskPayment appointment={visit.id} />
      )}
      {isOff && visit.fee != null && hasRole(me, 'clinic_admin') && (
        <WaiveFee appointment={visit.id} fee={visit.fee} />
      )}
    </>
  );
}

function useTurn(visit: Appointment) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: Act) => {
      const params = { path: { id: visit.id }, header: ifMatch(visit.rev) };
      switch (act) {
        case 'approve':
          return answered(api.POST('/v1/appointments/{id}/approve', { params }));
        case 'decline':
          return answered(api.POST('/v1/appointments/{id}/decline', { params }));
        case 'no-show':
          return answered(api.POST('/v1/appointments/{id}/no-show', { params }));
        case 'finish':
          return answered(api.POST('/v1/appointments/{id}/finish', { params }));
        default:
          return unreachable(act);
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['appointments'] }),
  });
}

function TurnButton({
  act,
  turn,
  label,
  isFirst = false,
}: {
  readonly act: Act;
  readonly turn: { readonly mutate: (act: Act) => void; readonly isPending: boolean };
  readonly label: string;
  readonly isFirst?: boolean;
}) {
  return (
    <button
      type="button"
      className={`button button-quiet${isFirst ? ' button-primary' : ''}`}
      aria-busy={turn.isPending}
      onClick={() => turn.mutate(act)}
    >
      {label}
    </button>
  );
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
