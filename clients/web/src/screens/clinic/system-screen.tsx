import { answered, VisitApi } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { OWN_ZONE, startOfDay } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { Bars } from '../../parts/bars.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice } from '../../parts/notice.tsx';
import { stateKey } from '../patient/state-words.ts';
import { JOB_STATES, jobStateKey } from './job-words.ts';
import { StaffOnly } from './staff-only.tsx';

const ASK_EVERY_MS = 10_000;
const JOBS_SHOWN = 200;
const visits = new VisitApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() });

/** How things stand: whether the server answers, who is in visits, what goes out. */
export function SystemScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('system.title')} roles={['clinic_admin']}>
      {() => <System />}
    </StaffOnly>
  );
}

function System() {
  const say = useSay();
  return (
    <>
      <Heading title={say('system.title')}>{say('system.title')}</Heading>
      <p className="lead">{say('system.lead')}</p>
      <Answer />
      <div className="bars-row">
        <People />
        <Visits />
        <Messages />
      </div>
      <p className="hint">{say('system.metrics')}</p>
    </>
  );
}

function Answer() {
  const say = useSay();
  const answer = useQuery({
    queryKey: ['system', 'answer'],
    queryFn: async () => {
      const asked = performance.now();
      await answered(api.GET('/v1/clinics'));
      return Math.round(performance.now() - asked);
    },
    refetchInterval: ASK_EVERY_MS,
  });
  return (
    <Asked query={answer}>
      {(ms) => <Notice kind="good">{say('system.answer', { ms })}</Notice>}
    </Asked>
  );
}

type Standing = 'expected' | 'waiting' | 'inside' | 'gone';

function standingOf(state: string): Standing {
  switch (state) {
    case 'invited':
      return 'expected';
    case 'waiting':
      return 'waiting';
    case 'admitted':
    case 'connected':
    case 'disconnected':
      return 'inside';
    default:
      return 'gone';
  }
}

function People() {
  const say = useSay();
  const lines = useQuery({
    queryKey: ['waiting-room'],
    queryFn: () => visits.waitingRoom(),
    refetchInterval: ASK_EVERY_MS,
  });
  return (
    <Asked query={lines}>
      {(people) => (
        <Bars
          label={say('system.people')}
          counts={(['expected', 'waiting', 'inside', 'gone'] as const).map((standing) => ({
            name: say(`system.state.${standing}`),
            count: people.filter(({ state }) => standingOf(state) === standing).length,
          }))}
        />
      )}
    </Asked>
  );
}

function Visits() {
  const say = useSay();
  const today = useQuery({
    queryKey: ['appointments', 'system'],
    queryFn: () => {
      const query = {
        from: startOfDay(Date.now(), OWN_ZONE).toISOString(),
        to: startOfDay(Date.now(), OWN_ZONE, 1).toISOString(),
        limit: 200,
      };
      return answered(api.GET('/v1/appointments', { params: { query } }));
    },
    refetchInterval: ASK_EVERY_MS,
  });
  return (
    <Asked query={today}>
      {({ items }) => (
        <Bars
          label={say('system.visits')}
          counts={['booked', 'checked_in', 'in_progress', 'completed', 'no_show', 'cancelled'].map(
            (wanted) => ({
              name: say(stateKey(wanted)),
              count: items.filter(({ state }) => state === wanted).length,
            }),
          )}
        />
      )}
    </Asked>
  );
}

function Messages() {
  const say = useSay();
  const jobs = useQuery({
    queryKey: ['jobs', 'system'],
    queryFn: () =>
      answered(api.GET('/v1/admin/jobs', { params: { query: { limit: JOBS_SHOWN } } })),
    refetchInterval: ASK_EVERY_MS,
  });
  return (
    <Asked query={jobs}>
      {({ items }) => (
        <Bars
          label={say('system.recent', { count: items.length })}
          counts={JOB_STATES.map((wanted) => ({
            name: say(jobStateKey(wanted)),
            count: items.filter(({ state }) => state === wanted).length,
          }))}
        />
      )}
    </Asked>
  );
}
