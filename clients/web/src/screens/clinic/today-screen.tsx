import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE, startOfDay, useFormat } from '../../app/format.ts';
import { Link } from '../../app/navigation.tsx';
import { practitionerOf } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked } from '../../parts/notice.tsx';
import { DayVisit } from './day-visit.tsx';
import { StaffOnly } from './staff-only.tsx';
import { WaitingList } from './waiting-list.tsx';

export function TodayScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('today.title')} roles={['practitioner', 'receptionist', 'clinic_admin']}>
      {(me, clinic) => (
        <>
          <div className="title-row">
            <Heading title={say('today.title')}>{say('today.title')}</Heading>
            <span className="actions">
              <Link to="/queue" className="button button-quiet">
                {say('queue.title')}
              </Link>
              {practitionerOf(me) !== null && (
                <Link to="/reviews" className="button button-quiet">
                  {say('reviews.title')}
                </Link>
              )}
            </span>
          </div>
          <div className="today">
            <WaitingList />
            <Day clinic={clinic} practitioner={practitionerOf(me)} />
          </div>
        </>
      )}
    </StaffOnly>
  );
}

const SHOWN: ReadonlySet<string> = new Set([
  'requested',
  'booked',
  'checked_in',
  'in_progress',
  'completed',
  'no_show',
]);

function Day({
  clinic,
  practitioner,
}: {
  readonly clinic: string;
  /** Whose visits; everybody's for reception. */
  readonly practitioner: string | null;
}) {
  const say = useSay();
  const format = useFormat();
  const [offset, setOffset] = useState(0);
  const now = useNow(60_000);
  const from = startOfDay(now, OWN_ZONE, offset);
  const to = startOfDay(now, OWN_ZONE, offset + 1);
  const visits = useQuery({
    queryKey: ['appointments', 'day', clinic, from.toISOString()],
    queryFn: () =>
      answered(
        api.GET('/v1/appointments', {
          params: {
            query: {
              from: from.toISOString(),
              to: to.toISOString(),
              limit: 200,
              ...(practitioner === null ? {} : { practitioner }),
            },
          },
        }),
      ),
    refetchInterval: 15_000,
  });
  return (
    <section className="day-plan" aria-labelledby="day-plan">
      <div className="title-row">
        <h2 id="day-plan">{format.day(from)}</h2>
        <span>
          <button
            type="button"
            className="icon-button"
            aria-label={say('today.previous')}
            onClick={() => setOffset(offset - 1)}
          >
            <Icon name="back" />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={say('today.next')}
            onClick={() => setOffset(offset + 1)}
          >
            <Icon name="forward" />
          </button>
        </span>
      </div>
      <Asked query={visits}>
        {({ items }) => {
          const shown = items.filter(({ state }) => SHOWN.has(state));
          return shown.length === 0 ? (
            <p className="empty">{say('today.none')}</p>
          ) : (
            <ol className="visits">
              {shown.map((visit) => (
                <DayVisit key={visit.id} visit={visit} />
              ))}
            </ol>
          );
        }}
      </Asked>
    </section>
  );
}
