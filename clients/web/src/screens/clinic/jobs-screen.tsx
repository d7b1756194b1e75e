import { answered, done } from '@bedside/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { SelectField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { JobTable } from './job-table.tsx';
import { JOB_STATES, jobKindKey, jobStateKey } from './job-words.ts';
import { StaffOnly } from './staff-only.tsx';

const KINDS = ['email', 'sms', 'webhook', 'event'] as const;

export function JobsScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('jobs.title')} roles={['clinic_admin']}>
      {() => <Jobs />}
    </StaffOnly>
  );
}

function Jobs() {
  const say = useSay();
  const client = useQueryClient();
  const [kind, setKind] = useState('');
  const [state, setState] = useState('');
  const pages = usePages(['jobs', kind, state], (wish) => {
    const query = {
      ...wish,
      ...(kind === '' ? {} : { kind }),
      ...(state === '' ? {} : { state }),
    };
    return answered(api.GET('/v1/admin/jobs', { params: { query } }));
  });
  const any = { value: '', label: say('common.any') };
  return (
    <>
      <Heading title={say('jobs.title')}>{say('jobs.title')}</Heading>
      <p className="lead">{say('jobs.lead')}</p>
      <div className="field-row">
        <SelectField
          label={say('jobs.kind')}
          options={[any, ...KINDS.map((value) => ({ value, label: say(jobKindKey(value)) }))]}
          value={kind}
          onChange={setKind}
        />
        <SelectField
          label={say('jobs.state')}
          options={[any, ...JOB_STATES.map((value) => ({ value, label: say(jobStateKey(value)) }))]}
          value={state}
          onChange={setState}
        />
      </div>
      <Paged pages={pages} empty={say('jobs.none')}>
        {(items) => (
          <JobTable
            label={say('jobs.title')}
            jobs={items}
            replay={(id) =>
              done(api.POST('/v1/admin/jobs/{id}/replay', { params: { path: { id } } }))
            }
            onReplayed={() => client.invalidateQueries({ queryKey: ['jobs'] })}
          />
        )}
      </Paged>
    </>
  );
}
