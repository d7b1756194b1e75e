import type { Service } from './directory.ts';

/** Visits that are booked by paying for a time that is kept. */
export function isPaidFirst({ pay, price }: Service): boolean {
  return price.minor > 0 && (pay === 'pay_at_booking' || pay === 'authorize_then_capture');
}
