import type { InsuranceClaim } from '@bedside/core';
import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link, useSearch } from '../../app/navigation.tsx';
import { hasRole } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { InsuranceLinks } from './insurance-links.tsx';
import { claimOfVisit, payersQuery } from './insurance-queries.ts';
import { claimStateKey } from './insurance-words.ts';

/** What insurers are asked to pay: all of it to desk and administrators, that of one visit to its practitioner too. */
export function ClaimsScreen() {
  const say = useSay();
  const { visit } = useSearch('visit');
  useLive(['insurance_claim.'], [['claims']]);
  return (
    <StaffOnly
      title={say('claims.title')}
      roles={
        visit === undefined
          ? ['receptionist', 'clinic_admin']
          : ['practitioner', 'receptionist', 'clinic_admin']
      }
    >
      {(me) => (
        <>
          <Heading title={say('claims.title')}>{say('claims.title')}</Heading>
          <p className="lead">{say('claims.lead')}</p>
          {visit === undefined ? (
            <>
              <InsuranceLinks here="/claims" isAdmin={hasRole(me, 'clinic_admin')} />
              <Claims />
            </>
          ) : (
            <OfVisit visit={visit} />
          )}
        </>
      )}
    </StaffOnly>
  );
}

function Claims() {
  const say = useSay();
  const pages = usePages<InsuranceClaim>(['claims', 'clinic'], (wish) =>
    answered(api.GET('/v1/insurance-claims', { params: { query: wish } })),
  );
  return (
    <Paged pages={pages} empty={say('claims.none')}>
      {(items) => (
        <ul className="rows card">
          {items.map((claim) => (
            <Row key={claim.id} claim={claim} />
          ))}
        </ul>
      )}
    </Paged>
  );
}

function OfVisit({ visit }: { readonly visit: string }) {
  const say = useSay();
  const claim = useQuery(claimOfVisit(visit));
  return (
    <Asked query={claim}>
      {(found) =>
        found === null ? (
          <Notice kind="plain">{say('claims.noneOfVisit')}</Notice>
        ) : (
          <ul className="rows card">
            <Row claim={found} />
          </ul>
        )
      }
    </Asked>
  );
}

function Row({ claim }: { readonly claim: InsuranceClaim }) {
  const say = useSay();
  const format = useFormat();
  const payers = useQuery(payersQuery);
  const name = payers.data?.find(({ id }) => id === claim.payer)?.name ?? '…';
  return (
    <li className="row" data-testid="claim" data-state={claim.state}>
      <span className="row-main">
        <Link to="/claims/$id" params={{ id: claim.id }} className="row-link">
          {name} · {claim.control}
        </Link>
        <span className="hint">
          {format.shortDay(claim.created_at)} · {say(claimStateKey(claim.state))}
        </span>
      </span>
      <span className="row-end">
        <span className="hint">{say('claims.open')}</span>{' '}
        <span className="row-sum">
          {format.money({ minor: claim.open_minor, currency: claim.currency })}
        </span>
      </span>
    </li>
  );
}
