import type { Payment } from '@bedside/core';
import { answered, refundable } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { Link } from '../../app/navigation.tsx';
import { hasRole } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { usePatientName } from '../../parts/patient-name.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { visitQuery } from './money-queries.ts';
import { paymentStateKey, wayKey } from './money-words.ts';
import { RefundDialog } from './refund-dialog.tsx';
import { Refunds } from './refunds.tsx';

/** All payments of the clinic, to its desk; money back, to its administrators. */
export function PaymentsScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('payments.title')} roles={['receptionist', 'clinic_admin']}>
      {(me) => (
        <>
          <Heading title={say('payments.title')}>{say('payments.title')}</Heading>
          <p className="lead">{say('payments.lead')}</p>
          <p className="actions">
            <Link to="/invoices" className="button button-quiet">
              {say('invoices.invoices')}
            </Link>
            <Link to="/claims" className="button button-quiet">
              {say('payments.claims')}
            </Link>
            {hasRole(me, 'clinic_admin') && (
              <>
                <Link to="/earnings" className="button button-quiet">
                  {say('earnings.title')}
                </Link>
                <Link to="/reconciliation" className="button button-quiet">
                  {say('recon.title')}
                </Link>
              </>
            )}
          </p>
          <Payments mayRefund={hasRole(me, 'clinic_admin')} />
        </>
      )}
    </StaffOnly>
  );
}

function Payments({ mayRefund }: { readonly mayRefund: boolean }) {
  const say = useSay();
  useLive(['payment.', 'refund.'], [['payments'], ['refunds']]);
  const pages = usePages(['payments', 'clinic'], (wish) =>
    answered(api.GET('/v1/payments', { params: { query: wish } })),
  );
  return (
    <Paged pages={pages} empty={say('payments.none')}>
      {(items) => (
        <ul className="visits">
          {items.map((payment) => (
            <Folded key={payment.id} payment={payment} mayRefund={mayRefund} />
          ))}
        </ul>
      )}
    </Paged>
  );
}

/** Whose it is is read once it is opened: the patient sees that it was read. */
function Folded({
  payment,
  mayRefund,
}: {
  readonly payment: Payment;
  readonly mayRefund: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="card">
      <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <strong className="row-sum">{format.money(payment.amount)}</strong> ·{' '}
          {say(wayKey(payment.method))} · {format.moment(payment.created_at)} ·{' '}
          {say(paymentStateKey(payment.state))}
        </summary>
        {isOpen && <Opened payment={payment} mayRefund={mayRefund} />}
      </details>
    </li>
  );
}

function Opened({
  payment,
  mayRefund,
}: {
  readonly payment: Payment;
  readonly mayRefund: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const [isAsking, setAsking] = useState(false);
  const name = usePatientName(payment.patient);
  const visit = useQuery(visitQuery(payment.appointment));
  return (
    <div className="stack">
      <dl className="facts facts-tight">
        <Fact title={say('payments.payer')}>{name}</Fact>
        <Asked query={visit}>
          {({ start }) => <Fact title={say('audit.when')}>{format.moment(start)}</Fact>}
        </Asked>
        <Fact title={say('payments.reference')}>{payment.reference}</Fact>
        {payment.receipt != null && (
          <Fact title={say('pay.receipt', { number: '' })}>{payment.receipt}</Fact>
        )}
      </dl>
      <Refunds payment={payment.id} mayResolve={mayRefund} />
      {mayRefund && refundable(payment) > 0 && (
        <div className="actions">
          <button type="button" className="button" onClick={() => setAsking(true)}>
            {say('payments.refund')}
          </button>
        </div>
      )}
      {isAsking && <RefundDialog payment={payment} onClose={() => setAsking(false)} />}
    </div>
  );
}

function Fact({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <div>
      <dt>{title.trim()}</dt>
      <dd>{children}</dd>
    </div>
  );
}
