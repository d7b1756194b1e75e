import type { NoteText } from '@bedside/core';
import { isBlank, NOTE_SECTIONS } from '@bedside/core';
import { useSay } from '../app/words.tsx';

/** A note's text to read: the sections that say something. */
export function NoteSections({ text }: { readonly text: NoteText }) {
  const say = useSay();
  if (isBlank(text)) {
    return <p className="hint">{say('note.blank')}</p>;
  }
  return (
    <dl className="note-read">
      {NOTE_SECTIONS.filter((section) => text[section].trim() !== '').map((section) => (
        <div key={section}>
          <dt>{say(`note.${section}`)}</dt>
          <dd>{text[section]}</dd>
        </div>
      ))}
    </dl>
  );
}
