import type { InsuranceClaim } from '@bedside/core';
import { canClose, owedByPatient } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link, useShownId } from '../../app/navigation.tsx';
import { hasRole, type Me, practitionerOf } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked } from '../../parts/notice.tsx';
import { usePatientName } from '../../parts/patient-name.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { ClaimCodes } from './claim-codes.tsx';
import { ClaimFiles } from './claim-files.tsx';
import { CloseClaim, Steps } from './claim-steps.tsx';
import { claimQuery, payersQuery } from './insurance-queries.ts';
import { claimStateKey } from './insurance-words.ts';

const BADGES: Readonly<Record<string, string>> = {
  draft: 'requested',
  rejected: 'requested',
  submitted: 'in_progress',
  accepted: 'in_progress',
  appealed: 'in_progress',
  paid: 'completed',
};

/** One claim: its amounts, its codes, its files, and what became of it. */
export function ClaimScreen() {
  const say = useSay();
  const id = useShownId();
  useLive(['insurance_claim.'], [['claims']]);
  const claim = useQuery(claimQuery(id));
  return (
    <StaffOnly title={say('claims.one')} roles={['practitioner', 'receptionist', 'clinic_admin']}>
      {(me) => (
        <div className="narrow">
          <Heading title={say('claims.one')}>{say('claims.one')}</Heading>
          {hasRole(me, 'receptionist', 'clinic_admin') && (
            <p>
              <Link to="/claims" className="link">
                {say('claims.all')}
              </Link>
            </p>
          )}
          <Asked query={claim}>{(found) => <One claim={found} me={me} />}</Asked>
        </div>
      )}
    </StaffOnly>
  );
}

function One({ claim, me }: { readonly claim: InsuranceClaim; readonly me: Me }) {
  const isAdmin = hasRole(me, 'clinic_admin');
  const mayRead = isAdmin || practitionerOf(me) === claim.practitioner;
  return (
    <>
      <Facts claim={claim} mayOpenPatient={hasRole(me, 'receptionist', 'clinic_admin')} />
      {mayRead && <ClaimCodes claim={claim} />}
      {mayRead && <ClaimFiles claim={claim} />}
      {hasRole(me, 'receptionist', 'clinic_admin') && <Steps claim={claim} />}
      {isAdmin && canClose(claim) && <CloseClaim claim={claim} />}
    </>
  );
}

function Facts({
  claim,
  mayOpenPatient,
}: {
  readonly claim: InsuranceClaim;
  readonly mayOpenPatient: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const name = usePatientName(claim.patient);
  const payers = useQuery(payersQuery);
  const payer = payers.data?.find(({ id }) => id === claim.payer)?.name ?? '…';
  const money = (minor: number) => format.money({ minor, currency: claim.currency });
  const amounts = [
    [say('claims.charge'), claim.charge_minor],
    [say('claims.patientPart'), owedByPatient(claim)],
    [say('claims.insurerPart'), claim.insurer_minor],
    [say('claims.paid'), claim.paid_minor],
    [say('claims.letGo'), claim.adjusted_minor],
    [say('claims.open'), claim.open_minor],
  ] as const;
  return (
    <section className="card" data-testid="claim" data-state={claim.state}>
      <div className="title-row">
        <h2>{payer}</h2>
        <span className="badge-state" data-state={BADGES[claim.state]}>
          {say(claimStateKey(claim.state))}
        </span>
      </div>
      <p>
        {mayOpenPatient ? (
          <Link to="/insurance" search={{ patient: claim.patient }} className="link">
            {name}
          </Link>
        ) : (
          name
        )}
      </p>
      <p className="hint">
        {say('claims.control')}: <code>{claim.control}</code>
      </p>
      <dl className="amounts">
        {amounts.map(([title, minor]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd className="row-sum">{money(minor)}</dd>
          </div>
        ))}
        {claim.reasons.length > 0 && (
          <div>
            <dt>{say('claims.reasons')}</dt>
            <dd>
              <code>{claim.reasons.join(' ')}</code>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
