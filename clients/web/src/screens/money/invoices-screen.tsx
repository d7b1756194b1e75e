import type { Payment, Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { isStaff, type Me, patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay, useWords } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { invoiceStateKey, paymentStateKey, wayKey } from './money-words.ts';

/** A patient's invoices and payments; the clinic's, to its desk. */
export function InvoicesScreen() {
  const say = useSay();
  return (
    <>
      <Heading title={say('invoices.title')}>{say('invoices.title')}</Heading>
      <p className="lead">{say('invoices.lead')}</p>
      <SignedIn>
        {(me) =>
          patientOf(me) === null && !isStaff(me) ? (
            <Notice kind="plain">{say('profile.noProfile')}</Notice>
          ) : (
            <Books me={me} />
          )
        }
      </SignedIn>
    </>
  );
}

function Books({ me }: { readonly me: Me }) {
  useLive(['invoice.', 'payment.', 'refund.'], [['invoices'], ['payments']]);
  const patient = patientOf(me);
  return (
    <>
      <Invoices patient={patient} />
      {patient !== null && <Payments patient={patient} />}
    </>
  );
}

function Invoices({ patient }: { readonly patient: string | null }) {
  const say = useSay();
  const whose = patient === null ? {} : { patient };
  const pages = usePages(['invoices', patient], (wish) =>
    answered(api.GET('/v1/invoices', { params: { query: { ...wish, ...whose } } })),
  );
  return (
    <section className="stack" aria-labelledby="invoices">
      <h2 id="invoices">{say('invoices.invoices')}</h2>
      <Paged pages={pages} empty={say('invoices.none')}>
        {(items) => (
          <ul className="rows card">
            {items.map((invoice) => (
              <Invoice key={invoice.id} invoice={invoice} />
            ))}
          </ul>
        )}
      </Paged>
    </section>
  );
}

function Invoice({ invoice }: { readonly invoice: Schemas['InvoiceView'] }) {
  const say = useSay();
  const { language } = useWords();
  const format = useFormat();
  const { number, total_minor: minor, currency, kind } = invoice;
  const title = say(kind === 'credit_note' ? 'invoices.kind.credit_note' : 'invoices.kind.invoice');
  return (
    <li className="row">
      <span className="row-main">
        <strong>
          {title} {number ?? ''}
        </strong>
        <span className="hint">
          {format.shortDay(invoice.issued_at ?? invoice.created_at)} ·{' '}
          {say(invoiceStateKey(invoice.state))}
        </span>
      </span>
      <span className="row-sum">{format.money({ minor, currency })}</span>
      {number != null && (
        <a
          className="button button-quiet"
          href={`/v1/invoices/${encodeURIComponent(invoice.id)}/pdf?language=${language.tag}`}
          target="_blank"
          rel="noreferrer"
        >
          {say('invoices.print')}
          <span className="visually-hidden"> {number}</span>
        </a>
      )}
    </li>
  );
}

function Payments({ patient }: { readonly patient: string }) {
  const say = useSay();
  const pages = usePages(['payments', 'all', patient], (wish) =>
    answered(api.GET('/v1/payments', { params: { query: { ...wish, patient } } })),
  );
  return (
    <section className="stack" aria-labelledby="payments">
      <h2 id="payments">{say('invoices.payments')}</h2>
      <Paged pages={pages} empty={say('invoices.noPayments')}>
        {(items) => (
          <ul className="rows card">
            {items.map((payment) => (
              <Paid key={payment.id} payment={payment} />
            ))}
          </ul>
        )}
      </Paged>
    </section>
  );
}

function Paid({ payment }: { readonly payment: Payment }) {
  const say = useSay();
  const format = useFormat();
  const { amount, refunded_minor: refunded } = payment;
  return (
    <li className="row">
      <span className="row-main">
        <strong>{say(wayKey(payment.method))}</strong>
        <span className="hint">
          {format.moment(payment.created_at)} · {say(paymentStateKey(payment.state))}
        </span>
        {payment.receipt != null && (
          <span className="hint">{say('pay.receipt', { number: payment.receipt })}</span>
        )}
        {refunded > 0 && (
          <span className="hint">
            {say('invoices.given', { amount: format.money({ ...amount, minor: refunded }) })}
          </span>
        )}
      </span>
      <span className="row-sum">{format.money(amount)}</span>
    </li>
  );
}
