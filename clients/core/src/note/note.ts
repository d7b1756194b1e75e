/** The note of a visit, as its practitioner writes it and as it is read once it is signed. */
import type { Schemas } from '../api/client.ts';

/** In the order in which a visit goes. */
export const NOTE_SECTIONS = ['reason', 'history', 'findings', 'assessment', 'plan'] as const;
export type NoteSection = (typeof NOTE_SECTIONS)[number];
export type NoteText = Readonly<Record<NoteSection, string>>;

/** What the server keeps of one section, in characters. */
export const NOTE_SECTION_MAX = 20_000;

export interface Addendum {
  readonly id: string;
  readonly text: string;
  readonly at: string;
}

export interface Note {
  readonly rev: number;
  readonly text: NoteText;
  /** When it became final; null for a draft. */
  readonly signedAt: string | null;
  readonly addenda: readonly Addendum[];
}

export const emptyNote: NoteText = {
  reason: '',
  history: '',
  findings: '',
  assessment: '',
  plan: '',
};

export function readNote(view: Schemas['NoteView']): Note {
  return {
    rev: view.rev,
    text: readText(view.text),
    signedAt: view.signature?.at ?? null,
    addenda: view.addenda.map(({ id, text, signature }) => ({ id, text, at: signature.at })),
  };
}

/** A section that a server leaves out is empty. */
function readText(value: object): NoteText {
  const section = (name: NoteSection): string => {
    const text: unknown = Reflect.get(value, name);
    return typeof text === 'string' ? text : '';
  };
  return {
    reason: section('reason'),
    history: section('history'),
    findings: section('findings'),
    assessment: section('assessment'),
    plan: section('plan'),
  };
}

export function isSameText(one: NoteText, other: NoteText): boolean {
  return NOTE_SECTIONS.every((section) => one[section] === other[section]);
}

/** By how many characters a text is longer than what is kept; the server counts code points, as this does. */
export function charsOver(text: string, max: number): number {
  // A text has at most as many code points as units: most are decided without counting.
  return text.length <= max ? 0 : Math.max(0, Array.from(text).length - max);
}

export function isTooLong(text: NoteText): boolean {
  return NOTE_SECTIONS.some((section) => charsOver(text[section], NOTE_SECTION_MAX) > 0);
}

/** Nothing that could be signed. */
export function isBlank(text: NoteText): boolean {
  return NOTE_SECTIONS.every((section) => text[section].trim() === '');
}
