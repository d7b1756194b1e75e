import type { BookingInput, BookingState } from '@bedside/core';
import { charsOver, durationText } from '@bedside/core';
import { type FormEvent, type ReactNode, Suspense, useEffect, useState } from 'react';
import { OWN_ZONE, sameClock, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { TextArea } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loading, ProblemNotice } from '../../parts/notice.tsx';
import { LazyPatientShare } from '../insurance/lazy-share.tsx';
import type { Service } from './directory.ts';
import { isPaidFirst } from './paid-first.ts';

const REASON_CHARS_MAX = 500;
const MINUTE_MS = 60_000;

type Open = Extract<BookingState, { phase: 'held' | 'asking' | 'booking' }>;

export function ConfirmCard({
  name,
  zone,
  service,
  start,
  state,
  dispatch,
  otherTimes,
  patient,
}: {
  readonly name: string;
  readonly zone: string;
  readonly service: Service;
  readonly start: string;
  readonly state: Open;
  readonly dispatch: (input: BookingInput) => void;
  readonly otherTimes: ReactNode;
  /** For whom. */
  readonly patient: string;
}) {
  const say = useSay();
  const [reason, setReason] = useState('');
  const notice = state.phase === 'booking' ? null : state.notice;
  const asks = service.needs_approval === true;
  // A time that is paid first is kept with its reason, and booked by the money.
  const paysFirst = state.phase !== 'held' && state.paysFirst;
  const label = asks ? 'book.request' : 'book.confirm';
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        dispatch({ kind: 'confirmed', reason });
      }}
    >
      <Heading title={say('book.title')}>{say('book.title')}</Heading>
      <VisitFacts name={name} zone={zone} service={service} start={start} />
      {service.pay === 'insurance' && service.price.minor > 0 && (
        <Suspense fallback={<Loading />}>
          <LazyPatientShare patient={patient} price={service.price} start={start} zone={zone} />
        </Suspense>
      )}
      {state.phase === 'held' && (
        <Countdown
          expiresAtMs={state.hold.expiresAtMs}
          onOver={() => dispatch({ kind: 'time-passed' })}
        />
      )}
      <TextArea
        label={say('book.reason')}
        hint={say('book.reasonHint')}
        isOptional
        rows={2}
        charsMax={REASON_CHARS_MAX}
        value={reason}
        onChange={setReason}
      />
      {notice?.kind === 'refused' && <ProblemNotice error={notice.error} />}
      <CancelTerms service={service} start={start} />
      <div className="actions actions-sticky">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={state.phase === 'booking'}
          disabled={charsOver(reason, REASON_CHARS_MAX) > 0}
        >
          {say(paysFirst ? 'book.toPay' : label)}
        </button>
        {otherTimes}
      </div>
    </form>
  );
}

export function VisitFacts({
  name,
  zone,
  service,
  start,
}: {
  readonly name: string;
  readonly zone: string;
  readonly service: Service;
  readonly start: string;
}) {
  const say = useSay();
  const format = useFormat();
  const free = service.price.minor === 0;
  return (
    <dl className="facts">
      <div>
        <dt className="visually-hidden">{say('audit.when')}</dt>
        <dd className="big-moment">
          <Icon name="calendar" />
          <span>
            {format.day(start)}, {format.time(start)}
            {!sameClock(zone, OWN_ZONE, start) && (
              <span className="hint">
                {say('slots.clinicTime', { time: format.moment(start, zone) })}
              </span>
            )}
          </span>
        </dd>
      </div>
      <div>
        <dt className="visually-hidden">{say('slots.service')}</dt>
        <dd>
          {service.name}, {say('common.minutes', { count: service.duration_min })}
        </dd>
      </div>
      <div>
        <dt className="visually-hidden">{say('audit.who')}</dt>
        <dd>{say('slots.with', { name })}</dd>
      </div>
      <div>
        <dt className="visually-hidden">{say('book.price')}</dt>
        <dd>
          {free ? say('book.free') : format.money(service.price)}
          {!free && service.pay === 'pay_after' && `, ${say('book.payAfter')}`}
          {isPaidFirst(service) && `, ${say('book.payFirst')}`}
        </dd>
      </div>
    </dl>
  );
}

function CancelTerms({ service, start }: { readonly service: Service; readonly start: string }) {
  const say = useSay();
  const format = useFormat();
  const {
    free_until_min: freeMin,
    late_fee_minor: late,
    no_show_fee_minor: noShow,
  } = service.cancel;
  const { currency } = service.price;
  const until = new Date(start).getTime() - freeMin * MINUTE_MS;
  const now = useNow(MINUTE_MS);
  return (
    <p className="hint">
      {until > now && `${say('book.cancelFree', { when: format.moment(until) })} `}
      {late !== undefined &&
        late > 0 &&
        `${say('book.cancelFee', { fee: format.money({ minor: late, currency }) })} `}
      {noShow !== undefined &&
        noShow > 0 &&
        say('book.noShowFee', { fee: format.money({ minor: noShow, currency }) })}
    </p>
  );
}

/** Seen each second, said each minute. */
function Countdown({
  expiresAtMs,
  onOver,
}: {
  readonly expiresAtMs: number;
  readonly onOver: () => void;
}) {
  const say = useSay();
  const now = useNow(1_000);
  const left = expiresAtMs - now;
  const isOver = left <= 0;
  useEffect(() => {
    if (isOver) {
      onOver();
    }
  });
  return (
    <div className="countdown" data-testid="countdown">
      <Icon name="clock" />
      <span aria-hidden="true">{say('book.kept', { time: durationText(left) })}</span>
      <span className="visually-hidden" role="status">
        {say('book.keptSpoken', { count: Math.max(1, Math.ceil(left / MINUTE_MS)) })}
      </span>
    </div>
  );
}
