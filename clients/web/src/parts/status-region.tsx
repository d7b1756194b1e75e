import { useSyncExternalStore } from 'react';
import type { Announcements } from '../announcements.ts';

/**
 * The one live region of the page. It stands in the document from the start, because a region that
 * appears together with its text is not read out.
 */
export function StatusRegion({
  announcements,
  note,
}: {
  readonly announcements: Announcements;
  /** What holds until it is over, such as a lost connection. */
  readonly note: string | null;
}) {
  const shown = useSyncExternalStore(announcements.subscribe, announcements.snapshot);
  return (
    <div className="status-region" role="status" aria-live="polite" aria-atomic="false">
      {note !== null && (
        <p className="toast toast-lasting" data-testid="connection-note">
          <span className="spinner" aria-hidden="true" />
          {note}
        </p>
      )}
      {shown.map((announcement) => (
        <p key={announcement.key} className={announcement.spokenOnly ? 'visually-hidden' : 'toast'}>
          {announcement.text}
        </p>
      ))}
    </div>
  );
}
