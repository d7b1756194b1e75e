import { answered, ownEntry } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../app/api.ts';
import { useSay } from '../app/words.tsx';
import { SelectField, TextField } from '../parts/field.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { asOpen } from './as-open.ts';
import { recordKey } from './record-list.tsx';

const KINDS = ['allergy', 'condition', 'medication'] as const;
type Kind = (typeof KINDS)[number];
const LINE_MAX = 200;

/** What a patient says of themselves; it stays theirs until a practitioner has confirmed it. */
export function RecordAdd({ patient }: { readonly patient: string }) {
  const say = useSay();
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>('allergy');
  const [what, setWhat] = useState('');
  const [more, setMore] = useState('');
  const [keys] = useState(() => new Map<string, string>());
  const add = useMutation({
    mutationFn: () => {
      const content = ownEntry(kind, what, more);
      const wish = JSON.stringify(content);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id: patient }, header: { 'Idempotency-Key': key } };
      const body = { content: asOpen(content) };
      return answered(api.POST('/v1/patients/{id}/record', { params, body }));
    },
    onSuccess: () => {
      setWhat('');
      setMore('');
      keys.clear();
    },
    onSettled: () => client.invalidateQueries({ queryKey: recordKey(patient) }),
  });
  return (
    <details className="fold">
      <summary>{say('record.add')}</summary>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <p className="hint">{say('record.addText')}</p>
        <SelectField
          label={say('record.addKind')}
          options={KINDS.map((value) => ({ value, label: say(`record.kind.${value}`) }))}
          value={kind}
          onChange={(chosen) => setKind(KINDS.find((one) => one === chosen) ?? 'allergy')}
        />
        <TextField
          label={say('record.addWhat')}
          required
          maxLength={LINE_MAX}
          value={what}
          onChange={setWhat}
        />
        <TextField
          label={say('record.addMore')}
          isOptional
          maxLength={LINE_MAX}
          value={more}
          onChange={setMore}
        />
        <ProblemNotice error={add.error} />
        <div className="actions">
          <button
            type="submit"
            className="button button-primary"
            aria-busy={add.isPending}
            disabled={what.trim() === '' || add.isPending}
          >
            {say('common.add')}
          </button>
        </div>
      </form>
    </details>
  );
}
