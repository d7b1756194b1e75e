import type { Payment, Schemas } from '@bedside/core';
import { isOpenPayment, isPaid, keptOf, owedByPatient, owedFor } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { claimsOfPatient } from '../insurance/insurance-queries.ts';
import { paymentsOfPatient } from '../money/money-queries.ts';

type Appointment = Schemas['AppointmentView'];

const PAYABLE: ReadonlySet<string> = new Set([
  'booked',
  'checked_in',
  'in_progress',
  'completed',
  'cancelled',
  'no_show',
]);

/** Whether a visit can be paid, and how what was paid of it stands. */
export function usePay(
  visit: Appointment,
  policy: string | undefined,
): { readonly isWanted: boolean; readonly standing: string | null } {
  const patient = visit.patient ?? '';
  const { data } = useQuery({ ...paymentsOfPatient(patient), enabled: patient !== '' });
  const isInsured = policy === 'insurance' && visit.state === 'completed' && patient !== '';
  const claims = useQuery({ ...claimsOfPatient(patient), enabled: isInsured });
  if (data === undefined || policy === undefined) {
    return { isWanted: false, standing: null };
  }
  const own = data.filter(({ appointment }) => appointment === visit.id);
  const standing: Payment | undefined = own.find(isOpenPayment) ?? own.find(isPaid);
  const isBilled = policy !== 'free' && policy !== 'insurance' && owedFor(visit) > 0;
  const isSettled = own.some(isPaid);
  const claim = claims.data?.find(({ appointment }) => appointment === visit.id);
  const isPartOpen = isInsured && claim !== undefined && owedByPatient(claim) > keptOf(own);
  return {
    isWanted: isPartOpen || (isBilled && !isSettled && PAYABLE.has(visit.state)),
    standing: standing?.state ?? null,
  };
}
