import { readNote, readPrescription } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Asked, Loading } from '../parts/notice.tsx';
import { NoteSections } from './note-sections.tsx';
import { Person } from './person.tsx';
import { PrescriptionText } from './prescription-text.tsx';
import { RecordList } from './record-list.tsx';
import { appointmentOf, notesOf, patientQuery, prescriptionsOf } from './records-of.ts';

const NOTES_SHOWN = 3;

/** Who it is, what they take, what was written last: to their practitioner. Read once it is opened, and written down then. */
export function PatientSummary({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="note-section note-fold"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{say('patient.title')}</summary>
      {isOpen && <OfAppointment appointment={appointment} />}
    </details>
  );
}

function OfAppointment({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const visit = useQuery(appointmentOf(appointment));
  return (
    <Asked query={visit}>
      {({ patient, reason }) => (
        <>
          {reason != null && reason !== '' && (
            <p>
              <strong>{say('patient.reason')}</strong> {reason}
            </p>
          )}
          {patient != null && <Summary patient={patient} />}
        </>
      )}
    </Asked>
  );
}

function Summary({ patient }: { readonly patient: string }) {
  const say = useSay();
  const format = useFormat();
  const profile = useQuery(patientQuery(patient));
  const notes = useQuery(notesOf(patient));
  const prescriptions = useQuery(prescriptionsOf(patient));
  if (notes.isPending || prescriptions.isPending) {
    return <Loading />;
  }
  const inForce = (prescriptions.data ?? [])
    .map(readPrescription)
    .filter((one) => one !== null && one.cancelled === null)
    .filter((one) => one !== null);
  const written = (notes.data ?? []).slice(0, NOTES_SHOWN);
  return (
    <div className="patient-summary" data-testid="patient-summary">
      <Asked query={profile}>{({ profile: data }) => <Person profile={data} />}</Asked>
      <RecordList patient={patient} mayJudge />
      <Asked query={prescriptions}>
        {() => (
          <>
            {inForce.length > 0 && <h3>{say('patient.inForce')}</h3>}
            {inForce.map((one) => (
              <PrescriptionText key={one.id} prescription={one} />
            ))}
          </>
        )}
      </Asked>
      <Asked query={notes}>
        {() => (
          <>
            {written.length > 0 && <h3>{say('patient.earlier')}</h3>}
            {written.map((view) => (
              <details key={view.id}>
                <summary>{format.shortDay(view.created_at)}</summary>
                <NoteSections text={readNote(view).text} />
              </details>
            ))}
            {written.length === 0 && inForce.length === 0 && (
              <p className="hint">{say('patient.nothing')}</p>
            )}
          </>
        )}
      </Asked>
    </div>
  );
}
