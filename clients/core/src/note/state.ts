/** What a note that is written can be, what happens to it, and what has to be done then. */
import type { Note, NoteSection, NoteText } from './note.ts';

export interface NoteDraft {
  readonly phase: 'draft';
  /** What stands on the screen. */
  readonly text: NoteText;
  /** What the server has, in this revision; null before the first text. */
  readonly saved: NoteText;
  readonly rev: number | null;
  /** What is on its way. */
  readonly sending: NoteText | null;
  /** Savings that failed in a row. */
  readonly failures: number;
  /** Why the last act was not done. */
  readonly error: unknown;
  /** `wanted`: as soon as everything is saved. `lost`: it is being looked up whether it was done. */
  readonly signing: 'no' | 'wanted' | 'running' | 'lost';
  /** Somebody else was faster: `reading` until it is known what they wrote. */
  readonly other: Note | 'reading' | null;
}

export interface NoteSigned {
  readonly phase: 'signed';
  readonly note: Note;
  /** What was typed here and is not part of it, because it was signed in another window. */
  readonly leftOver: NoteText | null;
}

export type NoteState =
  | { readonly phase: 'opening' }
  | { readonly phase: 'refused'; readonly error: unknown }
  | NoteDraft
  | NoteSigned;

export type NoteInput =
  /** null: nothing was written yet. */
  | { readonly kind: 'opened'; readonly note: Note | null }
  | { readonly kind: 'not-opened'; readonly error: unknown }
  | { readonly kind: 'typed'; readonly section: NoteSection; readonly text: string }
  | { readonly kind: 'left-field' }
  | { readonly kind: 'pause-over' }
  | { readonly kind: 'line-back' }
  | { readonly kind: 'saved'; readonly note: Note }
  | { readonly kind: 'not-saved'; readonly error: unknown }
  | { readonly kind: 'other-read'; readonly note: Note | null }
  | { readonly kind: 'other-not-read'; readonly error: unknown }
  | { readonly kind: 'theirs-taken' }
  | { readonly kind: 'mine-kept' }
  | { readonly kind: 'sign-pressed' }
  | { readonly kind: 'signed'; readonly note: Note }
  | { readonly kind: 'not-signed'; readonly error: unknown }
  | { readonly kind: 'added'; readonly note: Note };

export type NoteEffect =
  | { readonly kind: 'save'; readonly text: NoteText; readonly rev: number | null }
  /** In place of a pause that runs. */
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'read-other' }
  | { readonly kind: 'sign'; readonly rev: number };

export interface NoteStep {
  readonly state: NoteState;
  readonly effects: readonly NoteEffect[];
}

export const firstNoteState: NoteState = { phase: 'opening' };
