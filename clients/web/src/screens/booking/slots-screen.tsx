import type { Schemas } from '@bedside/core';
import { answered, initialsOf } from '@bedside/core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, navigate, useSearch, useShownId } from '../../app/navigation.tsx';
import { lazy, Suspense, useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE, sameClock, startOfDay, useFormat } from '../../app/format.ts';
import { saying, useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { SelectField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Loading, Notice } from '../../parts/notice.tsx';
import { LazySeriesDialog } from '../care/lazy-series.tsx';
import { DayChooser, daysOf } from './day-chooser.tsx';
import { listOf, nameOf, practitionerQuery, type Service, servicesQuery } from './directory.ts';
import { capital } from './find-screen.tsx';
import { MoveDialog } from './move-dialog.tsx';

type Slot = Schemas['SlotView'];

/** Where they cannot be fetched, times can be booked all the same. */
const LazyDoctorReviews = lazy(async () => {
  try {
    const code = import('../care/doctor-reviews.tsx');
    return { default: (await saying(['care'], code)).DoctorReviews };
  } catch {
    return { default: () => null };
  }
});

const DAYS_SHOWN = 7;
const SEARCH_DAYS = 60;

export function SlotsScreen() {
  const id = useShownId();
  const practitioner = useQuery(practitionerQuery(id));
  return (
    <Asked query={practitioner}>
      {(data) => (
        <PractitionerTimes
          id={id}
          clinic={data.clinic_id}
          zone={data.time_zone}
          profile={data.profile}
        />
      )}
    </Asked>
  );
}

function PractitionerTimes({
  id,
  clinic,
  zone,
  profile,
}: {
  readonly id: string;
  readonly clinic: string;
  readonly zone: string;
  readonly profile: object;
}) {
  const say = useSay();
  const search = useSearch('service', 'from', 'move', 'series');
  const services = useQuery(servicesQuery(clinic));
  const name = nameOf(profile);
  return (
    <>
      <Heading title={say('slots.title')}>{say('slots.title')}</Heading>
      <div className="who">
        <span className="doctor-face" aria-hidden="true">
          {initialsOf(name)}
        </span>
        <p>
          <strong>{say('slots.with', { name })}</strong>
          <br />
          {listOf(profile, 'specialties').map(capital).join(', ')}
        </p>
      </div>
      <Asked query={services}>
        {({ items }) => {
          const offered = items.filter(
            (service) => service.active !== false && service.practitioners.includes(id),
          );
          const service = offered.find((one) => one.id === search.service) ?? offered[0];
          return (
            <>
              {offered.length > 1 && service !== undefined && (
                <SelectField
                  label={say('slots.service')}
                  options={offered.map((one) => ({ value: one.id, label: one.name }))}
                  value={service.id}
                  onChange={(chosen) =>
                    navigate(
                      {
                        to: '/practitioners/$id',
                        params: { id },
                        search: { ...search, service: chosen },
                      },
                      { replaces: true },
                    )
                  }
                />
              )}
              {service === undefined ? (
                <Notice kind="plain">{say('find.noTime')}</Notice>
              ) : (
                <Times key={service.id} practitioner={id} service={service} zone={zone} />
              )}
            </>
          );
        }}
      </Asked>
      <Suspense fallback={null}>
        <LazyDoctorReviews practitioner={id} />
      </Suspense>
    </>
  );
}

function Times({
  practitioner,
  service,
  zone,
}: {
  readonly practitioner: string;
  readonly service: Service;
  readonly zone: string;
}) {
  const say = useSay();
  const format = useFormat();
  // `series`: for whom staff look for the first of several.
  const { from: wanted, move, series } = useSearch('from', 'move', 'series');
  const [from, setFrom] = useState(() => startOfDay(wanted ?? Date.now(), OWN_ZONE));
  const [day, setDay] = useState(() => startOfDay(wanted ?? Date.now(), OWN_ZONE).getTime());
  const [moving, setMoving] = useState<Slot | null>(null);
  const slots = useSlots(service.id, practitioner, from);
  const show = (start: Date): void => {
    setFrom(start);
    setDay(start.getTime());
  };
  const choose = (slot: Slot): void => {
    if (move === undefined && series === undefined) {
      const search = { practitioner: slot.practitioner, service: service.id, start: slot.start };
      navigate({ to: '/book', search });
    } else {
      setMoving(slot);
    }
  };
  const now = useNow(60_000);
  const differs = !sameClock(zone, OWN_ZONE, from);
  return (
    <>
      <p className="hint">
        {differs
          ? say('slots.zoneOther', { zone: format.zone(OWN_ZONE), clinicZone: format.zone(zone) })
          : say('slots.zone', { zone: format.zone(OWN_ZONE) })}
      </p>
      <Asked query={slots}>
        {({ items }) => (
          <DayChooser
            days={daysOf(from, DAYS_SHOWN)}
            slots={items}
            day={day}
            clinicZone={differs ? zone : null}
            canGoBack={from.getTime() > now}
            onDay={setDay}
            onPage={(pages) => show(startOfDay(from, OWN_ZONE, pages * DAYS_SHOWN))}
            onSlot={choose}
            onNextFree={show}
            findNextFree={() => nextFree(service.id, practitioner, from)}
          />
        )}
      </Asked>
      {move === undefined && series === undefined && service.needs_approval !== true && (
        <p>
          <Link
            to="/waiting"
            search={{ service: service.id, practitioner }}
            className="button button-quiet"
          >
            {say('slots.wait')}
          </Link>
        </p>
      )}
      {series !== undefined && moving !== null && (
        <Suspense fallback={<Loading />}>
          <LazySeriesDialog
            patient={series}
            service={service.id}
            slot={moving}
            onClose={() => setMoving(null)}
          />
        </Suspense>
      )}
      {move !== undefined && moving !== null && (
        <MoveDialog appointment={move} slot={moving} onClose={() => setMoving(null)} />
      )}
    </>
  );
}

function useSlots(service: string, practitioner: string, from: Date) {
  const client = useQueryClient();
  const until = startOfDay(from, OWN_ZONE, DAYS_SHOWN);
  const options = (start: Date, end: Date) => ({
    queryKey: ['slots', service, practitioner, start.toISOString()],
    queryFn: () => readSlots(service, practitioner, start, end, 500),
  });
  // The next days are asked for ahead: "later" is what people press.
  const later = startOfDay(from, OWN_ZONE, 2 * DAYS_SHOWN);
  void client.prefetchQuery(options(until, later));
  return useQuery({ ...options(from, until), placeholderData: keepPreviousData });
}

function readSlots(service: string, practitioner: string, from: Date, to: Date, limit: number) {
  const query = {
    service,
    practitioner,
    from: from.toISOString(),
    to: to.toISOString(),
    tz: OWN_ZONE,
    limit,
  };
  return answered(api.GET('/v1/slots', { params: { query } }));
}

async function nextFree(service: string, practitioner: string, after: Date): Promise<Date | null> {
  const to = startOfDay(after, OWN_ZONE, SEARCH_DAYS);
  const { items } = await readSlots(service, practitioner, after, to, 1);
  return items[0] === undefined ? null : startOfDay(items[0].start, OWN_ZONE);
}
