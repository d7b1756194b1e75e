import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '../app/navigation.tsx';
import { api } from '../app/api.ts';
import { patientOf, useSession } from '../app/session.ts';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';

const STEPS = [
  ['calendar', 'home.step1'],
  ['camera', 'home.step2'],
  ['people', 'home.step3'],
] as const;

export function HomeScreen() {
  const say = useSay();
  const { me } = useSession();
  return (
    <div className="home">
      <section className="home-hero">
        <Heading title={say('nav.home')}>{say('home.title')}</Heading>
        <p className="lead">{say('home.lead')}</p>
        <div className="actions">
          <Link to="/find" className="button button-primary button-large">
            <Icon name="search" />
            {say('nav.find')}
          </Link>
          {me != null && patientOf(me) !== null && (
            <Link to="/appointments" className="button button-large">
              {say('nav.appointments')}
            </Link>
          )}
          {me === null && (
            <Link to="/sign-in" className="button button-large">
              {say('nav.signIn')}
            </Link>
          )}
        </div>
      </section>
      <section aria-labelledby="steps">
        <h2 id="steps" className="visually-hidden">
          {say('home.steps')}
        </h2>
        <ol className="steps">
          {STEPS.map(([icon, key], index) => (
            <li key={key} className="step">
              <span className="step-emblem">
                <Icon name={icon} />
              </span>
              <span className="step-number" aria-hidden="true">
                {index + 1}
              </span>
              <span>{say(key)}</span>
            </li>
          ))}
        </ol>
      </section>
      <section className="card card-soft" aria-labelledby="have-link">
        <h2 id="have-link">{say('home.haveLink')}</h2>
        <p>{say('home.haveLinkText')}</p>
        <a href="/join" className="link">
          {say('join.noLink')}
        </a>
      </section>
      <ClinicPhones />
    </div>
  );
}

function ClinicPhones() {
  const say = useSay();
  const { data } = useQuery({
    queryKey: ['clinics'],
    queryFn: () => answered(api.GET('/v1/clinics')),
  });
  const reachable = (data?.items ?? []).filter(({ phone }) => phone != null).slice(0, 3);
  return reachable.map(({ id, name, phone }) => (
    <p key={id} className="clinic-line">
      <strong>{name}</strong>
      <a className="link" href={`tel:${phone?.replaceAll(' ', '')}`}>
        <bdi dir="ltr">{say('home.clinicPhone', { phone: phone ?? '' })}</bdi>
      </a>
    </p>
  ));
}
