import type { Medicine, Note, Prescription } from '@bedside/core';
import { ApiProblem, answered, readNote, readPrescription } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../app/api.ts';
import { useSay, useWords } from '../app/words.tsx';
import { Asked } from '../parts/notice.tsx';
import { SignedNote } from './signed-note.tsx';

/** What was signed about a visit, to its patient: the note, and what was prescribed. */
export function VisitRecords({
  appointment,
  patient,
}: {
  readonly appointment: string;
  readonly patient: string;
}) {
  const say = useSay();
  const records = useQuery({
    queryKey: ['records', appointment],
    queryFn: async () => {
      const [note, prescriptions] = await Promise.all([
        readSigned(appointment),
        prescriptionsOf(patient, appointment),
      ]);
      return { note, prescriptions };
    },
  });
  return (
    <div className="note-body">
      <Asked query={records}>
        {({ note, prescriptions }) => (
          <>
            {note === null && prescriptions.length === 0 && (
              <p className="hint">{say('records.none')}</p>
            )}
            {note !== null && <SignedNote note={note} leftOver={null} onAdd={null} />}
            {prescriptions.map((one) => (
              <PrescriptionText key={one.id} prescription={one} />
            ))}
          </>
        )}
      </Asked>
    </div>
  );
}

async function readSigned(appointment: string): Promise<Note | null> {
  const params = { path: { id: appointment } };
  try {
    return readNote(await answered(api.GET('/v1/appointments/{id}/note', { params })));
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) {
      return null;
    }
    throw error;
  }
}

/** Of one visit, from the patient's list, page by page. */
async function prescriptionsOf(
  patient: string,
  appointment: string,
  after?: string,
): Promise<readonly Prescription[]> {
  const query = { limit: 200, ...(after === undefined ? {} : { after }) };
  const page = await answered(
    api.GET('/v1/patients/{id}/prescriptions', { params: { path: { id: patient }, query } }),
  );
  const found = page.items
    .map(readPrescription)
    .filter((one) => one !== null)
    .filter((one) => one.appointment === appointment);
  return page.next == null
    ? found
    : [...found, ...(await prescriptionsOf(patient, appointment, page.next))];
}

function PrescriptionText({ prescription }: { readonly prescription: Prescription }) {
  const say = useSay();
  const { medicines, remark, cancelled } = prescription;
  return (
    <dl className="note-read">
      <div>
        <dt>{say('records.prescribed')}</dt>
        {cancelled !== null && (
          <dd className="hint-warning">{say('records.cancelled', { reason: cancelled })}</dd>
        )}
        {medicines.map((medicine) => (
          <dd key={JSON.stringify(medicine)} data-cancelled={cancelled !== null}>
            <MedicineText medicine={medicine} />
          </dd>
        ))}
        {remark !== '' && <dd>{remark}</dd>}
      </div>
    </dl>
  );
}

function MedicineText({ medicine }: { readonly medicine: Medicine }) {
  const say = useSay();
  const { locale } = useWords();
  const days = new Intl.NumberFormat(locale, { style: 'unit', unit: 'day', unitDisplay: 'long' });
  const facts = [
    medicine.dose,
    medicine.frequency,
    medicine.days === null ? '' : days.format(medicine.days),
    medicine.repeats === 0 ? '' : say('records.repeats', { count: medicine.repeats }),
    medicine.instructions,
  ];
  return (
    <>
      <strong>{medicine.medicine}</strong>
      {' · '}
      {facts.filter((fact) => fact !== '').join(' · ')}
    </>
  );
}
