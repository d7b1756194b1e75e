import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { navigate } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { isPaidFirst } from '../booking/paid-first.ts';

const STATES = ['waiting', 'offered', 'booked', 'withdrawn', 'ended'] as const;

type Entry = Schemas['WaitlistEntryView'];

export function waitStateKey(word: string) {
  const state = STATES.find((one) => one === word);
  return state === undefined ? 'common.unknown' : (`wait.state.${state}` as const);
}

/** One place on the waitlist; a time that is offered is booked from here. */
export function WaitlistPlace({ entry }: { readonly entry: Entry }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const service = useQuery(serviceQuery(entry.service));
  const doctor = useQuery({
    ...practitionerQuery(entry.practitioner ?? ''),
    enabled: entry.practitioner != null,
  });
  const withdraw = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/waitlist/{id}/withdraw', { params: { path: { id: entry.id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['waitlist'] }),
  });
  const who = doctor.data === undefined ? say('wait.anybody') : nameOf(doctor.data.profile);
  // The last day itself is meant: the span ends at the midnight after it.
  const last = format.shortDay(new Date(entry.to).getTime() - 1);
  const isOpen = entry.state === 'waiting' || entry.state === 'offered';
  return (
    <li className="card" data-testid="waitlist-place" data-state={entry.state}>
      <h2>{service.data?.name ?? '…'}</h2>
      <p className="hint">
        {who} · {say('wait.between', { first: format.shortDay(entry.from), last })}
      </p>
      <p>
        <span className="badge-state" data-state={entry.state}>
          {say(waitStateKey(entry.state))}
        </span>
      </p>
      {entry.state === 'offered' && entry.appointment != null && (
        <Offer
          hold={entry.appointment}
          paysFirst={service.data !== undefined && isPaidFirst(service.data)}
        />
      )}
      <ProblemNotice error={withdraw.error} />
      {isOpen && (
        <div className="actions">
          <button
            type="button"
            className="button button-quiet"
            aria-busy={withdraw.isPending}
            onClick={() => withdraw.mutate()}
          >
            {say('wait.withdraw')}
          </button>
        </div>
      )}
    </li>
  );
}

/** The time that is kept. One that is paid first is booked by the money. */
function Offer({ hold, paysFirst }: { readonly hold: string; readonly paysFirst: boolean }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const [key] = useState(() => crypto.randomUUID());
  const kept = useQuery({
    queryKey: ['appointment', hold],
    queryFn: () => answered(api.GET('/v1/appointments/{id}', { params: { path: { id: hold } } })),
  });
  const take = useMutation({
    mutationFn: () => {
      const params = { header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/appointments', { params, body: { hold_id: hold } }));
    },
    onSuccess: () => navigate({ to: '/appointments' }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['waitlist'] });
      await client.invalidateQueries({ queryKey: ['appointments'] });
    },
  });
  return (
    <>
      {kept.data !== undefined && (
        <p className="big-moment" role="status">
          {say('wait.offer', {
            when: format.moment(kept.data.start),
            until: format.moment(kept.data.expires_at ?? kept.data.start),
          })}
        </p>
      )}
      <ProblemNotice error={kept.error ?? take.error} />
      <div className="actions">
        <button
          type="button"
          className="button button-primary"
          aria-busy={take.isPending}
          onClick={() =>
            paysFirst ? navigate({ to: '/pay/$id', params: { id: hold } }) : take.mutate()
          }
        >
          {say(paysFirst ? 'book.toPay' : 'wait.take')}
        </button>
      </div>
    </>
  );
}
