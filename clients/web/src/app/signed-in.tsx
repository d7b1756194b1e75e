import { navigate, useHref } from './navigation.tsx';
import { type ReactNode, useEffect } from 'react';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { type Me, useSession } from './session.ts';

/** What only somebody signed in sees; others come here after signing in. */
export function SignedIn({ children }: { readonly children: (me: Me) => ReactNode }) {
  const { me, error } = useSession();
  const next = useHref();
  useEffect(() => {
    if (me === null) {
      navigate({ to: '/sign-in', search: { next } }, { replaces: true });
    }
  }, [me, next]);
  if (me == null) {
    return error == null ? <Loading /> : <ProblemNotice error={error} />;
  }
  return children(me);
}
