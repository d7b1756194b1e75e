import type { Note } from '@bedside/core';
import { ApiProblem, answered, readNote, readPrescription } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../app/api.ts';
import { useSay } from '../app/words.tsx';
import { Asked } from '../parts/notice.tsx';
import { PrescriptionText } from './prescription-text.tsx';
import { prescriptionsOf } from './records-of.ts';
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
  const note = useQuery({
    queryKey: ['note', appointment],
    queryFn: () => readSigned(appointment),
  });
  const prescriptions = useQuery(prescriptionsOf(patient));
  return (
    <div className="note-body">
      <Asked query={note}>
        {({ found }) => (
          <Asked query={prescriptions}>
            {(views) => {
              const own = views
                .map(readPrescription)
                .filter((one) => one !== null && one.appointment === appointment)
                .filter((one) => one !== null);
              return (
                <>
                  {found === null && own.length === 0 && (
                    <p className="hint">{say('records.none')}</p>
                  )}
                  {found !== null && <SignedNote note={found} leftOver={null} onAdd={null} />}
                  {own.length > 0 && <h3>{say('records.prescribed')}</h3>}
                  {own.map((one) => (
                    <PrescriptionText key={one.id} prescription={one} />
                  ))}
                </>
              );
            }}
          </Asked>
        )}
      </Asked>
    </div>
  );
}

async function readSigned(appointment: string): Promise<{ readonly found: Note | null }> {
  const params = { path: { id: appointment } };
  try {
    const view = await answered(api.GET('/v1/appointments/{id}/note', { params }));
    return { found: readNote(view) };
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) {
      return { found: null };
    }
    throw error;
  }
}
