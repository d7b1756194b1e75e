import type { Payer } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked } from '../../parts/notice.tsx';
import { servicesQuery } from '../booking/directory.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { payersQuery } from './insurance-queries.ts';
import { InsuranceLinks } from './insurance-links.tsx';
import { PayerForm } from './payer-form.tsx';
import { useShareText } from './share-text.ts';

/** Whom a clinic bills, and which part of a price their patients pay. */
export function PayersScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('payers.title')} roles={['clinic_admin']}>
      {(_me, clinic) => (
        <>
          <Heading title={say('payers.title')}>{say('payers.title')}</Heading>
          <p className="lead">{say('payers.lead')}</p>
          <InsuranceLinks here="/payers" isAdmin />
          <Payers clinic={clinic} />
        </>
      )}
    </StaffOnly>
  );
}

function Payers({ clinic }: { readonly clinic: string }) {
  const say = useSay();
  const payers = useQuery(payersQuery);
  const services = useQuery(servicesQuery(clinic));
  const [editing, setEditing] = useState<Payer | 'new' | null>(null);
  return (
    <>
      <Asked query={payers}>
        {(all) =>
          all.length === 0 ? (
            <p className="empty">{say('payers.none')}</p>
          ) : (
            <ul className="rows card">
              {all.map((payer) => (
                <Row key={payer.id} payer={payer} onEdit={() => setEditing(payer)} />
              ))}
            </ul>
          )
        }
      </Asked>
      <div className="actions">
        <button type="button" className="button button-primary" onClick={() => setEditing('new')}>
          {say('payers.add')}
        </button>
      </div>
      {editing !== null && (
        <PayerForm
          payer={editing === 'new' ? null : editing}
          currency={services.data?.items[0]?.price.currency ?? 'USD'}
          onClose={() => setEditing(null)}
        />
      )}
    </>
  );
}

function Row({ payer, onEdit }: { readonly payer: Payer; readonly onEdit: () => void }) {
  const say = useSay();
  const shareText = useShareText();
  return (
    <li className="row" data-testid="payer">
      <span className="row-main">
        <strong>{payer.name}</strong>
        <span className="hint">{shareText(payer.share)}</span>
        <span className="hint">
          {[payer.code, payer.provider_number, payer.active ? '' : say('payers.inactive')]
            .filter((fact) => fact !== '')
            .join(' · ')}
        </span>
      </span>
      <button type="button" className="button button-quiet" onClick={onEdit}>
        {say('common.edit')}
        <span className="visually-hidden">: {payer.name}</span>
      </button>
    </li>
  );
}
