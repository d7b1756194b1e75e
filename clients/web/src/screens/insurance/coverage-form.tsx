import type { Coverage, Payer } from '@bedside/core';
import { answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { DOCUMENT_TYPES } from '../../documents/documents-of.ts';
import { uploads } from '../../documents/uploads.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { FileField } from '../../parts/file-field.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { bodyOf, type CoverageFields, coverageFields } from './coverage-fields.ts';
import { coveragesOf, payersQuery } from './insurance-queries.ts';
import { RELATIONSHIPS } from './insurance-words.ts';

/** The letters that files for insurers carry in a number. */
export const WIRE_WORD = '[A-Za-z0-9.\\-]{2,30}';

/** Adds an insurance, or changes one. */
export function CoverageForm({
  patient,
  coverage,
  onClose,
}: {
  readonly patient: string;
  readonly coverage: Coverage | null;
  readonly onClose: (saved: boolean) => void;
}) {
  const say = useSay();
  const payers = useQuery(payersQuery);
  return (
    <Dialog
      title={say(coverage === null ? 'insurance.add' : 'insurance.title')}
      onClose={() => onClose(false)}
    >
      <Asked query={payers}>
        {(all) => {
          const billed = all.filter(({ active }) => active);
          return billed.length === 0 ? (
            <>
              <Notice kind="plain">{say('insurance.noPayers')}</Notice>
              <div className="actions">
                <button type="button" className="button" onClick={() => onClose(false)}>
                  {say('common.close')}
                </button>
              </div>
            </>
          ) : (
            <Form patient={patient} coverage={coverage} payers={billed} onClose={onClose} />
          );
        }}
      </Asked>
    </Dialog>
  );
}

function Form({
  patient,
  coverage,
  payers,
  onClose,
}: {
  readonly patient: string;
  readonly coverage: Coverage | null;
  readonly payers: readonly Payer[];
  readonly onClose: (saved: boolean) => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  // Sent twice it is one insurance.
  const [key] = useState(() => crypto.randomUUID());
  const [payer, setPayer] = useState(payers[0]?.id ?? '');
  const [fields, setFields] = useState(() => coverageFields(coverage));
  const set = (change: Partial<CoverageFields>): void =>
    setFields((before) => ({ ...before, ...change }));
  const save = useMutation({
    mutationFn: () => {
      const body = bodyOf(fields);
      if (coverage === null) {
        const params = { header: { 'Idempotency-Key': key } };
        return answered(api.POST('/v1/coverages', { params, body: { ...body, patient, payer } }));
      }
      const params = { path: { id: coverage.id }, header: ifMatch(coverage.rev) };
      return answered(api.PUT('/v1/coverages/{id}', { params, body }));
    },
    onSuccess: () => onClose(true),
    onSettled: () => client.invalidateQueries({ queryKey: coveragesOf(patient).queryKey }),
  });
  const isWrongOrder = fields.starts !== '' && fields.ends !== '' && fields.ends < fields.starts;
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {coverage === null && (
        <SelectField
          label={say('insurance.payer')}
          options={payers.map(({ id, name }) => ({ value: id, label: name }))}
          value={payer}
          onChange={setPayer}
        />
      )}
      <TextField
        label={say('insurance.member')}
        hint={say('insurance.memberHint')}
        required
        pattern={WIRE_WORD}
        maxLength={30}
        autoComplete="off"
        value={fields.member}
        onChange={(member) => set({ member })}
      />
      <Numbers fields={fields} set={set} isWrongOrder={isWrongOrder} />
      <Holder fields={fields} set={set} />
      <Card patient={patient} onDocument={(document) => set({ document })} />
      <ProblemNotice error={save.error} />
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={save.isPending}
          disabled={isWrongOrder || save.isPending}
        >
          {say('common.save')}
        </button>
        <button type="button" className="button" onClick={() => onClose(false)}>
          {say('common.cancel')}
        </button>
      </div>
    </form>
  );
}

interface Part {
  readonly fields: CoverageFields;
  readonly set: (change: Partial<CoverageFields>) => void;
}

function Numbers({ fields, set, isWrongOrder }: Part & { readonly isWrongOrder: boolean }) {
  const say = useSay();
  return (
    <div className="columns">
      <TextField
        label={say('insurance.plan')}
        isOptional
        maxLength={60}
        value={fields.plan}
        onChange={(plan) => set({ plan })}
      />
      <TextField
        label={say('insurance.group')}
        isOptional
        maxLength={60}
        value={fields.group}
        onChange={(group) => set({ group })}
      />
      <TextField
        label={say('insurance.starts')}
        type="date"
        isOptional
        value={fields.starts}
        onChange={(starts) => set({ starts })}
      />
      <TextField
        label={say('insurance.ends')}
        type="date"
        isOptional
        error={isWrongOrder ? say('insurance.wrongOrder') : null}
        value={fields.ends}
        onChange={(ends) => set({ ends })}
      />
    </div>
  );
}

function Holder({ fields, set }: Part) {
  const say = useSay();
  return (
    <>
      <SelectField
        label={say('insurance.relationship')}
        options={RELATIONSHIPS.map((value) => ({
          value,
          label: say(`insurance.relationship.${value}`),
        }))}
        value={fields.relationship}
        onChange={(relationship) => set({ relationship })}
      />
      {fields.relationship !== 'self' && (
        <div className="columns">
          <TextField
            label={say('insurance.holderGiven')}
            required
            maxLength={60}
            value={fields.holderGiven}
            onChange={(holderGiven) => set({ holderGiven })}
          />
          <TextField
            label={say('insurance.holderFamily')}
            maxLength={60}
            value={fields.holderFamily}
            onChange={(holderFamily) => set({ holderFamily })}
          />
        </div>
      )}
    </>
  );
}

/** Sent as soon as it is chosen; what does not get there is said, and the form can be saved without it. */
function Card({
  patient,
  onDocument,
}: {
  readonly patient: string;
  readonly onDocument: (id: string) => void;
}) {
  const say = useSay();
  const [name, setName] = useState('');
  const [isThere, setThere] = useState(false);
  const running = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const own = running.find((one) => one.name === name);
  const send = async (file: File): Promise<void> => {
    setName(file.name);
    setThere(false);
    const id = await uploads.begin(patient, file);
    if (id !== null) {
      setThere(true);
      onDocument(id);
    }
  };
  return (
    <>
      <FileField
        label={`${say('insurance.card')} (${say('common.optional')})`}
        hint={say('insurance.cardHint')}
        accept={DOCUMENT_TYPES}
        onFile={(file) => void send(file)}
      />
      {own?.error === null && (
        <p role="status">{say('insurance.cardSending', { percent: own.percent })}</p>
      )}
      <ProblemNotice error={own?.error} />
      {isThere && <Notice kind="good">{say('insurance.cardThere', { name })}</Notice>}
    </>
  );
}
