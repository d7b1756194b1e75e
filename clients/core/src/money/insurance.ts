/** Insurance: whose part of a price is whose, how a coverage and a claim stand, and what can be done about them. */
import type { Schemas } from '../api/client.ts';

export type Coverage = Schemas['CoverageView'];
export type Payer = Schemas['PayerView'];
export type InsuranceClaim = Schemas['InsuranceClaimView'];

const WHOLE_BPS = 10_000;

/** A price in two parts, in minor units. */
export interface PriceParts {
  readonly payer: Payer;
  readonly patientMinor: number;
  readonly insurerMinor: number;
}

interface Price {
  readonly minor: number;
  readonly currency: string;
}

export type CoverageStanding = 'in-force' | 'not-yet' | 'ended';

/** `day`: a date, "2026-11-27", on the clinic's clock. */
export function coverageStanding(coverage: Coverage, day: string): CoverageStanding {
  const { active, starts_on: first, ends_on: last } = coverage;
  if (!active || (last != null && last < day)) {
    return 'ended';
  }
  return first != null && first > day ? 'not-yet' : 'in-force';
}

/**
 * How the server will divide a price, as things stand: by the oldest coverage that is in force on the day of the visit and
 * whose insurer is billed in this currency. `coverages` come newest first.
 */
export function priceParts(
  coverages: readonly Coverage[],
  payers: readonly Payer[],
  price: Price,
  day: string,
): PriceParts | null {
  for (const coverage of coverages.toReversed()) {
    const payer = payers.find(({ id }) => id === coverage.payer);
    if (payer?.active === true) {
      const patientMinor = shareOf(payer.share, price);
      if (patientMinor !== null && coverageStanding(coverage, day) === 'in-force') {
        return { payer, patientMinor, insurerMinor: price.minor - patientMinor };
      }
    }
  }
  return null;
}

/** Rounded half up, as the server does. */
function shareOf(share: Payer['share'], price: Price): number | null {
  if (share.kind === 'percent') {
    return Math.floor((price.minor * share.bps + WHOLE_BPS / 2) / WHOLE_BPS);
  }
  return share.amount.currency === price.currency
    ? Math.min(share.amount.minor, price.minor)
    : null;
}

/** What the patient owes for a visit that is claimed, with what the insurer's decision has moved. */
export function owedByPatient(claim: InsuranceClaim): number {
  return claim.state === 'void' ? 0 : claim.patient_minor + claim.shifted_minor;
}

export type ClaimStep = 'submit' | 'accept' | 'reject' | 'appeal';

const STEPS: Readonly<Record<string, readonly ClaimStep[]>> = {
  draft: ['submit'],
  rejected: ['submit'],
  submitted: ['accept', 'reject'],
  accepted: ['reject'],
  denied: ['appeal'],
  partly_paid: ['appeal'],
};
const CODED: ReadonlySet<string> = new Set(['draft', 'rejected', 'appealed']);
const CLOSED_FROM: ReadonlySet<string> = new Set([
  'draft',
  'submitted',
  'accepted',
  'rejected',
  'denied',
  'appealed',
]);

/** What the desk can take note of. */
export function claimSteps({ state }: InsuranceClaim): readonly ClaimStep[] {
  return STEPS[state] ?? [];
}

/** Whether its codes can be written: the insurer does not have them, or wants others. */
export function takesCodes({ state }: InsuranceClaim): boolean {
  return CODED.has(state);
}

/** Whether what is open can be let go: nothing was decided. */
export function canClose(claim: InsuranceClaim): boolean {
  const isDecided = claim.paid_minor + claim.adjusted_minor + claim.shifted_minor !== 0;
  return CLOSED_FROM.has(claim.state) && !isDecided;
}

export interface ClaimCodes {
  readonly diagnoses: readonly string[];
  readonly place: string;
  readonly procedures: readonly {
    readonly code: string;
    readonly modifiers: readonly string[];
    readonly charge: number;
  }[];
}

/** The codes in a claim as FHIR has it, the one way to read them; `charge` is in whole units, as FHIR's money is. */
export function codesOf(fhir: unknown): ClaimCodes {
  const procedures = listIn(fhir, 'item');
  return {
    diagnoses: listIn(fhir, 'diagnosis')
      .map((one) => codeIn(fieldOf(one, 'diagnosisCodeableConcept')))
      .filter((code) => code !== ''),
    place: codeIn(fieldOf(procedures[0], 'locationCodeableConcept')),
    procedures: procedures.map((item) => ({
      code: codeIn(fieldOf(item, 'productOrService')),
      modifiers: listIn(item, 'modifier').map((one) => textIn(one, 'text')),
      charge: Number(fieldOf(fieldOf(item, 'net'), 'value')),
    })),
  };
}

function codeIn(concept: unknown): string {
  return textIn(listIn(concept, 'coding')[0], 'code');
}

function textIn(value: unknown, name: string): string {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
