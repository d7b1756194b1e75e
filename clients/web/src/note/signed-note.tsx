import type { Note, NoteText } from '@bedside/core';
import { ApiProblem, charsOver, NOTE_SECTION_MAX } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { TextArea } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { NoteSections } from './note-sections.tsx';

/** A note that is final, with what was added to it. */
export function SignedNote({
  note,
  leftOver,
  onAdd,
}: {
  readonly note: Note;
  /** What was typed here and is not part of it. */
  readonly leftOver: NoteText | null;
  /** Null for who only reads. */
  readonly onAdd: ((text: string) => Promise<void>) | null;
}) {
  const say = useSay();
  const format = useFormat();
  return (
    <>
      <p className="note-status" role="status" data-testid="note-signed">
        <Icon name="check" />
        {note.signedAt !== null && say('note.signed', { when: format.moment(note.signedAt) })}
      </p>
      <NoteSections text={note.text} />
      {leftOver !== null && (
        <div className="notice notice-warning" role="alert">
          <Icon name="notice" />
          <div className="stack">
            <p>{say('note.leftOver')}</p>
            <NoteSections text={leftOver} />
          </div>
        </div>
      )}
      {note.addenda.map((addendum) => (
        <div key={addendum.id} className="note-addendum">
          <p className="hint">{say('note.added', { when: format.moment(addendum.at) })}</p>
          <p>{addendum.text}</p>
        </div>
      ))}
      {onAdd !== null && <AddForm onAdd={onAdd} />}
    </>
  );
}

function AddForm({ onAdd }: { readonly onAdd: (text: string) => Promise<void> }) {
  const say = useSay();
  const [text, setText] = useState('');
  const add = useMutation({ mutationFn: () => onAdd(text), onSuccess: () => setText('') });
  const changedTheirMind = add.error instanceof ApiProblem && add.error.kind === 'step-up';
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (!add.isPending) {
          add.mutate();
        }
      }}
    >
      <TextArea
        label={say('note.add')}
        rows={2}
        value={text}
        charsMax={NOTE_SECTION_MAX}
        onChange={setText}
      />
      <ProblemNotice error={changedTheirMind ? null : add.error} />
      <button
        type="submit"
        className="button"
        disabled={text.trim() === '' || charsOver(text, NOTE_SECTION_MAX) > 0}
        aria-busy={add.isPending}
      >
        {say('note.addSign')}
      </button>
    </form>
  );
}
