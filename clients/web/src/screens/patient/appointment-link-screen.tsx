import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { isOpenPayment } from '@bedside/core';
import { navigate, useShownId } from '../../app/navigation.tsx';
import { SignedIn } from '../../app/signed-in.tsx';
import { Loading } from '../../parts/notice.tsx';
import { paymentsOfVisit } from '../money/money-queries.ts';

/**
 * The address of one visit, as letters and calendars carry it, and where payment providers send back to: on to its
 * payment while that is open, else to the list.
 */
export function AppointmentLinkScreen() {
  return <SignedIn>{() => <Onward />}</SignedIn>;
}

function Onward() {
  const id = useShownId();
  const { data, error } = useQuery({ ...paymentsOfVisit(id), staleTime: 0 });
  const isPaying = data?.some(isOpenPayment);
  const isKnown = data !== undefined || error !== null;
  useEffect(() => {
    if (isPaying === true) {
      navigate({ to: '/pay/$id', params: { id } }, { replaces: true });
    } else if (isKnown) {
      navigate({ to: '/appointments' }, { replaces: true });
    }
  }, [isPaying, isKnown, id]);
  return <Loading />;
}
