import { useNavigate, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { type Me, useSession } from './session.ts';

/** What only somebody signed in sees; others come here after signing in. */
export function SignedIn({ children }: { readonly children: (me: Me) => ReactNode }) {
  const { me, error } = useSession();
  const navigate = useNavigate();
  const next = useRouterState({ select: (state) => state.location.href });
  useEffect(() => {
    if (me === null) {
      void navigate({ to: '/sign-in', search: { next }, replace: true });
    }
  }, [me, navigate, next]);
  if (me == null) {
    return error == null ? <Loading /> : <ProblemNotice error={error} />;
  }
  return children(me);
}
