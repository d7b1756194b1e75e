import type { Visit, VisitEnd } from '@bedside/core';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';

const TITLES = { ended: 'visit.over', removed: 'visit.removed', denied: 'visit.denied' } as const;

export function OverCard({ visit, how }: { readonly visit: Visit; readonly how: VisitEnd }) {
  const say = useSay();
  const { phone } = visit.clinic;
  return (
    <section className="card card-narrow card-message" data-testid="over" data-how={how}>
      <span className="card-emblem">
        <Icon name={how === 'ended' ? 'check' : 'notice'} />
      </span>
      <Heading title={say(TITLES[how])}>{say(TITLES[how])}</Heading>
      <p className="lead">{say(how === 'ended' ? 'visit.overText' : 'visit.removedText')}</p>
      {phone !== null && (
        <a className="button" href={`tel:${phone.replaceAll(' ', '')}`}>
          {say('home.clinicPhone', { phone })}
        </a>
      )}
    </section>
  );
}
