import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { navigate } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { usePatientName } from '../../parts/patient-name.ts';

const WEEKS_MAX = 12;
const VISITS_MAX = 26;

/** Visits that repeat, from a first time on: all in one step, or none. One dialog is one series, however often it is sent. */
export function SeriesDialog({
  patient,
  service,
  slot,
  onClose,
}: {
  readonly patient: string;
  readonly service: string;
  readonly slot: Schemas['SlotView'];
  readonly onClose: () => void;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const name = usePatientName(patient);
  const [keys] = useState(() => new Map<string, string>());
  const [weeks, setWeeks] = useState('1');
  const [visits, setVisits] = useState('4');
  const [skips, setSkips] = useState(false);
  const book = useMutation({
    mutationFn: () => {
      const body = {
        service,
        patient,
        practitioner: slot.practitioner,
        start: slot.start,
        every_weeks: Number(weeks),
        visits: Number(visits),
        skip_taken: skips,
      };
      const wish = JSON.stringify(body);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/appointments/series', { params, body }));
    },
    onSuccess: ({ series, skipped }) =>
      navigate({ to: '/clinic/series', search: { series, skipped: skipped.join(' ') } }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['appointments'] });
      await client.invalidateQueries({ queryKey: ['slots'] });
    },
  });
  return (
    <Dialog title={say('series.book')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          book.mutate();
        }}
      >
        <p>{name}</p>
        <p className="big-moment">{say('series.first', { when: format.moment(slot.start) })}</p>
        <div className="columns">
          <TextField
            label={say('series.weeks')}
            type="number"
            min={1}
            max={WEEKS_MAX}
            required
            value={weeks}
            onChange={setWeeks}
          />
          <TextField
            label={say('series.visits')}
            type="number"
            min={2}
            max={VISITS_MAX}
            required
            value={visits}
            onChange={setVisits}
          />
        </div>
        <CheckField label={say('series.skip')} isOn={skips} onChange={setSkips} />
        <ProblemNotice error={book.error} />
        <div className="actions">
          <button
            type="submit"
            className="button button-primary"
            aria-busy={book.isPending}
            disabled={book.isPending}
          >
            {say('series.book')}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
