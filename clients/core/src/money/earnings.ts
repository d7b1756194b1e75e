/** What was earned, summed. Amounts of different currencies never meet. */
import type { Schemas } from '../api/client.ts';

export type Earning = Schemas['EarningView'];

export interface EarningSum {
  /** An id of a practitioner or of a visit type. */
  readonly of: string;
  readonly currency: string;
  readonly billedMinor: number;
  readonly receivedMinor: number;
  readonly earnedMinor: number;
}

/** By practitioner or visit type, and currency; what brought most first. */
export function sumEarnings(
  earnings: readonly Earning[],
  by: 'practitioner' | 'service',
): readonly EarningSum[] {
  return summed(earnings, (one) => one[by]);
}

/** In all, one for each currency. */
export function totalEarnings(earnings: readonly Earning[]): readonly EarningSum[] {
  return summed(earnings, () => '');
}

function summed(
  earnings: readonly Earning[],
  keyOf: (earning: Earning) => string,
): readonly EarningSum[] {
  const sums = new Map<string, EarningSum>();
  for (const one of earnings) {
    const of = keyOf(one);
    const key = `${of}/${one.currency}`;
    const before = sums.get(key);
    sums.set(key, {
      of,
      currency: one.currency,
      billedMinor: (before?.billedMinor ?? 0) + one.billed_minor,
      receivedMinor: (before?.receivedMinor ?? 0) + one.received_minor,
      earnedMinor: (before?.earnedMinor ?? 0) + one.earned_minor,
    });
  }
  return [...sums.values()].toSorted(
    (a, b) => a.currency.localeCompare(b.currency) || b.receivedMinor - a.receivedMinor,
  );
}
