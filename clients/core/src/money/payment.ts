/** How the payment of one visit stands, to who pays it. */
import type { Schemas } from '../api/client.ts';

export type Payment = Schemas['PaymentView'];

/** M-Pesa's prompt is on the telephone this long; a second one is refused meanwhile. */
export const PROMPT_MS = 120_000;

export type PaymentMethod = 'card' | 'paypal' | 'mpesa';

/** What the payer has to do about a payment that is open. */
export type PayerAct =
  | { readonly kind: 'go'; readonly address: string }
  /** `leftMs`: until the prompt is gone; nothing is taken twice meanwhile. */
  | { readonly kind: 'telephone'; readonly leftMs: number }
  /** The provider is asked; the payer only waits. */
  | { readonly kind: 'wait' };

export type PayView =
  | { readonly kind: 'free' }
  | { readonly kind: 'paid'; readonly payment: Payment; readonly isReserved: boolean }
  | { readonly kind: 'open'; readonly payment: Payment; readonly act: PayerAct }
  /** `last` came to nothing. */
  | {
      readonly kind: 'choose';
      readonly methods: readonly PaymentMethod[];
      /** The clinic takes cards, but not by this page: no script of a card company runs in it. */
      readonly hasCard: boolean;
      readonly last: Payment | null;
    };

const OPEN: ReadonlySet<string> = new Set(['created', 'unknown', 'requires_action']);
const TAKEN: ReadonlySet<string> = new Set(['captured', 'part_refunded', 'disputed']);
const CAME_TO_NOTHING: ReadonlySet<string> = new Set(['failed', 'voided', 'expired']);

/** Visits for which nothing but a fee is owed. */
const OFF: ReadonlySet<string> = new Set(['cancelled', 'no_show', 'expired', 'entered_in_error']);

/** `payments`: those of the visit, the newest first. `owedMinor`: what `owedFor` says. */
export function payView(
  payments: readonly Payment[],
  methods: readonly string[],
  owedMinor: number,
  nowMs: number,
): PayView {
  const open = payments.find(({ state }) => OPEN.has(state));
  if (open !== undefined) {
    return { kind: 'open', payment: open, act: payerAct(open, nowMs) };
  }
  const paid = payments.find(isPaid);
  if (paid !== undefined) {
    return { kind: 'paid', payment: paid, isReserved: paid.state === 'authorized' };
  }
  if (owedMinor === 0) {
    return { kind: 'free' };
  }
  return {
    kind: 'choose',
    methods: (['mpesa', 'paypal'] as const).filter((one) => methods.includes(one)),
    hasCard: methods.includes('card'),
    last: payments.find(({ state }) => CAME_TO_NOTHING.has(state)) ?? null,
  };
}

/** What a visit costs its patient as it stands, in minor units. */
export function owedFor(visit: {
  readonly state: string;
  readonly price: { readonly minor: number };
  readonly fee?: { readonly minor: number } | null;
}): number {
  return visit.fee?.minor ?? (OFF.has(visit.state) ? 0 : visit.price.minor);
}

export function isOpenPayment({ state }: Payment): boolean {
  return OPEN.has(state);
}

/** Whether money is taken or reserved. */
export function isPaid({ state }: Payment): boolean {
  return state === 'authorized' || TAKEN.has(state);
}

/** What was taken for a visit and not given back, in minor units. */
export function keptOf(payments: readonly Payment[]): number {
  return payments.reduce(
    (sum, { captured_minor: taken, refunded_minor: back }) => sum + taken - back,
    0,
  );
}

/** What is left to give back, in minor units. */
export function refundable(payment: Payment): number {
  return Math.max(0, payment.captured_minor - payment.refund_claimed_minor);
}

function payerAct(payment: Payment, nowMs: number): PayerAct {
  const { action } = payment;
  if (action?.kind === 'redirect' && isWebAddress(action.value)) {
    return { kind: 'go', address: action.value };
  }
  if (payment.method === 'mpesa') {
    const gone = nowMs - new Date(payment.created_at).getTime();
    return { kind: 'telephone', leftMs: Math.max(0, PROMPT_MS - gone) };
  }
  return { kind: 'wait' };
}

/** A provider's page: nothing but https is gone to, except on one's own machine. */
function isWebAddress(value: string | null | undefined): value is string {
  if (value == null || !URL.canParse(value)) {
    return false;
  }
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1');
}

/** The amount that somebody wrote, in minor units; null for what is none or is not between 1 and `most`. */
export function minorOf(text: string, fractionDigits: number, most: number): number | null {
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
  if (match === null) {
    return null;
  }
  const [, whole = '', part = ''] = match;
  if (part.length > fractionDigits) {
    return null;
  }
  const minor = Number(whole + part.padEnd(fractionDigits, '0'));
  return minor >= 1 && minor <= most ? minor : null;
}
