import type { KeptPrescription, Medicine, PrescriptionDraft } from '@bedside/core';
import {
  answered,
  canKeep,
  DAYS_MAX,
  emptyMedicine,
  ifMatch,
  MEDICINE_NAME_MAX,
  MEDICINES_MAX,
  REPEATS_MAX,
} from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import { api } from '../app/api.ts';
import { useStepUp } from '../app/step-up.tsx';
import { useSay } from '../app/words.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import type { Written } from './prescription-drafts.ts';

/** Writes one prescription: kept as a draft while somebody writes, or signed at once. */
export function PrescriptionForm({
  written,
  onSaved,
  onDone,
}: {
  readonly written: Written;
  readonly onSaved: () => Promise<void>;
  readonly onDone: () => Promise<void>;
}) {
  const say = useSay();
  const { run, dialog } = useStepUp();
  const { keeper, end } = written;
  const state = useSyncExternalStore(keeper.subscribe, keeper.snapshot);
  const { medicines, remark } = state;
  const [isAsking, setAsking] = useState(false);
  const finish = async (): Promise<void> => {
    end();
    await onDone();
  };
  const keep = async (): Promise<PrescriptionDraft> => {
    const draft = await keeper.saveNow();
    if (draft === null) {
      throw keeper.snapshot().error;
    }
    return draft;
  };
  const saving = useMutation({ mutationFn: keep, onSuccess: finish });
  const signing = useMutation({
    mutationFn: async () => {
      const { id, rev } = await keep();
      await onSaved();
      const params = { path: { id }, header: ifMatch(rev) };
      await run(() => answered(api.POST('/v1/prescriptions/{id}/sign', { params })));
    },
    onSuccess: finish,
  });
  const setMedicines = (changed: readonly Medicine[]): void =>
    keeper.change({ medicines: changed });
  const change = (at: number, part: Partial<Medicine>): void =>
    setMedicines(medicines.map((one, i) => (i === at ? { ...one, ...part } : one)));
  const isBusy = saving.isPending || signing.isPending;
  const isReady = canKeep(medicines, remark) && !isBusy;
  return (
    <form
      className="stack prescription-form"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      {medicines.map((medicine, at) => (
        <MedicineFields
          // The order is all that tells them apart.
          // oxlint-disable-next-line react/no-array-index-key
          key={at}
          number={at + 1}
          medicine={medicine}
          onChange={(part) => change(at, part)}
          onRemove={
            medicines.length === 1
              ? null
              : () => setMedicines(medicines.filter((_one, i) => i !== at))
          }
        />
      ))}
      {medicines.length < MEDICINES_MAX && (
        <button
          type="button"
          className="button button-quiet"
          onClick={() => setMedicines([...medicines, emptyMedicine])}
        >
          {say('rx.addMedicine')}
        </button>
      )}
      <TextField
        label={say('rx.remark')}
        isOptional
        maxLength={MEDICINE_NAME_MAX}
        value={remark}
        onChange={(text) => keeper.change({ remark: text })}
      />
      <KeptLine state={state} />
      <ProblemNotice error={saving.error ?? signing.error ?? state.error} />
      <div className="actions">
        <button
          type="button"
          className="button button-primary"
          aria-busy={signing.isPending}
          disabled={!isReady}
          onClick={() => setAsking(true)}
        >
          {say('rx.sign')}
        </button>
        <button type="submit" className="button" aria-busy={saving.isPending} disabled={!isReady}>
          {say('rx.save')}
        </button>
        <button type="button" className="button button-quiet" onClick={() => void finish()}>
          {say('common.cancel')}
        </button>
      </div>
      {isAsking && (
        <Dialog title={say('rx.signTitle')} onClose={() => setAsking(false)}>
          <p>{say('rx.signText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-primary"
              onClick={() => {
                setAsking(false);
                signing.mutate();
              }}
            >
              {say('rx.sign')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
      {dialog}
    </form>
  );
}

/** Whether what is written is on the server. */
function KeptLine({ state }: { readonly state: KeptPrescription }) {
  const say = useSay();
  const { isUnsaved, draft, medicines, remark } = state;
  if (!isUnsaved && draft === null) {
    return null;
  }
  const unsaved = canKeep(medicines, remark) ? 'rx.unsavedText' : 'rx.incomplete';
  return (
    <p className="hint" role="status" data-testid="rx-kept" data-saved={!isUnsaved}>
      {say(isUnsaved ? unsaved : 'rx.kept')}
    </p>
  );
}

function MedicineFields({
  number,
  medicine,
  onChange,
  onRemove,
}: {
  readonly number: number;
  readonly medicine: Medicine;
  readonly onChange: (part: Partial<Medicine>) => void;
  readonly onRemove: (() => void) | null;
}) {
  const say = useSay();
  return (
    <fieldset className="medicine">
      <legend className="visually-hidden">{`${say('rx.medicine')} ${number}`}</legend>
      <TextField
        label={say('rx.medicine')}
        required
        maxLength={MEDICINE_NAME_MAX}
        value={medicine.medicine}
        onChange={(text) => onChange({ medicine: text })}
      />
      <div className="field-row">
        <TextField
          label={say('rx.dose')}
          required
          maxLength={MEDICINE_NAME_MAX}
          value={medicine.dose}
          onChange={(dose) => onChange({ dose })}
        />
        <TextField
          label={say('rx.frequency')}
          required
          maxLength={MEDICINE_NAME_MAX}
          value={medicine.frequency}
          onChange={(frequency) => onChange({ frequency })}
        />
      </div>
      <div className="field-row">
        <TextField
          label={say('rx.days')}
          isOptional
          type="number"
          min={1}
          max={DAYS_MAX}
          value={medicine.days === null ? '' : String(medicine.days)}
          onChange={(text) => onChange({ days: text === '' ? null : Number(text) })}
        />
        <TextField
          label={say('rx.repeats')}
          type="number"
          min={0}
          max={REPEATS_MAX}
          value={String(medicine.repeats)}
          onChange={(text) => onChange({ repeats: Number(text) })}
        />
      </div>
      <TextField
        label={say('rx.instructions')}
        isOptional
        value={medicine.instructions}
        onChange={(instructions) => onChange({ instructions })}
      />
      {onRemove !== null && (
        <button type="button" className="button button-quiet" onClick={onRemove}>
          {say('rx.removeMedicine')}
          <span className="visually-hidden"> {medicine.medicine}</span>
        </button>
      )}
    </fieldset>
  );
}
