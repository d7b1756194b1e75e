import type { Payment, PayView } from '@bedside/core';
import { isOpenPayment, isPaid, keptOf, owedByPatient, owedFor, payView } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense } from 'react';
import { type Money, useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link, useShownId } from '../../app/navigation.tsx';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Loading, Notice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { claimOfVisit } from '../insurance/insurance-queries.ts';
import { LazyPatientShare } from '../insurance/lazy-share.tsx';
import { methodsQuery, paymentsOfVisit, visitQuery } from './money-queries.ts';
import { OpenPayment } from './open-payment.tsx';
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
                <ForWhom appointment={appointment} payments={made} methods={ways.methods} />
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
  readonly patient?: string | null;
  readonly state: string;
  readonly start: string;
  readonly practitioner: string;
  readonly service: string;
  readonly price: Money;
  readonly fee?: Money | null;
}

interface Books {
  readonly appointment: Visit;
  readonly payments: readonly Payment[];
  readonly methods: readonly string[];
}

/** What an insurer pays for is divided first. */
function ForWhom(books: Books) {
  const { appointment } = books;
  const service = useQuery(serviceQuery(appointment.service));
  return (
    <Asked query={service}>
      {({ pay }) =>
        pay === 'insurance' ? (
          <Insured {...books} />
        ) : (
          <Standing {...books} owedMinor={owedFor(appointment)} />
        )
      }
    </Asked>
  );
}

/** The patient's part, with what the insurer's decision added to it; before there is a claim, what it will be. */
function Insured(books: Books) {
  const say = useSay();
  const { appointment, payments } = books;
  useLive(['insurance_claim.'], [['claims', 'visit', appointment.id]]);
  const claim = useQuery(claimOfVisit(appointment.id));
  const doctor = useQuery(practitionerQuery(appointment.practitioner));
  return (
    <Asked query={claim}>
      {(found) => {
        if (found !== null) {
          const owed = owedByPatient(found);
          const isShort = owed > keptOf(payments);
          const made = isShort ? payments.filter((one) => !isPaid(one)) : payments;
          return (
            <Standing
              {...books}
              payments={made}
              owedMinor={isShort ? owed - keptOf(payments) : owed}
            />
          );
        }
        return (
          <section className="card" data-testid="pay" data-standing="insured">
            <VisitLine visit={appointment} />
            {appointment.patient != null && doctor.data !== undefined && (
              <Suspense fallback={<Loading />}>
                <LazyPatientShare
                  patient={appointment.patient}
                  price={appointment.price}
                  start={appointment.start}
                  zone={doctor.data.time_zone}
                />
              </Suspense>
            )}
            <p>{say('pay.insured')}</p>
            <ToAppointments />
          </section>
        );
      }}
    </Asked>
  );
}

function Standing({
  appointment,
  payments,
  methods,
  owedMinor,
}: Books & { readonly owedMinor: number }) {
  const say = useSay();
  const now = useNow(1_000);
  const owed = { ...appointment.price, minor: owedMinor };
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
      return <OpenPayment payment={view.payment} act={view.act} />;
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

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
