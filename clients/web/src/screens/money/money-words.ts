/** The names of ways and states, which the API tells as words of closed lists. A word of a newer server is not known. */
import type { MessageKey } from '@bedside/core';

const WAYS = ['card', 'paypal', 'mpesa', 'cash', 'bank_transfer', 'voucher'] as const;
const STATES = [
  'created',
  'unknown',
  'requires_action',
  'authorized',
  'captured',
  'part_refunded',
  'refunded',
  'disputed',
  'failed',
  'voided',
  'expired',
] as const;
const REFUND_STATES = [
  'requested',
  'submitted',
  'succeeded',
  'failed',
  'manual',
  'waived',
] as const;
export const REFUND_REASONS = [
  'requested_by_customer',
  'duplicate',
  'mistake',
  'cancelled',
] as const;
const DIFFERENCES = [
  'missing_here',
  'captured_differs',
  'ledger_differs',
  'unresolved',
  'stuck',
  'unsettled',
  'refund_waits',
  'other_payment',
  'other_amount',
  'other_currency',
  'captured_above_authorized',
  'refunded_above_captured',
] as const;
const INVOICE_STATES = ['draft', 'issued', 'void'] as const;

function known<T extends string>(words: readonly T[], word: string): T | undefined {
  return words.find((one) => one === word);
}

export function wayKey(method: string): MessageKey {
  const way = known(WAYS, method);
  return way === undefined ? 'common.unknown' : `pay.way.${way}`;
}

export function paymentStateKey(word: string): MessageKey {
  const state = known(STATES, word);
  return state === undefined ? 'common.unknown' : `pay.state.${state}`;
}

export function refundStateKey(word: string): MessageKey {
  const state = known(REFUND_STATES, word);
  return state === undefined ? 'common.unknown' : `payments.refundState.${state}`;
}

export function refundReasonKey(why: string): MessageKey {
  const reason = known(REFUND_REASONS, why);
  return reason === undefined ? 'common.unknown' : `payments.reason.${reason}`;
}

export function differenceKey(word: string): MessageKey {
  const kind = known(DIFFERENCES, word);
  return kind === undefined ? 'common.unknown' : `recon.kind.${kind}`;
}

export function invoiceStateKey(word: string): MessageKey {
  const state = known(INVOICE_STATES, word);
  return state === undefined ? 'common.unknown' : `invoices.state.${state}`;
}
