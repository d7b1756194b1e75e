import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLive } from '../app/live.ts';
import { useSay } from '../app/words.tsx';
import { DocumentRow } from '../documents/document-list.tsx';
import { recordingsOf } from '../documents/documents-of.ts';
import { Asked } from '../parts/notice.tsx';

/** What was recorded of the visit, once it is in the record. Listed once it is opened, and written down then. */
export function VisitRecordings({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  const asked = recordingsOf(appointment);
  useLive(['document.'], [asked.queryKey]);
  const recordings = useQuery({ ...asked, enabled: isOpen });
  return (
    <details
      className="note-section note-fold"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{say('recordings.title')}</summary>
      {isOpen && (
        <Asked query={recordings}>
          {(all) =>
            all.length === 0 ? (
              <p className="empty">{say('recordings.none')}</p>
            ) : (
              <ul className="rows card">
                {all.map((document) => (
                  <DocumentRow key={document.id} document={document} mayAdd={false} />
                ))}
              </ul>
            )
          }
        </Asked>
      )}
    </details>
  );
}
