import type { Prescription, PrescriptionDraft } from '@bedside/core';
import { answered, ifMatch, readDraft, readPrescription } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState, useSyncExternalStore } from 'react';
import { api } from '../app/api.ts';
import { useSession } from '../app/session.ts';
import { useStepUp } from '../app/step-up.tsx';
import { useSay } from '../app/words.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';
import { Asked, ProblemNotice } from '../parts/notice.tsx';
import { writeFor, type Written, writtenFor } from './prescription-drafts.ts';
import { PrescriptionForm } from './prescription-form.tsx';
import { PrescriptionText } from './prescription-text.tsx';
import { appointmentOf, prescriptionsOf } from './records-of.ts';

/** What is prescribed in a visit, to its practitioner: drafts to go on with, and what is in force. */
export function Prescriptions({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  const visit = useQuery({ ...appointmentOf(appointment), enabled: isOpen });
  return (
    <details
      className="note-section note-fold"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{say('rx.title')}</summary>
      {isOpen && (
        <Asked query={visit}>
          {({ patient }) =>
            patient == null ? null : <OfVisit appointment={appointment} patient={patient} />
          }
        </Asked>
      )}
    </details>
  );
}

function OfVisit({
  appointment,
  patient,
}: {
  readonly appointment: string;
  readonly patient: string;
}) {
  const say = useSay();
  const client = useQueryClient();
  const { me } = useSession();
  const user = me?.id ?? '';
  // What was being written when the form went away is there again.
  const [writing, setWriting] = useState(() => writtenFor(user, appointment));
  const write = (draft: PrescriptionDraft | null): void =>
    setWriting(writeFor(user, appointment, draft));
  const shownDraft = useWrittenDraft(writing);
  const views = useQuery(prescriptionsOf(patient));
  const renew = async (): Promise<void> => {
    await client.invalidateQueries({ queryKey: prescriptionsOf(patient).queryKey });
  };
  const done = async (): Promise<void> => {
    setWriting(null);
    await renew();
  };
  return (
    <div className="note-body">
      <Asked query={views}>
        {(all) => {
          const own = all.filter((view) => view.appointment === appointment);
          const drafts = own.map(readDraft).filter((one) => one !== null);
          const signed = own.map(readPrescription).filter((one) => one !== null);
          return (
            <>
              {own.length === 0 && writing === null && <p className="hint">{say('rx.none')}</p>}
              {signed.map((one) => (
                <Signed key={one.id} prescription={one} onChange={renew} />
              ))}
              {drafts.map((draft) =>
                shownDraft === draft.id ? null : (
                  <PrescriptionText key={draft.id} prescription={draft}>
                    <button
                      type="button"
                      className="button button-quiet"
                      disabled={writing !== null}
                      onClick={() => write(draft)}
                    >
                      {say('rx.edit')}
                    </button>
                  </PrescriptionText>
                ),
              )}
            </>
          );
        }}
      </Asked>
      {writing === null ? (
        <button type="button" className="button" onClick={() => write(null)}>
          {say('rx.new')}
        </button>
      ) : (
        <PrescriptionForm written={writing} onSaved={renew} onDone={done} />
      )}
    </div>
  );
}

const nothing = (): (() => void) => () => undefined;

/** Which draft the form writes, so that it does not stand there twice. */
function useWrittenDraft(writing: Written | null): string | null {
  return useSyncExternalStore(
    writing?.keeper.subscribe ?? nothing,
    () => writing?.keeper.snapshot().draft?.id ?? null,
  );
}

function Signed({
  prescription,
  onChange,
}: {
  readonly prescription: Prescription;
  readonly onChange: () => Promise<void>;
}) {
  const say = useSay();
  const { run, dialog } = useStepUp();
  const [isAsking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const cancel = useMutation({
    mutationFn: () => {
      const params = { path: { id: prescription.id }, header: ifMatch(prescription.rev) };
      const body = { reason: reason.trim() };
      return run(() => answered(api.POST('/v1/prescriptions/{id}/cancel', { params, body })));
    },
    onSuccess: () => setAsking(false),
    onSettled: onChange,
  });
  return (
    <PrescriptionText prescription={prescription}>
      {prescription.cancelled === null && (
        <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
          {say('rx.cancel')}
        </button>
      )}
      {isAsking && (
        <Dialog title={say('rx.cancelTitle')} onClose={() => setAsking(false)}>
          <form
            className="stack"
            onSubmit={(event: FormEvent) => {
              event.preventDefault();
              cancel.mutate();
            }}
          >
            <TextField label={say('rx.reason')} required value={reason} onChange={setReason} />
            <ProblemNotice error={cancel.error} />
            <div className="actions">
              <button
                type="submit"
                className="button button-danger"
                aria-busy={cancel.isPending}
                disabled={reason.trim() === ''}
              >
                {say('rx.cancel')}
              </button>
              <button type="button" className="button" onClick={() => setAsking(false)}>
                {say('common.cancel')}
              </button>
            </div>
          </form>
        </Dialog>
      )}
      {dialog}
    </PrescriptionText>
  );
}
