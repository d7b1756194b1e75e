import { answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { dateIn, OWN_ZONE } from '../../app/format.ts';
import { useSearch } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery, type Service } from '../booking/directory.ts';
import { DAY_MS, spanOf } from './wait-span.ts';

const DAYS_WISHED = 14;

/** Waits for a time within some days. */
export function JoinWaitlist({
  patient,
  services,
}: {
  readonly patient: string;
  readonly services: readonly Service[];
}) {
  const say = useSay();
  const client = useQueryClient();
  const wish = useSearch('service', 'practitioner');
  const known = services.find(({ id }) => id === wish.service) ?? services[0];
  const [service, setService] = useState(known?.id ?? '');
  const [practitioner, setPractitioner] = useState(wish.practitioner ?? '');
  const [first, setFirst] = useState(() => dateIn(Date.now(), OWN_ZONE));
  const [last, setLast] = useState(() => dateIn(Date.now() + DAYS_WISHED * DAY_MS, OWN_ZONE));
  const offered = services.find(({ id }) => id === service)?.practitioners ?? [];
  const who = offered.includes(practitioner) ? practitioner : '';
  const span = spanOf(first, last);
  const join = useMutation({
    mutationFn: (days: { readonly from: string; readonly to: string }) => {
      const body = { service, patient, ...days, ...(who === '' ? {} : { practitioner: who }) };
      return answered(api.POST('/v1/waitlist', { body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['waitlist'] }),
  });
  if (services.length === 0) {
    return null;
  }
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (span !== null) {
          join.mutate(span);
        }
      }}
    >
      <h2>{say('wait.tell')}</h2>
      <p className="hint">{say('wait.lead')}</p>
      <SelectField
        label={say('wait.service')}
        options={services.map(({ id, name }) => ({ value: id, label: name }))}
        value={service}
        onChange={setService}
      />
      <Practitioners offered={offered} value={who} onChange={setPractitioner} />
      <div className="field-row">
        <TextField
          label={say('wait.first')}
          type="date"
          required
          value={first}
          onChange={setFirst}
        />
        <TextField
          label={say('wait.last')}
          type="date"
          required
          min={first}
          error={span === null ? say('wait.wrongDays') : null}
          value={last}
          onChange={setLast}
        />
      </div>
      <ProblemNotice error={join.error} />
      {join.isSuccess && <Notice kind="good">{say('wait.state.waiting')}</Notice>}
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={join.isPending}
          disabled={span === null || join.isPending}
        >
          {say('wait.join')}
        </button>
      </div>
    </form>
  );
}

function Practitioners({
  offered,
  value,
  onChange,
}: {
  readonly offered: readonly string[];
  readonly value: string;
  readonly onChange: (practitioner: string) => void;
}) {
  const say = useSay();
  const names = useQuery({
    queryKey: ['practitioners', 'of-service', offered],
    queryFn: ({ client }) =>
      Promise.all(offered.map((id) => client.fetchQuery(practitionerQuery(id)))),
  });
  return (
    <SelectField
      label={say('wait.with')}
      options={[
        { value: '', label: say('wait.anybody') },
        ...(names.data ?? []).map(({ id, profile }) => ({ value: id, label: nameOf(profile) })),
      ]}
      value={value}
      onChange={onChange}
    />
  );
}
