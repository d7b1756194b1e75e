/** The names of states and outcomes, which the API tells as words of closed lists. */
import type { MessageKey } from '@bedside/core';

const STATES = [
  'draft',
  'submitted',
  'accepted',
  'rejected',
  'paid',
  'partly_paid',
  'denied',
  'appealed',
  'closed',
  'void',
] as const;
const OUTCOMES = [
  'posted',
  'unknown_claim',
  'other_currency',
  'other_amount',
  'not_awaited',
  'decided_already',
  'not_decided',
] as const;
export const RELATIONSHIPS = ['self', 'spouse', 'child', 'other'] as const;
export const PLACES = ['10', '02', '11'] as const;

export function claimStateKey(word: string): MessageKey {
  const state = STATES.find((one) => one === word);
  return state === undefined ? 'common.unknown' : `claims.state.${state}`;
}

export function outcomeKey(word: string): MessageKey {
  const outcome = OUTCOMES.find((one) => one === word);
  return outcome === undefined ? 'common.unknown' : `remit.outcome.${outcome}`;
}

export function relationshipKey(word: string): MessageKey {
  const found = RELATIONSHIPS.find((one) => one === word);
  return found === undefined ? 'common.unknown' : `insurance.relationship.${found}`;
}
