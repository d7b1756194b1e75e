import { readNote, readPrescription } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Asked } from '../parts/notice.tsx';
import { PrescriptionText } from './prescription-text.tsx';
import { RecordAdd } from './record-add.tsx';
import { RecordList } from './record-list.tsx';
import { notesOf, prescriptionsOf } from './records-of.ts';
import { SignedNote } from './signed-note.tsx';

/** What is known about a patient, to themselves: they add to it. */
export function PatientRecords({ patient }: { readonly patient: string }) {
  const say = useSay();
  return (
    <>
      <section className="card" aria-labelledby="record">
        <h2 id="record">{say('record.title')}</h2>
        <RecordList patient={patient} mayJudge={false} />
        <RecordAdd patient={patient} />
      </section>
      <p className="lead">{say('records.lead')}</p>
      <SignedRecords patient={patient} />
    </>
  );
}

/** A patient's prescriptions, those in force first, and signed notes. */
export function SignedRecords({ patient }: { readonly patient: string }) {
  const say = useSay();
  const format = useFormat();
  const notes = useQuery(notesOf(patient));
  const prescriptions = useQuery(prescriptionsOf(patient));
  return (
    <>
      <section className="stack" aria-labelledby="prescriptions">
        <h2 id="prescriptions">{say('rx.title')}</h2>
        <Asked query={prescriptions}>
          {(views) => {
            const signed = views.map(readPrescription).filter((one) => one !== null);
            const inForce = signed.filter(({ cancelled }) => cancelled === null);
            const rest = signed.filter(({ cancelled }) => cancelled !== null);
            return signed.length === 0 ? (
              <p className="empty">{say('records.nothing')}</p>
            ) : (
              [...inForce, ...rest].map((one) => (
                <div key={one.id} className="card">
                  <PrescriptionText prescription={one} />
                </div>
              ))
            );
          }}
        </Asked>
      </section>
      <section className="stack" aria-labelledby="notes">
        <h2 id="notes">{say('records.notes')}</h2>
        <Asked query={notes}>
          {(views) =>
            views.length === 0 ? (
              <p className="empty">{say('records.nothing')}</p>
            ) : (
              views.map((view) => (
                <details key={view.id} className="card">
                  <summary>{format.moment(view.created_at)}</summary>
                  <SignedNote note={readNote(view)} leftOver={null} onAdd={null} />
                </details>
              ))
            )
          }
        </Asked>
      </section>
    </>
  );
}
