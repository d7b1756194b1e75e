import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSay } from '../app/words.tsx';
import { DocumentList } from '../documents/document-list.tsx';
import { Asked } from '../parts/notice.tsx';
import { appointmentOf } from './records-of.ts';

/** The patient's documents beside the call. Listed once it is opened, and written down then. */
export function PatientDocuments({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  const visit = useQuery({ ...appointmentOf(appointment), enabled: isOpen });
  return (
    <details
      className="note-section note-fold"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{say('docs.title')}</summary>
      {isOpen && (
        <Asked query={visit}>
          {({ patient }) => (patient == null ? null : <DocumentList patient={patient} />)}
        </Asked>
      )}
    </details>
  );
}
