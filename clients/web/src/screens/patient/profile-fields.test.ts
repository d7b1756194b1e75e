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
  address: { lines: ['Moi Avenue 1', 'Flat 3'], city: 'Nairobi', region: 'NBO', country: 'KE' },
  coverages: [{ payer: 'NHIF', member_id: '7', plan: 'gold' }],
};

it('keeps what the form does not show', () => {
  const saved = profileOf(stored, fieldsOf(stored));
  expect(saved).toMatchObject({ ...stored, preferred_name: null });
});

it('sends empty fields as nothing, and no address without a street', () => {
  const fields = { ...fieldsOf(stored), birth_date: ' ', street: ' ' };
  expect(profileOf(stored, fields)).toMatchObject({ birth_date: null, address: null });
});

it('writes an address where there was none', () => {
  const fields = { ...fieldsOf({}), street: '2 Kenyatta Road', city: 'Nairobi', country: 'ke' };
  expect(profileOf({ address: null }, fields)).toMatchObject({
    address: { lines: ['2 Kenyatta Road'], city: 'Nairobi', postal_code: null, country: 'KE' },
  });
});
