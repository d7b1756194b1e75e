import type { InsuranceClaim } from '@bedside/core';
import { owedByPatient } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { useSearch } from '../../app/navigation.tsx';
import { hasRole, type Me, patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice } from '../../parts/notice.tsx';
import { usePatientName } from '../../parts/patient-name.ts';
import { Coverages } from './coverages.tsx';
import { claimsOfPatient, payersQuery } from './insurance-queries.ts';
import { claimStateKey } from './insurance-words.ts';

/** By whom a patient is insured: one's own, or one that the desk names in the address. */
export function InsuranceScreen() {
  const say = useSay();
  const { patient } = useSearch('patient');
  return (
    <SignedIn>
      {(me) => {
        const whose = patientFor(me, patient);
        return (
          <div className="narrow">
            <Heading title={say('insurance.title')}>{say('insurance.title')}</Heading>
            <p className="lead">{say('insurance.lead')}</p>
            {whose === null ? (
              <Notice kind="plain">{say('error.not-found')}</Notice>
            ) : (
              <Insured key={whose} patient={whose} isOwn={whose === patientOf(me)} />
            )}
          </div>
        );
      }}
    </SignedIn>
  );
}

/** The server decides all the same. */
function patientFor(me: Me, wished: string | undefined): string | null {
  return wished !== undefined && hasRole(me, 'receptionist', 'clinic_admin')
    ? wished
    : patientOf(me);
}

function Insured({ patient, isOwn }: { readonly patient: string; readonly isOwn: boolean }) {
  useLive(
    ['coverage.', 'insurance_claim.', 'payer.'],
    [['coverages', patient], ['claims'], ['payers']],
  );
  return (
    <>
      {!isOwn && <PatientName id={patient} />}
      <Coverages patient={patient} />
      <Claims patient={patient} />
    </>
  );
}

function PatientName({ id }: { readonly id: string }) {
  return <p className="big-moment">{usePatientName(id)}</p>;
}

function Claims({ patient }: { readonly patient: string }) {
  const say = useSay();
  const claims = useQuery(claimsOfPatient(patient));
  return (
    <section className="stack" aria-labelledby="own-claims">
      <h2 id="own-claims">{say('claims.own')}</h2>
      <Asked query={claims}>
        {(all) =>
          all.length === 0 ? (
            <p className="empty">{say('claims.none')}</p>
          ) : (
            <ul className="rows card">
              {all.map((claim) => (
                <OwnClaim key={claim.id} claim={claim} />
              ))}
            </ul>
          )
        }
      </Asked>
    </section>
  );
}

function OwnClaim({ claim }: { readonly claim: InsuranceClaim }) {
  const say = useSay();
  const format = useFormat();
  const payers = useQuery(payersQuery);
  const name = payers.data?.find(({ id }) => id === claim.payer)?.name ?? '';
  const money = (minor: number) => format.money({ minor, currency: claim.currency });
  return (
    <li className="row">
      <span className="row-main">
        <strong>{name}</strong>
        <span className="hint">
          {format.shortDay(claim.created_at)} · {say(claimStateKey(claim.state))}
        </span>
        <span className="hint">
          {say('claims.charge')}: {money(claim.charge_minor)} · {say('claims.paid')}:{' '}
          {money(claim.paid_minor)}
        </span>
      </span>
      <span className="row-end">
        <span className="hint">{say('share.title')}</span>{' '}
        <span className="row-sum">{money(owedByPatient(claim))}</span>
      </span>
    </li>
  );
}
