import { expect, it } from 'vitest';
import { fieldsOf, profileOf } from './profile-fields.ts';

const stored = {
  given_name: 'Ann',
  family_name: 'Wanjiru',
  birth_date: '1990-05-01',
  gender: 'female',
  phone: null,
  language: 'sw',
  time_zone: 'Africa/Nairobi',
  address: { lines: ['Moi Avenue 1'], city: 'Nairobi', country: 'KE' },
  coverages: [{ payer: 'NHIF', member_id: '7', plan: 'gold' }],
};

it('keeps what the form does not show', () => {
  const saved = profileOf(stored, fieldsOf(stored));
  expect(saved).toMatchObject({ ...stored, preferred_name: null });
});

it('sends empty fields as nothing, and drops an insurance without a name', () => {
  const fields = {
    ...fieldsOf(stored),
    birth_date: ' ',
    coverages: [{ payer: '', member_id: '' }],
  };
  expect(profileOf(stored, fields)).toMatchObject({ birth_date: null, coverages: [] });
});
