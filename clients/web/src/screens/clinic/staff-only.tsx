import { Link } from '../../app/navigation.tsx';
import type { ReactNode } from 'react';
import { type ClinicRole, hasRole, isStaff, type Me } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Notice } from '../../parts/notice.tsx';

/** What only staff sees, with what they need to get there. The server decides all the same. */
export function StaffOnly({
  title,
  roles,
  children,
}: {
  readonly title: string;
  readonly roles: readonly ClinicRole[];
  readonly children: (me: Me, clinic: string) => ReactNode;
}) {
  const say = useSay();
  return (
    <SignedIn>
      {(me) => {
        if (isStaff(me) && !me.second_factor) {
          return (
            <section className="card card-narrow">
              <Heading title={title}>{title}</Heading>
              <Notice kind="warning">{say('account.secondFactorNeeded')}</Notice>
              <Link to="/account" className="button button-primary">
                {say('nav.account')}
              </Link>
            </section>
          );
        }
        if (me.clinic_id == null || !hasRole(me, ...roles)) {
          return (
            <section className="card card-narrow">
              <Heading title={title}>{title}</Heading>
              <Notice kind="plain">{say('error.forbidden')}</Notice>
            </section>
          );
        }
        return children(me, me.clinic_id);
      }}
    </SignedIn>
  );
}
