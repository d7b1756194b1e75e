import type { NoteDraft, NoteSection } from '@bedside/core';
import {
  charsOver,
  isBlank,
  isTooLong,
  isUnsaved,
  NOTE_SECTION_MAX,
  NOTE_SECTIONS,
} from '@bedside/core';
import { useEffect, useId, useState, useSyncExternalStore } from 'react';
import { useStepUp } from '../app/step-up.tsx';
import { useSay } from '../app/words.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { NoteConflict } from './note-conflict.tsx';
import { type NoteMachine, noteMachineOf } from './note-machine.ts';
import { SignedNote } from './signed-note.tsx';

/** The note of a visit, to its practitioner: five sections while it is a draft, to be read and added to afterwards. */
export function NoteEditor({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const [machine] = useState(() => noteMachineOf(appointment));
  const state = useSyncExternalStore(machine.subscribe, machine.snapshot);
  const { run, dialog } = useStepUp();
  useEffect(() => machine.proveBy(run), [machine, run]);
  return (
    <div className="note-body">
      {state.phase === 'opening' && <Loading />}
      {state.phase === 'refused' && (
        <ProblemNotice error={state.error}>
          <button type="button" className="button button-quiet" onClick={() => void machine.open()}>
            {say('common.tryAgain')}
          </button>
        </ProblemNotice>
      )}
      {state.phase === 'draft' && <Draft machine={machine} draft={state} />}
      {state.phase === 'signed' && (
        <SignedNote
          note={state.note}
          leftOver={state.leftOver}
          onAdd={(text) => machine.add(text)}
        />
      )}
      {dialog}
    </div>
  );
}

function Draft({ machine, draft }: { readonly machine: NoteMachine; readonly draft: NoteDraft }) {
  const say = useSay();
  const [isAsking, setAsking] = useState(false);
  const isSigning = draft.signing === 'wanted' || draft.signing === 'running';
  const isLost = draft.signing === 'lost';
  return (
    <>
      {NOTE_SECTIONS.map((section) => (
        <Section
          key={section}
          section={section}
          text={draft.text[section]}
          isFixed={isSigning}
          machine={machine}
        />
      ))}
      <Status draft={draft} />
      {draft.other !== null && draft.other !== 'reading' && (
        <NoteConflict other={draft.other} dispatch={machine.dispatch} />
      )}
      <ProblemNotice
        error={!isLost && (draft.failures > 0 || draft.other !== null) ? null : draft.error}
      />
      <button
        type="button"
        className="button button-primary note-sign"
        disabled={isBlank(draft.text) || isTooLong(draft.text) || draft.other !== null}
        aria-busy={isSigning}
        onClick={() => setAsking(true)}
      >
        {say('note.sign')}
      </button>
      {isAsking && (
        <Dialog title={say('note.signTitle')} onClose={() => setAsking(false)}>
          <p>{say('note.signText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-primary"
              onClick={() => {
                setAsking(false);
                machine.dispatch({ kind: 'sign-pressed' });
              }}
            >
              {say('note.sign')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** Seen at all times; said aloud only when saving does not work, and when it works again. */
function Status({ draft }: { readonly draft: NoteDraft }) {
  const say = useSay();
  const isFailing = draft.failures > 0 && draft.signing !== 'lost';
  const [hasFailed, setFailed] = useState(false);
  if (isFailing && !hasFailed) {
    setFailed(true);
  }
  const isSaved = !isUnsaved(draft);
  const shown = isSaved ? (draft.rev === null ? '' : say('common.saved')) : say('note.unsaved');
  return (
    <div className="note-state">
      {!isFailing && (
        <p className="note-status hint" data-saved={isSaved} data-testid="note-status">
          {shown}
        </p>
      )}
      <p className={isFailing ? 'hint-warning' : 'visually-hidden'} role="status">
        {isFailing ? say('note.failing') : hasFailed && isSaved ? say('common.saved') : ''}
      </p>
    </div>
  );
}

function Section({
  section,
  text,
  isFixed,
  machine,
}: {
  readonly section: NoteSection;
  readonly text: string;
  readonly isFixed: boolean;
  readonly machine: NoteMachine;
}) {
  const say = useSay();
  const id = useId();
  const over = charsOver(text, NOTE_SECTION_MAX);
  return (
    <details className="note-section field" open>
      <summary id={id}>{say(`note.${section}`)}</summary>
      <textarea
        aria-labelledby={id}
        rows={2}
        value={text}
        readOnly={isFixed}
        aria-invalid={over > 0 || undefined}
        aria-describedby={over > 0 ? `${id}-over` : undefined}
        onChange={(event) => machine.dispatch({ kind: 'typed', section, text: event.target.value })}
        onBlur={() => machine.dispatch({ kind: 'left-field' })}
      />
      {over > 0 && (
        <p id={`${id}-over`} className="field-error" role="alert">
          {say('common.tooLong', { count: over })}
        </p>
      )}
    </details>
  );
}
