import { describe, expect, it } from 'vitest';
import { confirmed, enteredInError, ownEntry, readEntries, readEntry } from './entry.ts';

const view = (content: object, fields: object = {}): unknown => ({
  id: 'rec_1',
  rev: 2,
  status: 'active',
  content,
  entered: { as: 'patient', at: '2026-03-02T06:00:00Z' },
  created_at: '2026-03-01T06:00:00Z',
  ...fields,
});

const part = (text: string, value: number): object => ({
  code: { text },
  value: { quantity: { value, unit: 'mmHg' } },
});

describe('an entry of the record', () => {
  it('of an allergy says what happened, that it is severe, and that nobody has confirmed it', () => {
    const entry = readEntry(
      view({
        kind: 'allergy',
        code: { text: 'Penicillin' },
        verification: 'unconfirmed',
        criticality: 'high',
        reactions: [{ manifestation: { text: 'Rash' } }],
        onset: '2011',
        note: 'As a child',
      }),
    );
    expect(entry).toMatchObject({
      title: 'Penicillin',
      details: ['Rash', 'As a child'],
      isUnconfirmed: true,
      isSevere: true,
      since: '2011',
      enteredAs: 'patient',
    });
  });

  it('of a blood pressure says both numbers', () => {
    const entry = readEntry(
      view({
        kind: 'observation',
        code: { codings: [{ system: 's', code: '85354-9', display: 'Blood pressure' }] },
        effective: '2026-03-02',
        components: [part('systolic', 120), part('diastolic', 80)],
      }),
    );
    expect(entry).toMatchObject({
      title: 'Blood pressure',
      details: ['systolic 120 mmHg', 'diastolic 80 mmHg'],
    });
  });

  it.each([
    [{ text: 'negative' }, 'negative'],
    [{ integer: 3 }, '3'],
    [{ concept: { text: 'B positive' } }, 'B positive'],
    [{ quantity: { value: 36.6, code: 'Cel' } }, '36.6 Cel'],
  ])('says the value %j as %s', (value, text) => {
    const content = { kind: 'observation', code: { text: 'x' }, value };
    expect(readEntry(view(content))?.details).toEqual([text]);
  });

  it('of another kind, or none, is left out', () => {
    expect(readEntries([view({ kind: 'answers' }), null, 'x', view({})])).toEqual([]);
    expect(readEntries(undefined)).toEqual([]);
  });
});

it('what a patient says is unconfirmed; a practitioner confirms it, or strikes it, and keeps the rest', () => {
  const content = ownEntry('condition', ' Asthma ', '');
  expect(content).toMatchObject({ code: { text: 'Asthma' }, verification: 'unconfirmed' });
  const entry = readEntry(view(content));
  if (entry === null) throw new Error('no entry');
  expect(confirmed(entry)).toEqual({ ...content, verification: 'confirmed' });
  expect(enteredInError(entry)).toMatchObject({ verification: 'entered-in-error' });
  const medicine = readEntry(view(ownEntry('medication', 'Salbutamol', '2 puffs')));
  if (medicine === null) throw new Error('no entry');
  expect(medicine.details).toEqual(['2 puffs']);
  expect(enteredInError(medicine)).toMatchObject({ status: 'entered-in-error' });
});
