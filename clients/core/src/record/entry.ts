/** An entry of a patient's record, as far as a screen shows it: FHIR's words stay what they are. */
import { list, textOrNull } from '../visit/read-visit.ts';

export const ENTRY_KINDS = [
  'allergy',
  'condition',
  'medication',
  'observation',
  'history',
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface RecordEntry {
  readonly id: string;
  readonly rev: number;
  readonly kind: EntryKind;
  /** In words, or the code's own where nobody wrote words. */
  readonly title: string;
  /** Dosage, value, reaction, relation, note: whatever there is, in an order that reads. */
  readonly details: readonly string[];
  /** A patient said so, and no practitioner has looked at it. */
  readonly isUnconfirmed: boolean;
  /** The next time may be dangerous. */
  readonly isSevere: boolean;
  readonly status: string;
  readonly enteredAs: string;
  /** Why this revision corrects the one before. */
  readonly reason: string | null;
  /** When this revision was said. */
  readonly at: string;
  /** A year, a month, a day or an instant; null where nobody knows. */
  readonly since: string | null;
  /** What it says, whole: what a correction sends back. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** Null for what is no entry of a kind that is shown. */
export function readEntry(view: unknown): RecordEntry | null {
  const entry = open(view);
  const content = open(entry['content']);
  const kind = ENTRY_KINDS.find((one) => one === content['kind']);
  if (kind === undefined) {
    return null;
  }
  const entered = open(entry['entered']);
  const { rev, id } = entry;
  return {
    id: textOrNull(id) ?? '',
    rev: typeof rev === 'number' ? rev : 0,
    kind,
    title: concept(content['code']),
    details: [...told(kind, content), word(content, 'note')].filter((text) => text !== ''),
    isUnconfirmed: content['verification'] === 'unconfirmed',
    isSevere: content['criticality'] === 'high' || content['severity'] === 'severe',
    status: textOrNull(entry['status']) ?? '',
    enteredAs: textOrNull(entered['as']) ?? '',
    reason: textOrNull(entry['reason']),
    at: textOrNull(entered['at']) ?? textOrNull(entry['created_at']) ?? '',
    since: sinceOf(content),
    content,
  };
}

export function readEntries(views: unknown): readonly RecordEntry[] {
  return list(views)
    .map(readEntry)
    .filter((one) => one !== null);
}

function told(kind: EntryKind, content: Readonly<Record<string, unknown>>): string[] {
  switch (kind) {
    case 'allergy':
      return list(content['reactions']).map((one) => concept(open(one)['manifestation']));
    case 'medication':
      return [word(content, 'dosage')];
    case 'observation':
      return [
        measured(content['value']),
        ...list(content['components']).map((one) => {
          const part = open(one);
          return `${concept(part['code'])} ${measured(part['value'])}`.trim();
        }),
      ];
    case 'history':
      return [word(content, 'relation')];
    case 'condition':
      return [];
    default:
      return unreachable(kind);
  }
}

function sinceOf(content: Readonly<Record<string, unknown>>): string | null {
  for (const name of ['onset', 'from', 'effective', 'date']) {
    const text = textOrNull(content[name]);
    if (text !== null && text !== '') {
      return text;
    }
  }
  return null;
}

function concept(value: unknown): string {
  const { text, codings } = open(value);
  const coding = open(list(codings)[0]);
  return textOrNull(text) || word(coding, 'display') || word(coding, 'code');
}

function measured(value: unknown): string {
  const found = open(value);
  const quantity = open(found['quantity']);
  if (typeof quantity['value'] === 'number') {
    const unit = word(quantity, 'unit') || word(quantity, 'code');
    return `${String(quantity['value'])} ${unit}`.trim();
  }
  if (found['concept'] !== undefined) {
    return concept(found['concept']);
  }
  const { text, integer } = found;
  return typeof integer === 'number' ? String(integer) : (textOrNull(text) ?? '');
}

/** What a patient says of themselves: no practitioner has looked at it yet. */
export function ownEntry(
  kind: 'allergy' | 'condition' | 'medication',
  text: string,
  detail: string,
): object {
  const code = { text: text.trim() };
  const note = detail.trim();
  return kind === 'medication'
    ? { kind, code, status: 'active', dosage: note }
    : { kind, code, clinical: 'active', verification: 'unconfirmed', note };
}

/** The same entry, looked at and found to be so. */
export function confirmed({ content }: RecordEntry): object {
  return { ...content, verification: 'confirmed' };
}

/** The same entry, marked as what should never have been. */
export function enteredInError({ kind, content }: RecordEntry): object {
  return kind === 'allergy' || kind === 'condition'
    ? { ...content, verification: 'entered-in-error' }
    : { ...content, status: 'entered-in-error' };
}

function word(content: Readonly<Record<string, unknown>>, name: string): string {
  return textOrNull(content[name]) ?? '';
}

function open(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
