import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { Link, useSearch } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { usePatientName } from '../../parts/patient-name.ts';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { stateKey } from '../patient/state-words.ts';

type Appointment = Schemas['AppointmentView'];

const VISITS_MAX = 26;
const OPEN: ReadonlySet<string> = new Set(['requested', 'booked']);

const seriesKey = (series: string) => ['appointments', 'series', series];

/** Visits that were booked together, and calling off what is left of them. */
export function SeriesScreen() {
  const say = useSay();
  const format = useFormat();
  const { series = '', skipped = '' } = useSearch('series', 'skipped');
  const left = skipped.split(' ').filter((start) => !Number.isNaN(Date.parse(start)));
  const visits = useQuery({
    queryKey: seriesKey(series),
    queryFn: async () => {
      const query = { series, limit: VISITS_MAX };
      const { items } = await answered(api.GET('/v1/appointments', { params: { query } }));
      return items.toSorted((a, b) => a.start.localeCompare(b.start));
    },
  });
  return (
    <StaffOnly title={say('series.title')} roles={['practitioner', 'receptionist', 'clinic_admin']}>
      {() => (
        <div className="narrow">
          <Heading title={say('series.title')}>{say('series.title')}</Heading>
          {left.length > 0 && (
            <Notice kind="warning">
              <p>{say('series.skipped')}</p>
              <ul>
                {left.map((start) => (
                  <li key={start}>{format.moment(start)}</li>
                ))}
              </ul>
            </Notice>
          )}
          <Asked query={visits}>
            {(items) =>
              items[0] === undefined ? (
                <Notice kind="plain">{say('error.not-found')}</Notice>
              ) : (
                <Series series={series} visits={items} first={items[0]} />
              )
            }
          </Asked>
        </div>
      )}
    </StaffOnly>
  );
}

function Series({
  series,
  visits,
  first,
}: {
  readonly series: string;
  readonly visits: readonly Appointment[];
  readonly first: Appointment;
}) {
  const say = useSay();
  const format = useFormat();
  const now = useNow(60_000);
  const patient = usePatientName(first.patient ?? null);
  const doctor = useQuery(practitionerQuery(first.practitioner));
  const service = useQuery(serviceQuery(first.service));
  const open = visits.filter(
    ({ state, start }) => OPEN.has(state) && new Date(start).getTime() > now,
  );
  const what = [service.data?.name, doctor.data === undefined ? '' : nameOf(doctor.data.profile)];
  return (
    <>
      <section className="card">
        {first.patient == null ? (
          <h2>{patient}</h2>
        ) : (
          <h2>
            <Link to="/patients/$id" params={{ id: first.patient }} className="row-link">
              {patient}
            </Link>
          </h2>
        )}
        <p className="hint">{what.filter(Boolean).join(' · ')}</p>
        <ol className="rows">
          {visits.map(({ id, start, state }) => (
            <li key={id} className="row" data-testid="series-visit" data-state={state}>
              <span className="row-main">{format.moment(start)}</span>
              <span className="badge-state" data-state={state}>
                {say(stateKey(state))}
              </span>
            </li>
          ))}
        </ol>
      </section>
      {open.length > 0 && <CancelRest series={series} count={open.length} />}
    </>
  );
}

function CancelRest({ series, count }: { readonly series: string; readonly count: number }) {
  const say = useSay();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const cancel = useMutation({
    mutationFn: () => {
      const params = { path: { id: series }, header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/appointments/series/{id}/cancel', { params }));
    },
    onSuccess: () => setAsking(false),
    onSettled: () => client.invalidateQueries({ queryKey: ['appointments'] }),
  });
  return (
    <div className="actions">
      <button type="button" className="button button-danger-quiet" onClick={() => setAsking(true)}>
        {say('series.cancel')}
      </button>
      {isAsking && (
        <Dialog title={say('series.cancelTitle', { count })} onClose={() => setAsking(false)}>
          <p>{say('series.cancelText')}</p>
          <ProblemNotice error={cancel.error} />
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              aria-busy={cancel.isPending}
              onClick={() => cancel.mutate()}
            >
              {say('series.cancel')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {say('common.back')}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
