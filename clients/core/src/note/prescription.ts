/** A prescription that is in force or was taken back, as the patient reads it. */
import type { Schemas } from '../api/client.ts';
import { fields, list, textOrNull } from '../visit/read-visit.ts';

export interface Medicine {
  readonly medicine: string;
  readonly dose: string;
  readonly frequency: string;
  readonly days: number | null;
  readonly repeats: number;
  readonly instructions: string;
}

export interface Prescription {
  readonly id: string;
  readonly appointment: string;
  readonly medicines: readonly Medicine[];
  readonly remark: string;
  readonly signedAt: string;
  /** Why it was taken back; null while it is in force. */
  readonly cancelled: string | null;
}

/** Null for a draft: it is nobody's to follow. */
export function readPrescription(view: Schemas['PrescriptionView']): Prescription | null {
  const signedAt = view.signature?.at;
  if (signedAt === undefined) {
    return null;
  }
  const text = fields(view.text);
  return {
    id: view.id,
    appointment: view.appointment,
    medicines: list(text['items']).map(readMedicine),
    remark: textOrNull(text['remark']) ?? '',
    signedAt,
    // A state that a newer server knows is not taken for one in force.
    cancelled: view.state === 'active' ? null : (view.cancel_reason ?? ''),
  };
}

function readMedicine(value: unknown): Medicine {
  const item = fields(value);
  const word = (name: string): string => textOrNull(item[name]) ?? '';
  const { duration_days: days, repeats } = item;
  return {
    medicine: word('medicine'),
    dose: word('dose'),
    frequency: word('frequency'),
    days: typeof days === 'number' ? days : null,
    repeats: typeof repeats === 'number' ? repeats : 0,
    instructions: word('instructions'),
  };
}
