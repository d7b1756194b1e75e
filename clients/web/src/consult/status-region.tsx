import type { Text } from '@bedside/core';
import { useSyncExternalStore } from 'react';
import { useTell } from '../app/words.tsx';
import type { Announcements } from './announcements.ts';

/**
 * The one live region of a visit. It stands in the document from the start, because a region that appears together with
 * its text is not read out. It has a row of its own: nothing is covered.
 */
export function StatusRegion({
  announcements,
  note,
}: {
  readonly announcements: Announcements;
  /** What holds until it is over, such as a lost connection. */
  readonly note: Text | null;
}) {
  const tell = useTell();
  const shown = useSyncExternalStore(announcements.subscribe, announcements.snapshot);
  return (
    <div className="status-region" role="status" aria-live="polite" aria-atomic="false">
      {note !== null && (
        <p className="toast toast-lasting" data-testid="connection-note">
          <span className="spinner" aria-hidden="true" />
          {tell(note)}
        </p>
      )}
      {shown.map((announcement) => (
        <p key={announcement.key} className={announcement.spokenOnly ? 'visually-hidden' : 'toast'}>
          {tell(announcement.text)}
        </p>
      ))}
    </div>
  );
}
