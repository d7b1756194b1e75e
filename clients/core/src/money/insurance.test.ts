import { expect, it } from 'vitest';
import {
  type InsuranceClaim,
  canClose,
  type Coverage,
  claimSteps,
  codesOf,
  coverageStanding,
  owedByPatient,
  type Payer,
  priceParts,
  takesCodes,
} from './insurance.ts';

const payer = (id: string, share: Payer['share'], active = true): Payer => ({
  id,
  rev: 1,
  name: id,
  code: 'SHA-01',
  provider_number: '1234567893',
  share,
  active,
});
const coverage = (payerId: string, change: Partial<Coverage> = {}): Coverage => ({
  id: `cov_${payerId}`,
  rev: 1,
  patient: 'pat_1',
  payer: payerId,
  created_at: '2026-01-01T00:00:00Z',
  member_id: 'M-1',
  relationship: 'self',
  active: true,
  ...change,
});
const claim = (change: Partial<InsuranceClaim>): InsuranceClaim => ({
  id: 'icl_1',
  rev: 1,
  appointment: 'apt_1',
  patient: 'pat_1',
  practitioner: 'prac_1',
  coverage: 'cov_1',
  payer: 'pyr_1',
  control: 'ABC',
  state: 'draft',
  currency: 'KES',
  charge_minor: 250_000,
  patient_minor: 50_000,
  insurer_minor: 200_000,
  rule: 'pyr_1@1',
  paid_minor: 0,
  adjusted_minor: 0,
  shifted_minor: 0,
  open_minor: 200_000,
  reasons: [],
  created_at: '2026-01-01T00:00:00Z',
  ...change,
});

const coded = (code: string) => ({ coding: [{ system: 's', code }] });
const share = (rule: Payer['share'], minor: number) =>
  priceParts([coverage('p')], [payer('p', rule)], { minor, currency: 'KES' }, '2026-03-02')
    ?.patientMinor;

const KES = { minor: 250_000, currency: 'KES' };
const fixed: Payer['share'] = { kind: 'fixed', amount: { minor: 50_000, currency: 'KES' } };

it.each([
  [{}, 'in-force'],
  [{ active: false }, 'ended'],
  [{ ends_on: '2026-03-01' }, 'ended'],
  [{ ends_on: '2026-03-02' }, 'in-force'],
  [{ starts_on: '2026-03-03' }, 'not-yet'],
  [{ starts_on: '2026-03-02' }, 'in-force'],
  [{ starts_on: '2026-03-03', active: false }, 'ended'],
] as const)('a coverage with %j is %s', (change, standing) => {
  expect(coverageStanding(coverage('p', change), '2026-03-02')).toBe(standing);
});

it('a price is divided by the oldest coverage that fits', () => {
  const payers = [
    payer('dollars', { kind: 'fixed', amount: { minor: 1, currency: 'USD' } }),
    payer('off', fixed, false),
    payer('fixed', fixed),
    payer('part', { kind: 'percent', bps: 1_250 }),
  ];
  const parts = (...of: string[]) =>
    priceParts(
      of.map((id) => coverage(id)),
      payers,
      KES,
      '2026-03-02',
    );
  expect(parts('part', 'fixed', 'off', 'dollars', 'unknown')).toMatchObject({
    payer: { id: 'fixed' },
    patientMinor: 50_000,
    insurerMinor: 200_000,
  });
  expect(parts('fixed', 'part')?.patientMinor).toBe(31_250);
  expect(parts('dollars')).toBeNull();
  expect(priceParts([coverage('fixed', { active: false })], payers, KES, '2026-03-02')).toBeNull();
});

it('a part is rounded half up, and a fixed amount is never above the price', () => {
  expect(share({ kind: 'percent', bps: 1_250 }, 100)).toBe(13);
  expect(share({ kind: 'percent', bps: 10_000 }, 101)).toBe(101);
  expect(share(fixed, 30_000)).toBe(30_000);
});

it('what can be done about a claim depends on how it stands', () => {
  const steps = (state: string) => claimSteps(claim({ state })).join(' ');
  expect(['draft', 'submitted', 'accepted', 'rejected', 'paid'].map(steps)).toEqual([
    'submit',
    'accept reject',
    'reject',
    'submit',
    '',
  ]);
  expect(['partly_paid', 'denied', 'appealed', 'closed'].map(steps)).toEqual([
    'appeal',
    'appeal',
    '',
    '',
  ]);
  expect(takesCodes(claim({ state: 'submitted' }))).toBe(false);
  expect(takesCodes(claim({ state: 'appealed' }))).toBe(true);
  expect(canClose(claim({ state: 'denied' }))).toBe(true);
  expect(canClose(claim({ state: 'denied', shifted_minor: 200_000 }))).toBe(false);
  expect(canClose(claim({ state: 'paid' }))).toBe(false);
});

it('the patient owes their part with what a decision moved, and nothing for a visit that was none', () => {
  expect(owedByPatient(claim({ shifted_minor: 10_000 }))).toBe(60_000);
  expect(owedByPatient(claim({ state: 'void' }))).toBe(0);
});

it('codes are read from the claim as FHIR has it', () => {
  const fhir = {
    diagnosis: [{ sequence: 1, diagnosisCodeableConcept: coded('J06.9') }],
    item: [
      {
        productOrService: coded('99213'),
        locationCodeableConcept: coded('02'),
        net: { value: 2500, currency: 'KES' },
        modifier: [{ text: '95' }],
      },
    ],
  };
  expect(codesOf(fhir)).toEqual({
    diagnoses: ['J06.9'],
    place: '02',
    procedures: [{ code: '99213', modifiers: ['95'], charge: 2500 }],
  });
  expect(codesOf(null)).toEqual({ diagnoses: [], place: '', procedures: [] });
});
