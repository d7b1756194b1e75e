import type { Note, NoteInput } from '@bedside/core';
import { useSay } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';
import { NoteSections } from './note-sections.tsx';

/** Somebody wrote the note in another window: what they wrote, and whose text shall stand. */
export function NoteConflict({
  other,
  dispatch,
}: {
  readonly other: Note;
  readonly dispatch: (input: NoteInput) => void;
}) {
  const say = useSay();
  return (
    <div className="notice notice-warning" role="alert">
      <Icon name="notice" />
      <div className="stack">
        <p>{say('note.changed')}</p>
        <details>
          <summary>{say('note.other')}</summary>
          <NoteSections text={other.text} />
        </details>
        <div className="actions">
          <button
            type="button"
            className="button button-quiet"
            onClick={() => dispatch({ kind: 'theirs-taken' })}
          >
            {say('note.takeTheirs')}
          </button>
          <button
            type="button"
            className="button button-quiet"
            onClick={() => dispatch({ kind: 'mine-kept' })}
          >
            {say('note.keepMine')}
          </button>
        </div>
      </div>
    </div>
  );
}
