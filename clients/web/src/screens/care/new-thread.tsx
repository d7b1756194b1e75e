import type { Schemas } from '@bedside/core';
import { answered, charsOver } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { navigate } from '../../app/navigation.tsx';
import { hasRole, isStaff, type Me, practitionerOf } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextArea, TextField } from '../../parts/field.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery } from '../booking/directory.ts';
import { visitsOf } from './care-queries.ts';

type Visit = Schemas['AppointmentView'];

export const MESSAGE_CHARS_MAX = 5_000;
const SUBJECT_CHARS_MAX = 200;

/** Begins a conversation: a patient about a visit that was held, staff with any patient of theirs. */
export function NewThread({ patient, me }: { readonly patient: string; readonly me: Me }) {
  const say = useSay();
  const visits = useQuery(visitsOf(patient));
  return (
    <details className="card fold">
      <summary className="button button-quiet">{say('msgs.new')}</summary>
      <Asked query={visits}>
        {(all) => {
          const held = all.filter(({ state }) => state === 'completed' || state === 'in_progress');
          return held.length === 0 && !isStaff(me) ? (
            <p className="empty">{say('msgs.noVisit')}</p>
          ) : (
            <Writing patient={patient} me={me} visits={held} />
          );
        }}
      </Asked>
    </details>
  );
}

function Writing({
  patient,
  me,
  visits,
}: {
  readonly patient: string;
  readonly me: Me;
  readonly visits: readonly Visit[];
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const isDesk = isStaff(me) && hasRole(me, 'receptionist', 'clinic_admin');
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [about, setAbout] = useState(isStaff(me) ? '' : (visits[0]?.id ?? ''));
  const [subject, setSubject] = useState('');
  const [text, setText] = useState('');
  const visit = visits.find(({ id }) => id === about);
  const own = practitionerOf(me);
  const candidate = isStaff(me) ? own : (visit?.practitioner ?? null);
  const [toClinic, setToClinic] = useState(isStaff(me) && own === null);
  const doctor = useQuery({ ...practitionerQuery(candidate ?? ''), enabled: candidate !== null });
  const begin = useMutation({
    mutationFn: () => {
      const body = {
        patient,
        subject: subject.trim(),
        message: { text },
        ...(about === '' ? {} : { appointment: about }),
        ...(toClinic || candidate === null ? {} : { practitioner: candidate }),
      };
      const params = { header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/threads', { params, body }));
    },
    onSuccess: ({ thread }) => navigate({ to: '/messages/$id', params: { id: thread.id } }),
    // What is sent again after this says something else, or is refused again.
    onError: () => setKey(crypto.randomUUID()),
    onSettled: () => client.invalidateQueries({ queryKey: ['threads'] }),
  });
  const isLong = charsOver(text, MESSAGE_CHARS_MAX) > 0;
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        begin.mutate();
      }}
    >
      {visits.length > 0 && (
        <SelectField
          label={say('msgs.visit')}
          options={[
            ...(isStaff(me) ? [{ value: '', label: '–' }] : []),
            ...visits.map(({ id, start }) => ({ value: id, label: format.moment(start) })),
          ]}
          value={about}
          onChange={setAbout}
        />
      )}
      {candidate !== null && (!isStaff(me) || isDesk) && (
        <SelectField
          label={say('msgs.to')}
          options={[
            {
              value: 'practitioner',
              label: doctor.data === undefined ? '…' : nameOf(doctor.data.profile),
            },
            { value: 'clinic', label: say('msgs.clinic') },
          ]}
          value={toClinic ? 'clinic' : 'practitioner'}
          onChange={(to) => setToClinic(to === 'clinic')}
        />
      )}
      <TextField
        label={say('msgs.subject')}
        required
        maxLength={SUBJECT_CHARS_MAX}
        value={subject}
        onChange={setSubject}
      />
      <TextArea
        label={say('msgs.text')}
        rows={4}
        charsMax={MESSAGE_CHARS_MAX}
        value={text}
        onChange={setText}
      />
      <ProblemNotice error={begin.error} />
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={begin.isPending}
          disabled={begin.isPending || isLong || text.trim() === '' || subject.trim() === ''}
        >
          {say('msgs.send')}
        </button>
      </div>
    </form>
  );
}
