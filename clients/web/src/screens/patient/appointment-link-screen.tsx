import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { isOpenPayment } from '@bedside/core';
import { navigate, useShownId } from '../../app/navigation.tsx';
import { homeOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { Loading } from '../../parts/notice.tsx';
import { paymentsOfVisit } from '../money/money-queries.ts';

/**
 * The address of one visit, as letters and calendars carry it, and where payment providers send back to: on to its
 * payment while that is open, else to where one begins.
 */
export function AppointmentLinkScreen() {
  return <SignedIn>{(me) => <Onward home={homeOf(me)} />}</SignedIn>;
}

function Onward({ home }: { readonly home: ReturnType<typeof homeOf> }) {
  const id = useShownId();
  const { data, error } = useQuery({ ...paymentsOfVisit(id), staleTime: 0 });
  const isPaying = data?.some(isOpenPayment);
  const isKnown = data !== undefined || error !== null;
  useEffect(() => {
    if (isPaying === true) {
      navigate({ to: '/pay/$id', params: { id } }, { replaces: true });
    } else if (isKnown) {
      navigate({ to: home }, { replaces: true });
    }
  }, [isPaying, isKnown, id, home]);
  return <Loading />;
}
