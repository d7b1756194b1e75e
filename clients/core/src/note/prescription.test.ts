import { describe, expect, it } from 'vitest';
import type { Schemas } from '../api/client.ts';
import { readPrescription } from './prescription.ts';

function viewOf(json: object): Schemas['PrescriptionView'] {
  const at = '2026-11-27T10:00:00Z';
  return JSON.parse(
    JSON.stringify({
      id: 'presc_1',
      rev: 2,
      appointment: 'apt_1',
      patient: 'pat_1',
      practitioner: 'prac_1',
      created_at: at,
      state: 'active',
      signature: { by: 'usr_1', at, hash: '00' },
      text: { items: [{ medicine: 'Ibuprofen', dose: '400 mg', frequency: 'twice a day' }] },
      ...json,
    }),
  );
}

describe('a prescription', () => {
  it('is read with what may be left out left out', () => {
    expect(readPrescription(viewOf({}))).toMatchObject({
      medicines: [{ medicine: 'Ibuprofen', days: null, repeats: 0, instructions: '' }],
      remark: '',
      cancelled: null,
    });
  });

  it('that is a draft is nothing to follow', () => {
    expect(readPrescription(viewOf({ state: 'draft', signature: undefined }))).toBeNull();
  });

  it('that was taken back, or is in a state unknown here, is not in force', () => {
    const cancelled = viewOf({ state: 'cancelled', cancel_reason: 'wrong dose' });
    expect(readPrescription(cancelled)?.cancelled).toBe('wrong dose');
    expect(readPrescription(viewOf({ state: 'expired' }))?.cancelled).toBe('');
  });
});
