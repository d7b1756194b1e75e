import { describe, expect, it } from 'vitest';
import type { Schemas } from '../api/client.ts';
import {
  canKeep,
  emptyMedicine,
  prescriptionBody,
  readDraft,
  readPrescription,
} from './prescription.ts';

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

describe('a draft', () => {
  const tea = { ...emptyMedicine, medicine: 'Tea', dose: '1 cup', frequency: 'daily' };

  it('is written back as it was read, with the code that the form does not show', () => {
    const code = { system: 'http://www.whocc.no/atc', code: 'M01AE01' };
    const items = [
      {
        medicine: 'Ibuprofen',
        dose: '400 mg',
        frequency: 'twice a day',
        duration_days: 5,
        repeats: 1,
        instructions: 'with food',
        code,
      },
    ];
    const draft = readDraft(viewOf({ state: 'draft', text: { items, remark: 'generic' } }));
    expect(prescriptionBody(draft?.medicines ?? [], draft?.remark ?? '')).toEqual({
      items,
      remark: 'generic',
    });
    expect(readDraft(viewOf({}))).toBeNull();
  });

  it.each([
    ['complete', [tea], '', true],
    ['without a medicine', [], '', false],
    ['without a dose', [{ ...tea, dose: ' ' }], '', false],
    ['for no days', [{ ...tea, days: 0 }], '', false],
    ['for more than a year', [{ ...tea, days: 367 }], '', false],
    ['for half a day', [{ ...tea, days: 0.5 }], '', false],
    ['repeated for ever', [{ ...tea, repeats: 13 }], '', false],
    ['with a remark as long as a book', [tea], 'x'.repeat(201), false],
    ['of 21 medicines', Array.from({ length: 21 }, () => tea), '', false],
  ])('%s can be kept or not', (_how, medicines, remark, expected) => {
    expect(canKeep(medicines, remark)).toBe(expected);
  });
});
