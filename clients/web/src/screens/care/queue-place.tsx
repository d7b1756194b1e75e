import type { Schemas } from '@bedside/core';
import { ApiProblem, answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { dateIn, OWN_ZONE, useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import type { Service } from '../booking/directory.ts';
import { forgetPlace, rememberedPlace, rememberPlace } from './queue-memory.ts';

const ASK_EVERY_MS = 5_000;
const TIMES_A_DAY = 20;

/** The queue of a visit type that is given now. The place outlives a reload of this browser. */
export function QueuePlace({ service }: { readonly service: Service }) {
  const say = useSay();
  const format = useFormat();
  const [place, setPlace] = useState(() => rememberedPlace(service.id));
  const leave = (): void => {
    forgetPlace(service.id);
    setPlace(null);
  };
  return (
    <section className="card" aria-label={say('wait.now')} data-testid="queue-place">
      <h2>{say('wait.now')}</h2>
      <p className="hint">
        {service.name}, {say('common.minutes', { count: service.duration_min })},{' '}
        {format.money(service.price)}
      </p>
      {place === null ? (
        <Join
          service={service}
          onJoined={(id) => {
            rememberPlace(service.id, id);
            setPlace(id);
          }}
        />
      ) : (
        <Standing id={place} onGone={leave} />
      )}
    </section>
  );
}

function Join({
  service,
  onJoined,
}: {
  readonly service: Service;
  readonly onJoined: (id: string) => void;
}) {
  const say = useSay();
  const join = useMutation({
    mutationFn: () => joinOrFind(service.id, 1),
    onSuccess: ({ id }) => onJoined(id),
  });
  const isElsewhere = join.error instanceof ApiProblem && join.error.kind === 'exists';
  return (
    <>
      {isElsewhere ? (
        <Notice kind="warning">{say('wait.lost')}</Notice>
      ) : (
        <ProblemNotice error={join.error} />
      )}
      <div className="actions">
        <button
          type="button"
          className="button button-primary"
          aria-busy={join.isPending}
          onClick={() => join.mutate()}
        >
          <span aria-hidden="true">{say('wait.queueJoin')}</span>
          <span className="visually-hidden">
            {say('wait.queueJoinOf', { service: service.name })}
          </span>
        </button>
      </div>
    </>
  );
}

/**
 * The keys of a day are the same in every browser of this person: asked with one that was used, the server tells the place
 * that it made then. So a place is found again after signing out, and one that is over leads to the next key.
 */
async function joinOrFind(service: string, time: number): Promise<Schemas['QueueEntryView']> {
  const key = `queue-${service}-${dateIn(Date.now(), OWN_ZONE)}-${time}`;
  const params = { header: { 'Idempotency-Key': key } };
  const place = await answered(api.POST('/v1/queue', { params, body: { service } }));
  return place.state === 'waiting' || time === TIMES_A_DAY ? place : joinOrFind(service, time + 1);
}

function Standing({ id, onGone }: { readonly id: string; readonly onGone: () => void }) {
  const say = useSay();
  const client = useQueryClient();
  useLive(['queue.'], [['queue-place', id]]);
  const place = useQuery({
    queryKey: ['queue-place', id],
    queryFn: () => answered(api.GET('/v1/queue/{id}', { params: { path: { id } } })),
    refetchInterval: ASK_EVERY_MS,
  });
  const leave = useMutation({
    mutationFn: () => answered(api.POST('/v1/queue/{id}/leave', { params: { path: { id } } })),
    onSuccess: onGone,
    onError: () => client.invalidateQueries({ queryKey: ['queue-place', id] }),
  });
  const { data, error } = place;
  const isNobodys = error instanceof ApiProblem && (error.status === 404 || error.status === 403);
  if (isNobodys || data?.state === 'left') {
    return (
      <div className="actions">
        <button type="button" className="button" onClick={onGone}>
          {say('wait.now')}
        </button>
      </div>
    );
  }
  if (data?.state === 'taken' && data.appointment != null) {
    return (
      <>
        <Notice kind="good">{say('wait.taken')}</Notice>
        <div className="actions">
          <Link
            to="/visit/$id"
            params={{ id: data.appointment }}
            className="button button-primary"
            onClick={onGone}
          >
            <Icon name="camera" />
            {say('wait.go')}
          </Link>
        </div>
      </>
    );
  }
  const ahead = data?.ahead ?? null;
  return (
    <>
      <p>{say('wait.nowText')}</p>
      {ahead !== null && (
        <p className="big-moment" role="status" data-testid="ahead">
          {ahead === 0 ? say('wait.next') : say('wait.ahead', { count: ahead })}
        </p>
      )}
      <ProblemNotice error={error ?? leave.error} />
      <div className="actions">
        <button
          type="button"
          className="button button-quiet"
          aria-busy={leave.isPending}
          onClick={() => leave.mutate()}
        >
          {say('wait.leave')}
        </button>
      </div>
    </>
  );
}
