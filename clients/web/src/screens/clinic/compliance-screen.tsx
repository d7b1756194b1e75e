import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../app/api.ts';
import { Link } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { StaffOnly } from './staff-only.tsx';

const TODO = ['agreement', 'backup', 'retention', 'emergency'] as const;

/** What the program does by itself, as far as it can be known from here, and what stays with the clinic. */
export function ComplianceScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('comply.title')} roles={['clinic_admin']}>
      {() => (
        <>
          <Heading title={say('comply.title')}>{say('comply.title')}</Heading>
          <p className="lead">{say('comply.lead')}</p>
          <section aria-labelledby="in-force">
            <h2 id="in-force">{say('comply.on')}</h2>
            <ul className="checks-list">
              <Line isGood={location.protocol === 'https:'}>
                {say(location.protocol === 'https:' ? 'comply.tls' : 'comply.noTls')}
              </Line>
              {/* Nobody comes to this screen without one. */}
              <Line isGood>{say('comply.factor')}</Line>
              <Line isGood>{say('comply.sealed')}</Line>
              <Line isGood>{say('comply.audit')}</Line>
              <Line isGood>{say('comply.third')}</Line>
              <Line isGood={false}>{say('comply.transit')}</Line>
            </ul>
          </section>
          <section aria-labelledby="todo">
            <h2 id="todo">{say('comply.todo')}</h2>
            <ul className="checks-list">
              <OpenRequests />
              {TODO.map((key) => (
                <Line key={key} isGood={false}>
                  {say(`comply.${key}`)}
                </Line>
              ))}
            </ul>
          </section>
        </>
      )}
    </StaffOnly>
  );
}

function OpenRequests() {
  const say = useSay();
  const requests = useQuery({
    queryKey: ['data-requests', 'open'],
    queryFn: () => answered(api.GET('/v1/data-requests', { params: { query: { limit: 200 } } })),
  });
  const open = (requests.data?.items ?? []).filter(({ state }) => state === 'requested').length;
  return open === 0 ? null : (
    <Line isGood={false}>
      <Link to="/data-requests">{say('comply.requests', { count: open })}</Link>
    </Line>
  );
}

function Line({ isGood, children }: { readonly isGood: boolean; readonly children: ReactNode }) {
  return (
    <li data-good={isGood}>
      <Icon name={isGood ? 'check' : 'notice'} />
      <span>{children}</span>
    </li>
  );
}
