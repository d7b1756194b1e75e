import { type KeyboardEvent, useEffect, useId, useRef } from 'react';
import { useSay } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';
import { NoteEditor } from './note-editor.tsx';
import { PatientDocuments } from './patient-documents.tsx';
import { PatientSummary } from './patient-summary.tsx';
import { Prescriptions } from './prescriptions.tsx';
import { VisitRecordings } from './visit-recordings.tsx';

/** Beside the call; where there is no room beside it, in front of it once it is opened. */
export function NotePanel({
  appointment,
  isOpen,
  onClose,
}: {
  readonly appointment: string;
  /** On a narrow screen; on a wide one it is there at all times. */
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const id = useId();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen) {
      panel.current?.focus({ preventScroll: true });
    }
  }, [isOpen]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes
    <section
      ref={panel}
      className="note-panel"
      data-open={isOpen}
      aria-labelledby={id}
      tabIndex={-1}
      onKeyDown={(event: KeyboardEvent) => event.key === 'Escape' && isOpen && onClose()}
    >
      <div className="note-head">
        <h2 id={id}>{say('note.title')}</h2>
        <button
          type="button"
          className="icon-button note-close"
          aria-label={say('common.close')}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <PatientSummary appointment={appointment} />
      <NoteEditor appointment={appointment} />
      <Prescriptions appointment={appointment} />
      <VisitRecordings appointment={appointment} />
      <PatientDocuments appointment={appointment} />
    </section>
  );
}
