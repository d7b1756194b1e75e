import type { PayerAct, Payment, PayView } from '@bedside/core';
import { answered, durationText, isOpenPayment, owedFor, payView } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../app/api.ts';
import { type Money, useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link, useShownId } from '../../app/navigation.tsx';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { methodsQuery, paymentsOfVisit, visitQuery } from './money-queries.ts';
import { wayKey } from './money-words.ts';
import { PayForm } from './pay-form.tsx';

/** While something is open it is asked for this often, besides what the socket tells. */
const ASK_EVERY_MS = 5_000;

/** Pays for one visit: a time that is kept until then, or one that is booked or over. */
export function PayScreen() {
  const say = useSay();
  const id = useShownId();
  return (
    <div className="narrow">
      <Heading title={say('pay.title')}>{say('pay.title')}</Heading>
      <SignedIn>{() => <Pay key={id} id={id} />}</SignedIn>
    </div>
  );
}

function Pay({ id }: { readonly id: string }) {
  useLive(
    ['payment.', 'appointment.', 'invoice.'],
    [
      ['payments', 'visit', id],
      ['appointment', id],
    ],
  );
  const payments = useQuery({
    ...paymentsOfVisit(id),
    refetchInterval: ({ state }) => (state.data?.some(isOpenPayment) ? ASK_EVERY_MS : false),
  });
  const visit = useQuery(visitQuery(id));
  const methods = useQuery(methodsQuery);
  return (
    <Asked query={visit}>
      {(appointment) => (
        <Asked query={payments}>
          {(made) => (
            <Asked query={methods}>
              {(ways) => (
                <Standing appointment={appointment} payments={made} methods={ways.methods} />
              )}
            </Asked>
          )}
        </Asked>
      )}
    </Asked>
  );
}

interface Visit {
  readonly id: string;
  readonly state: string;
  readonly start: string;
  readonly practitioner: string;
  readonly service: string;
  readonly price: Money;
  readonly fee?: Money | null;
}

function Standing({
  appointment,
  payments,
  methods,
}: {
  readonly appointment: Visit;
  readonly payments: readonly Payment[];
  readonly methods: readonly string[];
}) {
  const say = useSay();
  const now = useNow(1_000);
  const owed = { ...appointment.price, minor: owedFor(appointment) };
  const view = payView(payments, methods, owed.minor, now);
  const isGone = appointment.state === 'expired' && view.kind === 'choose';
  return (
    <section className="card" data-testid="pay" data-standing={view.kind}>
      <VisitLine visit={appointment} />
      {isGone ? (
        <>
          <Notice kind="warning">{say('pay.gone')}</Notice>
          <div className="actions">
            <Link
              to="/practitioners/$id"
              params={{ id: appointment.practitioner }}
              search={{ service: appointment.service }}
              className="button button-primary"
            >
              {say('book.other')}
            </Link>
          </div>
        </>
      ) : (
        <Step view={view} appointment={appointment} owed={owed} />
      )}
    </section>
  );
}

function VisitLine({ visit }: { readonly visit: Visit }) {
  const say = useSay();
  const format = useFormat();
  const doctor = useQuery(practitionerQuery(visit.practitioner));
  const service = useQuery(serviceQuery(visit.service));
  const name = doctor.data === undefined ? '' : nameOf(doctor.data.profile);
  return (
    <div>
      <p className="big-moment">{format.moment(visit.start)}</p>
      <p className="hint">{say('book.doneText', { service: service.data?.name ?? '', name })}</p>
    </div>
  );
}

function Step({
  view,
  appointment,
  owed,
}: {
  readonly view: PayView;
  readonly appointment: Visit;
  readonly owed: Money;
}) {
  const say = useSay();
  const format = useFormat();
  switch (view.kind) {
    case 'free':
      return (
        <>
          <Notice kind="good">{say('pay.free')}</Notice>
          <ToAppointments />
        </>
      );
    case 'paid': {
      const amount = format.money(view.payment.amount);
      return (
        <>
          <Notice kind="good">
            <p>{say(view.isReserved ? 'pay.reservedText' : 'pay.paidText', { amount })}</p>
            {appointment.state === 'booked' && <p>{say('pay.booked')}</p>}
          </Notice>
          {view.payment.receipt != null && (
            <p className="hint">{say('pay.receipt', { number: view.payment.receipt })}</p>
          )}
          <ToAppointments />
        </>
      );
    }
    case 'open':
      return <Open payment={view.payment} act={view.act} />;
    case 'choose':
      return (
        <>
          {view.last !== null && <Notice kind="warning">{say('pay.failed')}</Notice>}
          {view.hasCard && <Notice kind="plain">{say('pay.noCard')}</Notice>}
          {view.methods.length === 0 ? (
            <>
              {!view.hasCard && <Notice kind="plain">{say('pay.noWay')}</Notice>}
              <ToAppointments />
            </>
          ) : (
            <PayForm
              // Another try is another wish: a key of its own, once the last one has ended.
              key={view.last?.id ?? ''}
              appointment={appointment.id}
              amount={owed}
              methods={view.methods}
            />
          )}
        </>
      );
    default:
      return unreachable(view);
  }
}

function ToAppointments() {
  const say = useSay();
  return (
    <div className="actions">
      <Link to="/appointments" className="button button-primary">
        {say('book.toAppointments')}
      </Link>
      <Link to="/invoices" className="button">
        {say('invoices.title')}
      </Link>
    </div>
  );
}

/** A payment that is not finished: what the payer does about it. No other can begin meanwhile. */
function Open({ payment, act }: { readonly payment: Payment; readonly act: PayerAct }) {
  const say = useSay();
  const client = useQueryClient();
  const keep = (answer: Payment): void => {
    client.setQueryData(paymentsOfVisit(payment.appointment).queryKey, (old) =>
      (old ?? []).map((one) => (one.id === answer.id ? answer : one)),
    );
    void client.invalidateQueries({ queryKey: ['appointment', payment.appointment] });
  };
  const look = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/payments/{id}/refresh', { params: { path: { id: payment.id } } })),
    onSuccess: keep,
  });
  const drop = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/payments/{id}/void', { params: { path: { id: payment.id } } })),
    onSuccess: keep,
  });
  // Whoever comes back from a provider's page, or reloads, sees what there is to do: a list does not tell it.
  const ask = look.mutate;
  useEffect(() => ask(), [ask]);
  const provider = say(wayKey(payment.method));
  return (
    <>
      {act.kind === 'telephone' ? (
        <Prompt leftMs={act.leftMs} />
      ) : (
        <p className="lead" role="status">
          {act.kind === 'go' ? say('pay.goText', { provider }) : say('pay.waiting')}
        </p>
      )}
      <ProblemNotice error={look.error ?? drop.error} />
      <div className="actions actions-sticky">
        {act.kind === 'go' && (
          <a className="button button-primary" href={act.address} rel="noreferrer">
            {say('pay.go', { provider })}
          </a>
        )}
        <button
          type="button"
          className={act.kind === 'go' ? 'button' : 'button button-primary'}
          aria-busy={look.isPending}
          onClick={() => look.mutate()}
        >
          {say('pay.look')}
        </button>
        {payment.method !== 'mpesa' && (
          <button
            type="button"
            className="button button-quiet"
            aria-busy={drop.isPending}
            onClick={() => drop.mutate()}
          >
            {say('pay.drop')}
          </button>
        )}
      </div>
    </>
  );
}

/** The countdown is seen each second and said once: what to do, and that it is over. */
function Prompt({ leftMs }: { readonly leftMs: number }) {
  const say = useSay();
  const isOver = leftMs === 0;
  return (
    <>
      <h2>{say('pay.prompted')}</h2>
      <p role="status">{say(isOver ? 'pay.promptOver' : 'pay.promptedText')}</p>
      {!isOver && (
        <p className="countdown" role="timer" data-testid="prompt-left">
          <Icon name="clock" />
          {say('pay.promptLeft', { time: durationText(leftMs) })}
        </p>
      )}
    </>
  );
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
