import type { Schemas } from '@bedside/core';
import { ApiProblem, answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { Link } from '../../app/navigation.tsx';
import { practitionerOf } from '../../app/session.ts';
import { useWords } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { practitionerQuery } from '../booking/directory.ts';
import { OverrideList } from './override-list.tsx';
import { StaffOnly } from './staff-only.tsx';
import { type DayHours, faultOf, fromServer, toServer, WeekEditor } from './week-editor.tsx';

type Schedule = Schemas['ScheduleView'];

export function HoursScreen() {
  const { say } = useWords();
  return (
    <StaffOnly title={say('hours.title')} roles={['practitioner']}>
      {(me) => {
        const practitioner = practitionerOf(me);
        return practitioner === null ? null : <Hours practitioner={practitioner} />;
      }}
    </StaffOnly>
  );
}

function Hours({ practitioner }: { readonly practitioner: string }) {
  const { say } = useWords();
  const card = useQuery(practitionerQuery(practitioner));
  const schedule = useQuery({
    queryKey: ['schedule', practitioner],
    queryFn: () => readSchedule(practitioner),
    staleTime: Infinity,
  });
  return (
    <>
      <div className="title-row">
        <Heading title={say('hours.title')}>{say('hours.title')}</Heading>
        <Link to="/clinic/questionnaires" className="button button-quiet">
          {say('admin.questions')}
        </Link>
      </div>
      <Asked query={card}>
        {({ time_zone: zone }) => (
          <Asked query={schedule}>
            {({ found }) => (
              <HoursForm
                key={found?.rev ?? 'new'}
                practitioner={practitioner}
                schedule={found}
                zone={found?.time_zone ?? zone}
              />
            )}
          </Asked>
        )}
      </Asked>
    </>
  );
}

/** `null` for who has none yet. */
async function readSchedule(practitioner: string): Promise<{ readonly found: Schedule | null }> {
  try {
    const params = { path: { id: practitioner } };
    return { found: await answered(api.GET('/v1/practitioners/{id}/schedule', { params })) };
  } catch (error) {
    if (error instanceof ApiProblem && error.kind === 'not-found') {
      return { found: null };
    }
    throw error;
  }
}

function HoursForm({
  practitioner,
  schedule,
  zone,
}: {
  readonly practitioner: string;
  readonly schedule: Schedule | null;
  readonly zone: string;
}) {
  const { say } = useWords();
  const client = useQueryClient();
  const [week, setWeek] = useState<readonly DayHours[]>(() => fromServer(schedule?.weekly ?? []));
  const [overrides, setOverrides] = useState(schedule?.overrides ?? []);
  const fault = faultOf(week);
  const save = useMutation({
    mutationFn: async () => {
      const hours = { time_zone: zone, weekly: toServer(week), overrides };
      return schedule === null
        ? answered(api.POST('/v1/schedules', { body: { ...hours, practitioner } }))
        : answered(
            api.PUT('/v1/schedules/{id}', {
              params: { path: { id: schedule.id }, header: ifMatch(schedule.rev) },
              body: hours,
            }),
          );
    },
    onSuccess: (saved) => client.setQueryData(['schedule', practitioner], { found: saved }),
  });
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (fault === null) {
          save.mutate();
        }
      }}
    >
      <p className="lead">{say('hours.lead', { zone })}</p>
      {schedule === null && <Notice kind="plain">{say('hours.unknown')}</Notice>}
      <WeekEditor week={week} onChange={setWeek} />
      <OverrideList overrides={overrides} onChange={setOverrides} />
      {fault !== null && (
        <p className="field-error" role="alert">
          {say(fault)}
        </p>
      )}
      <ProblemNotice error={save.error} />
      {save.isSuccess && <Notice kind="good">{say('common.saved')}</Notice>}
      <div className="actions actions-sticky">
        <button type="submit" className="button button-primary" aria-busy={save.isPending}>
          {say('common.save')}
        </button>
      </div>
    </form>
  );
}
