/** A prescription, as its practitioner writes it and as the patient reads it. */
import type { Schemas } from '../api/client.ts';
import { fields, list, textOrNull } from '../visit/read-visit.ts';
import { charsOver } from './note.ts';

export interface Medicine {
  readonly medicine: string;
  readonly dose: string;
  readonly frequency: string;
  readonly days: number | null;
  readonly repeats: number;
  readonly instructions: string;
  /** By which a program knows it (FHIR's `Coding`); not shown, and kept as it was read. */
  readonly code?: unknown;
}

export interface PrescriptionDraft {
  readonly id: string;
  readonly rev: number;
  readonly appointment: string;
  readonly medicines: readonly Medicine[];
  readonly remark: string;
}

export interface Prescription extends PrescriptionDraft {
  readonly practitioner: string;
  readonly signedAt: string;
  /** Why it was taken back; null while it is in force. */
  readonly cancelled: string | null;
}

/** What the server takes: medicines in one prescription, characters of a name, days, repeats. */
export const MEDICINES_MAX = 20;
export const MEDICINE_NAME_MAX = 200;
export const DAYS_MAX = 366;
export const REPEATS_MAX = 12;
const INSTRUCTIONS_MAX = 20_000;

export const emptyMedicine: Medicine = {
  medicine: '',
  dose: '',
  frequency: '',
  days: null,
  repeats: 0,
  instructions: '',
};

/** Null for a draft: it is nobody's to follow. */
export function readPrescription(view: Schemas['PrescriptionView']): Prescription | null {
  const signedAt = view.signature?.at;
  return signedAt === undefined
    ? null
    : {
        ...readText(view),
        practitioner: view.practitioner,
        signedAt,
        // A state that a newer server knows is not taken for one in force.
        cancelled: view.state === 'active' ? null : (view.cancel_reason ?? ''),
      };
}

/** Null for what is signed: it is nobody's to change. */
export function readDraft(view: Schemas['PrescriptionView']): PrescriptionDraft | null {
  return view.state === 'draft' ? readText(view) : null;
}

function readText(view: Schemas['PrescriptionView']): PrescriptionDraft {
  const text = fields(view.text);
  return {
    id: view.id,
    rev: view.rev,
    appointment: view.appointment,
    medicines: list(text['items']).map(readMedicine),
    remark: textOrNull(text['remark']) ?? '',
  };
}

function readMedicine(value: unknown): Medicine {
  const item = fields(value);
  const word = (name: string): string => textOrNull(item[name]) ?? '';
  const { duration_days: days, repeats, code } = item;
  return {
    medicine: word('medicine'),
    dose: word('dose'),
    frequency: word('frequency'),
    days: typeof days === 'number' ? days : null,
    repeats: typeof repeats === 'number' ? repeats : 0,
    instructions: word('instructions'),
    ...(code == null ? {} : { code }),
  };
}

/** Whether the server would take it: each medicine with dose and frequency, and within the bounds. */
export function canKeep(medicines: readonly Medicine[], remark: string): boolean {
  return (
    medicines.length > 0 &&
    medicines.length <= MEDICINES_MAX &&
    medicines.every(isComplete) &&
    charsOver(remark, MEDICINE_NAME_MAX) === 0
  );
}

function isComplete(item: Medicine): boolean {
  const names = [item.medicine, item.dose, item.frequency];
  return (
    names.every((name) => name.trim() !== '' && charsOver(name, MEDICINE_NAME_MAX) === 0) &&
    (item.days === null || (item.days > 0 && isWhole(item.days, DAYS_MAX))) &&
    isWhole(item.repeats, REPEATS_MAX) &&
    charsOver(item.instructions, INSTRUCTIONS_MAX) === 0
  );
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

/** As the server reads it. */
export function prescriptionBody(medicines: readonly Medicine[], remark: string): object {
  return {
    items: medicines.map(({ days, repeats, code, ...words }) => ({
      ...words,
      repeats,
      ...(days === null ? {} : { duration_days: days }),
      ...(code === undefined ? {} : { code }),
    })),
    remark,
  };
}
