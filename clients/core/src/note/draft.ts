/**
 * Writing a note: `(state, input) -> state, effects`.
 *
 * What is typed is saved after a pause or when a field is left, one request at a time. What cannot be saved stays on the
 * screen and is tried again; what somebody wrote in another window meanwhile is shown beside it, and a person decides.
 *
 * ```text
 * typed ─► quiet ─► save ─► saved ─────────────► (typed meanwhile: quiet again)
 *                     ├───► offline ─► pause ──► save
 *                     ├───► stale ───► read ───► other: theirs or mine
 *                     └───► refused ─► waits for the next change
 * ```
 */
import { ApiProblem, isPassing } from '../api/problem.ts';
import type { Note, NoteSection } from './note.ts';
import { emptyNote, isBlank, isSameText, isTooLong } from './note.ts';
import type { NoteDraft, NoteEffect, NoteInput, NoteState, NoteStep } from './state.ts';

export const QUIET_MS = 1_500;
const AGAIN_FIRST_MS = 2_000;
const AGAIN_MOST_MS = 60_000;

export function reduceNote(state: NoteState, input: NoteInput): NoteStep {
  switch (state.phase) {
    case 'opening':
    case 'refused':
      return only(open(state, input));
    case 'draft':
      return draftStep(state, input);
    case 'signed':
      return only(
        input.kind === 'added' && input.note.addenda.length >= state.note.addenda.length
          ? { ...state, note: input.note }
          : state,
      );
    default:
      return unreachable(state);
  }
}

/** Whether leaving the page would lose something. */
export function isUnsaved(state: NoteState): boolean {
  return state.phase === 'draft' && !isSameText(state.text, state.saved);
}

function open(state: NoteState, input: NoteInput): NoteState {
  if (input.kind === 'opened') {
    return stateOf(input.note);
  }
  return input.kind === 'not-opened' ? { phase: 'refused', error: input.error } : state;
}

function stateOf(note: Note | null): NoteState {
  if (note !== null && note.signedAt !== null) {
    return { phase: 'signed', note, leftOver: null };
  }
  const text = note?.text ?? emptyNote;
  return {
    phase: 'draft',
    text,
    saved: text,
    rev: note?.rev ?? null,
    sending: null,
    failures: 0,
    error: null,
    signing: 'no',
    other: null,
  };
}

function draftStep(draft: NoteDraft, input: NoteInput): NoteStep {
  switch (input.kind) {
    case 'typed':
      return typed(draft, input.section, input.text);
    case 'left-field':
      return draft.failures > 0 ? only(draft) : save(draft);
    case 'pause-over':
    case 'line-back':
      return save(draft);
    case 'saved':
      return saved(draft, input.note);
    case 'not-saved':
      return notSaved(draft, input.error);
    case 'other-read':
      return otherRead(draft, input.note);
    case 'other-not-read':
      return otherNotRead(draft, input.error);
    case 'theirs-taken':
      return isNote(draft.other) ? only(stateOf(draft.other)) : only(draft);
    case 'mine-kept':
      return isNote(draft.other)
        ? save({ ...draft, saved: draft.other.text, rev: draft.other.rev, other: null })
        : only(draft);
    case 'sign-pressed':
      return sign(draft);
    case 'signed':
      return only({ phase: 'signed', note: input.note, leftOver: null });
    case 'not-signed':
      return notSigned(draft, input.error);
    case 'opened':
    case 'not-opened':
    case 'added':
      return only(draft);
    default:
      return unreachable(input);
  }
}

function typed(draft: NoteDraft, section: NoteSection, text: string): NoteStep {
  if (draft.signing === 'wanted' || draft.signing === 'running') {
    return only(draft);
  }
  const state: NoteDraft = {
    ...draft,
    text: { ...draft.text, [section]: text },
    // A refused text may fit now; an outage stays one until a saving went well.
    error: draft.failures > 0 ? draft.error : null,
  };
  return draft.sending !== null || draft.failures > 0 || draft.other !== null
    ? only(state)
    : { state, effects: [{ kind: 'pause', ms: QUIET_MS }] };
}

function save(draft: NoteDraft): NoteStep {
  if (draft.other === 'reading' && draft.failures > 0) {
    return { state: draft, effects: [{ kind: 'read-other' }] };
  }
  const isBusy = draft.sending !== null || draft.other !== null || draft.signing === 'running';
  // What is too long waits until it is shortened: nothing of it is cut off.
  if (isBusy || isSameText(draft.text, draft.saved) || isTooLong(draft.text)) {
    return only(draft);
  }
  return {
    state: { ...draft, sending: draft.text },
    effects: [{ kind: 'save', text: draft.text, rev: draft.rev }],
  };
}

function saved(draft: NoteDraft, note: Note): NoteStep {
  const state: NoteDraft = {
    ...draft,
    saved: draft.sending ?? note.text,
    rev: note.rev,
    sending: null,
    failures: 0,
    error: null,
  };
  if (state.signing === 'wanted') {
    return sign(state);
  }
  return isSameText(state.text, state.saved)
    ? only(state)
    : { state, effects: [{ kind: 'pause', ms: QUIET_MS }] };
}

function notSaved(draft: NoteDraft, error: unknown): NoteStep {
  const state: NoteDraft = { ...draft, sending: null, signing: 'no', error };
  if (isPassing(error) || isKind(error, 'too-often')) {
    return again(state);
  }
  // Signed in another window is `not-possible`: reading it tells the two apart.
  return isKind(error, 'stale') || isKind(error, 'not-possible')
    ? readOther(state, error)
    : only(state);
}

/** Tries again, after pauses that grow. */
function again(draft: NoteDraft): NoteStep {
  const ms = Math.min(AGAIN_FIRST_MS * 2 ** draft.failures, AGAIN_MOST_MS);
  return {
    state: { ...draft, failures: draft.failures + 1 },
    effects: [{ kind: 'pause', ms }],
  };
}

function readOther(
  draft: NoteDraft,
  error: unknown,
): { readonly state: NoteDraft; readonly effects: readonly NoteEffect[] } {
  return {
    state: { ...draft, signing: 'no', other: 'reading', failures: 0, error },
    effects: [{ kind: 'read-other' }],
  };
}

function otherRead(draft: NoteDraft, note: Note | null): NoteStep {
  if (draft.other !== 'reading') {
    return only(draft);
  }
  if (note === null) {
    return only({ ...draft, ...settled(draft) });
  }
  const isMine = isSameText(note.text, draft.text);
  if (note.signedAt !== null) {
    return only({ phase: 'signed', note, leftOver: isMine ? null : draft.text });
  }
  // The answer to a saving was lost on its way, and it is one's own text that is there.
  if (isMine || isSameText(draft.text, draft.saved)) {
    return only({ ...draft, text: note.text, saved: note.text, rev: note.rev, ...settled(draft) });
  }
  if (note.rev === draft.rev) {
    return { state: { ...draft, ...settled(draft) }, effects: [{ kind: 'pause', ms: QUIET_MS }] };
  }
  return only({ ...draft, other: note, failures: 0, error: null });
}

/** It is known what is on the server. What was to be signed and is not is still told. */
function settled({ signing, error }: NoteDraft) {
  return {
    other: null,
    failures: 0,
    signing: 'no',
    error: signing === 'lost' ? error : null,
  } as const;
}

function otherNotRead(draft: NoteDraft, error: unknown): NoteStep {
  if (draft.other !== 'reading') {
    return only(draft);
  }
  return isPassing(error) ? again({ ...draft, error }) : only({ ...draft, other: null, error });
}

function sign(draft: NoteDraft): NoteStep {
  const mayNot =
    draft.signing === 'running' ||
    draft.other !== null ||
    isBlank(draft.text) ||
    isTooLong(draft.text);
  if (mayNot) {
    return only({ ...draft, signing: draft.signing === 'running' ? 'running' : 'no' });
  }
  if (!isSameText(draft.text, draft.saved) || draft.sending !== null || draft.rev === null) {
    return save({ ...draft, signing: 'wanted' });
  }
  return {
    state: { ...draft, signing: 'running', error: null },
    effects: [{ kind: 'sign', rev: draft.rev }],
  };
}

function notSigned(draft: NoteDraft, error: unknown): NoteStep {
  if (isKind(error, 'stale') || isPassing(error)) {
    // It may have been signed, and only the answer is lost.
    const { state, effects } = readOther(draft, error);
    return { state: { ...state, signing: 'lost' }, effects };
  }
  // Who closes the question who they are changed their mind: nothing to report.
  return only({ ...draft, signing: 'no', error: isKind(error, 'step-up') ? null : error });
}

function isNote(other: NoteDraft['other']): other is Note {
  return other !== null && other !== 'reading';
}

function isKind(error: unknown, kind: string): boolean {
  return error instanceof ApiProblem && error.kind === kind;
}

function only(state: NoteState): NoteStep {
  return { state, effects: [] };
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
