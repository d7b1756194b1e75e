import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { navigate } from '../../app/navigation.tsx';
import { hasRole, practitionerOf } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { serviceQuery } from '../booking/directory.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { PatientsName } from './messages-screen.tsx';
import { waitStateKey } from './waitlist-place.tsx';

const ASK_EVERY_MS = 10_000;

type Place = Schemas['QueueEntryView'];

/** Who wants a visit now, to be taken one by one; and who waits for a time. */
export function QueueScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('queue.title')} roles={['practitioner', 'receptionist', 'clinic_admin']}>
      {(me) => (
        <div className="narrow">
          <Heading title={say('queue.title')}>{say('queue.title')}</Heading>
          <p className="lead">{say('queue.lead')}</p>
          <Queues practitioner={practitionerOf(me)} />
          {hasRole(me, 'receptionist', 'clinic_admin') && <Waitlist />}
        </div>
      )}
    </StaffOnly>
  );
}

function Queues({ practitioner }: { readonly practitioner: string | null }) {
  const say = useSay();
  useLive(['queue.'], [['queue']]);
  const queue = useQuery({
    queryKey: ['queue'],
    queryFn: () => answered(api.GET('/v1/queue', { params: { query: { limit: 200 } } })),
    refetchInterval: ASK_EVERY_MS,
  });
  return (
    <section className="stack" aria-labelledby="now">
      <h2 id="now">{say('queue.now')}</h2>
      <Asked query={queue}>
        {({ items }) => {
          const waiting = items.filter(({ state }) => state === 'waiting');
          const services = [...new Set(waiting.map(({ service }) => service))];
          return services.length === 0 ? (
            <p className="empty">{say('queue.none')}</p>
          ) : (
            <ul className="visits">
              {services.map((service) => (
                <Queue
                  key={service}
                  service={service}
                  places={waiting.filter((one) => one.service === service)}
                  practitioner={practitioner}
                />
              ))}
            </ul>
          );
        }}
      </Asked>
    </section>
  );
}

function Queue({
  service,
  places,
  practitioner,
}: {
  readonly service: string;
  readonly places: readonly Place[];
  readonly practitioner: string | null;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const kind = useQuery(serviceQuery(service));
  const [key, setKey] = useState(() => crypto.randomUUID());
  const take = useMutation({
    mutationFn: () => {
      const params = { header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/queue/take', { params, body: { service } }));
    },
    onSuccess: ({ id }) => {
      setKey(crypto.randomUUID());
      navigate({ to: '/visit/$id', params: { id } });
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['queue'] }),
  });
  const mayTake = practitioner !== null && kind.data?.practitioners.includes(practitioner) === true;
  return (
    <li className="card" data-testid="queue">
      <h3>{kind.data?.name ?? '…'}</h3>
      <p role="status">
        {say('queue.count', { count: places.length })}
        {places[0] !== undefined &&
          `, ${say('queue.since', { time: format.time(places[0].created_at) })}`}
      </p>
      <ProblemNotice error={take.error} />
      {mayTake && (
        <div className="actions">
          <button
            type="button"
            className="button button-primary"
            aria-busy={take.isPending}
            onClick={() => take.mutate()}
          >
            {say('queue.take')}
          </button>
        </div>
      )}
    </li>
  );
}

function Waitlist() {
  const say = useSay();
  useLive(['waitlist.'], [['waitlist']]);
  const pages = usePages(['waitlist', 'clinic'], (wish) =>
    answered(api.GET('/v1/waitlist', { params: { query: wish } })),
  );
  return (
    <section className="stack" aria-labelledby="waitlist">
      <h2 id="waitlist">{say('queue.waitlist')}</h2>
      <Paged pages={pages} empty={say('queue.waitlistNone')}>
        {(items) => {
          const open = items.filter(({ state }) => state === 'waiting' || state === 'offered');
          return open.length === 0 ? (
            <p className="empty">{say('queue.waitlistNone')}</p>
          ) : (
            <ul className="rows card">
              {open.map((entry) => (
                <Waits key={entry.id} entry={entry} />
              ))}
            </ul>
          );
        }}
      </Paged>
    </section>
  );
}

function Waits({ entry }: { readonly entry: Schemas['WaitlistEntryView'] }) {
  const say = useSay();
  const format = useFormat();
  const kind = useQuery(serviceQuery(entry.service));
  const last = format.shortDay(new Date(entry.to).getTime() - 1);
  return (
    <li className="row">
      <span className="row-main">
        <strong>
          <PatientsName patient={entry.patient} />
        </strong>
        <span className="hint">
          {kind.data?.name ?? '…'} ·{' '}
          {say('wait.between', { first: format.shortDay(entry.from), last })}
        </span>
      </span>
      <span className="badge-state" data-state={entry.state}>
        {say(waitStateKey(entry.state))}
      </span>
    </li>
  );
}
