import type { Visit } from '@bedside/core';
import { durationText } from '@bedside/core';
import { OWN_ZONE, sameClock, useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { useNow } from '../parts/clock.tsx';
import { Icon } from '../parts/icon.tsx';

/** Whose visit it is, in the header of every screen of it. */
export function HeaderFacts({ visit }: { readonly visit: Visit }) {
  const format = useFormat();
  return (
    <p className="header-facts" data-testid="whose-visit">
      <strong>{visit.practitioner.name}</strong>
      <span className="header-clinic">{visit.clinic.name}</span>
      <time dateTime={visit.startsAt}>{format.time(visit.startsAt)}</time>
    </p>
  );
}

/** Clinic, clinician and time, in the zone of the reader, and the clinic's where it differs. */
export function VisitFacts({ visit }: { readonly visit: Visit }) {
  const say = useSay();
  const format = useFormat();
  const times = say('visit.time', {
    start: format.moment(visit.startsAt),
    end: format.time(visit.endsAt),
  });
  const differs = visit.timeZone !== '' && !sameClock(visit.timeZone, OWN_ZONE, visit.startsAt);
  return (
    <dl className="facts facts-tight">
      <div>
        <dt className="visually-hidden">{say('audit.when')}</dt>
        <dd>
          <Icon name="calendar" />
          <span>
            {times}
            {differs && (
              <span className="hint">
                {say('slots.clinicTime', { time: format.time(visit.startsAt, visit.timeZone) })}
              </span>
            )}
          </span>
        </dd>
      </div>
      <div>
        <dt className="visually-hidden">{say('audit.who')}</dt>
        <dd>
          <Icon name="person" />
          <span>
            {visit.practitioner.name}, {visit.service.name}
            <span className="hint">{visit.clinic.name}</span>
          </span>
        </dd>
      </div>
    </dl>
  );
}

/** How long until it begins, or since it should have. */
export function Countdown({ visit }: { readonly visit: Visit }) {
  const say = useSay();
  const now = useNow(1_000);
  const until = new Date(visit.startsAt).getTime() - now;
  const soon = 24 * 60 * 60_000;
  if (until > soon) {
    return null;
  }
  const text =
    until > 0
      ? say('visit.in', { time: durationText(until) })
      : say('visit.late', { time: durationText(-until) });
  return (
    <p className="hint countdown-text">{until > -60_000 && until <= 0 ? say('visit.now') : text}</p>
  );
}
