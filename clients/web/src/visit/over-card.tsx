import type { Visit, VisitEnd } from '@bedside/core';
import { durationText, looksAfter } from '@bedside/core';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';

const TITLES = { ended: 'visit.over', removed: 'visit.removed', denied: 'visit.denied' } as const;

export function OverCard({ visit, how }: { readonly visit: Visit; readonly how: VisitEnd }) {
  const say = useSay();
  const { phone } = visit.clinic;
  const isSummary = how === 'ended' && looksAfter(visit);
  return (
    <section className="card card-narrow card-message" data-testid="over" data-how={how}>
      <span className="card-emblem">
        <Icon name={how === 'ended' ? 'check' : 'notice'} />
      </span>
      <Heading title={say(TITLES[how])}>{say(TITLES[how])}</Heading>
      {isSummary ? (
        <Summary visit={visit} />
      ) : (
        <p className="lead">{say(how === 'ended' ? 'visit.overText' : 'visit.removedText')}</p>
      )}
      {isSummary && (
        <a className="button button-primary" href="/today">
          {say('nav.today')}
        </a>
      )}
      {!isSummary && phone !== null && (
        <a className="button" href={`tel:${phone.replaceAll(' ', '')}`}>
          {say('home.clinicPhone', { phone })}
        </a>
      )}
    </section>
  );
}

const NEVER_CAME: ReadonlySet<string> = new Set(['invited', 'waiting', 'denied']);

/** To who led it: how long it took, and who was there. */
function Summary({ visit }: { readonly visit: Visit }) {
  const say = useSay();
  const { liveSince, endedAt } = visit;
  const came = visit.participants.filter(({ state }) => !NEVER_CAME.has(state));
  return (
    <div className="visit-summary" data-testid="summary">
      {liveSince !== null && endedAt !== null && (
        <p>
          {say('visit.lasted', {
            time: durationText(new Date(endedAt).getTime() - new Date(liveSince).getTime()),
          })}
        </p>
      )}
      {came.length > 0 && (
        <>
          <h2>{say('visit.whoCame')}</h2>
          <ul className="rows">
            {came.map(({ id, name, role }) => (
              <li key={id} className="row">
                <strong>{name}</strong>
                <span className="hint">{say(`visit.role.${role}`)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
