import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, navigate, useSearch } from '../../app/navigation.tsx';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { patientOf, useSession } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Loading, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { BookedCard } from './booked-card.tsx';
import { BookingMachine } from './booking-machine.ts';
import { ConfirmCard, VisitFacts } from './confirm-card.tsx';
import { isPaidFirst } from './paid-first.ts';
import { nameOf, practitionerQuery, type Service, serviceQuery } from './directory.ts';

/** One time: kept, confirmed, booked. Whoever is not signed in comes back here afterwards. */
export function BookScreen() {
  const say = useSay();
  const { practitioner, service } = useBooking();
  const { me } = useSession();
  const doctor = useQuery(practitionerQuery(practitioner));
  const kind = useQuery(serviceQuery(service));
  return (
    <div className="narrow">
      <Asked query={doctor}>
        {({ profile, time_zone: zone }) => (
          <Asked query={kind}>
            {(terms) => {
              const facts = { name: nameOf(profile), zone, service: terms };
              if (me === undefined) {
                return <Loading />;
              }
              if (me === null) {
                return <SignInFirst {...facts} />;
              }
              const patient = patientOf(me);
              return patient === null ? (
                <Notice kind="plain">{say('profile.noProfile')}</Notice>
              ) : (
                <Booking {...facts} patient={patient} />
              );
            }}
          </Asked>
        )}
      </Asked>
    </div>
  );
}

interface Facts {
  readonly name: string;
  readonly zone: string;
  readonly service: Service;
}

function SignInFirst({ name, zone, service }: Facts) {
  const say = useSay();
  const search = useBooking();
  const next = `/book?${new URLSearchParams(search).toString()}`;
  return (
    <section className="card">
      <Heading title={say('book.title')}>{say('book.title')}</Heading>
      <VisitFacts name={name} zone={zone} service={service} start={search.start} />
      <p>{say('book.signIn')}</p>
      <div className="actions">
        <Link to="/sign-in" search={{ next }} className="button button-primary">
          {say('nav.signIn')}
        </Link>
        <Link to="/register" search={{ next }} className="button">
          {say('nav.register')}
        </Link>
      </div>
    </section>
  );
}

function Booking({ name, zone, service, patient }: Facts & { readonly patient: string }) {
  const say = useSay();
  const client = useQueryClient();
  const search = useBooking();
  const [machine] = useState(() => new BookingMachine(service.id, patient));
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  const { start, practitioner } = search;
  const needsApproval = service.needs_approval === true;
  const paysFirst = isPaidFirst(service);
  useEffect(() => {
    const slot = { start, practitioner, end: start };
    machine.dispatch({ kind: 'slot-chosen', slot, needsApproval, paysFirst });
  }, [machine, start, practitioner, needsApproval, paysFirst]);
  const toPay = state.phase === 'held' && paysFirst ? state.hold.id : null;
  useEffect(() => {
    if (toPay !== null) {
      navigate({ to: '/pay/$id', params: { id: toPay } }, { replaces: true });
    }
  }, [toPay]);
  useEffect(() => {
    if (state.phase === 'booked') {
      void client.invalidateQueries({ queryKey: ['appointments'] });
      void client.invalidateQueries({ queryKey: ['slots'] });
    }
  }, [state.phase, client]);
  const otherTimes = (
    <Link
      to="/practitioners/$id"
      params={{ id: practitioner }}
      search={{ service: service.id, from: start }}
      className="button"
      onClick={() => machine.dispatch({ kind: 'other-time' })}
    >
      {say('book.other')}
    </Link>
  );
  if (toPay !== null) {
    return <Loading />;
  }
  switch (state.phase) {
    case 'choosing':
      return state.notice === null ? (
        <Loading />
      ) : (
        <section className="card">
          <Heading title={say('book.title')}>{say('book.title')}</Heading>
          {state.notice.kind === 'expired' ? (
            <Notice kind="warning">{say('book.expired')}</Notice>
          ) : (
            <ProblemNotice error={state.notice.error} />
          )}
          <div className="actions">{otherTimes}</div>
        </section>
      );
    case 'holding':
      return (
        <section className="card">
          <Heading title={say('book.title')}>{say('book.title')}</Heading>
          <VisitFacts name={name} zone={zone} service={service} start={start} />
          <p className="loading" role="status">
            <span className="spinner" aria-hidden="true" />
            {say('book.holding')}
          </p>
        </section>
      );
    case 'held':
    case 'asking':
    case 'booking':
      return (
        <ConfirmCard
          name={name}
          zone={zone}
          service={service}
          start={start}
          state={state}
          dispatch={machine.dispatch}
          otherTimes={otherTimes}
          patient={patient}
        />
      );
    case 'booked':
      return (
        <BookedCard
          name={name}
          zone={zone}
          service={service}
          start={start}
          appointment={state.appointment}
          requested={state.requested}
        />
      );
    default:
      return unreachable(state);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled booking: ${JSON.stringify(value)}`);
}

/** What was chosen, from the address. */
function useBooking(): { practitioner: string; service: string; start: string } {
  const {
    practitioner = '',
    service = '',
    start = '',
  } = useSearch('practitioner', 'service', 'start');
  return { practitioner, service, start };
}
