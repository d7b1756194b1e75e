import { priceParts } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { dateIn, type Money, useFormat } from '../../app/format.ts';
import { Link } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Asked, Notice } from '../../parts/notice.tsx';
import { coveragesOf, payersQuery } from './insurance-queries.ts';
import '../../styles/insurance.css';

/** Before an insured visit is booked or paid: whose part of its price is whose, as things stand. */
export function PatientShare({
  patient,
  price,
  start,
  zone,
}: {
  readonly patient: string;
  readonly price: Money;
  readonly start: string;
  /** The clinic's. */
  readonly zone: string;
}) {
  const say = useSay();
  const format = useFormat();
  const coverages = useQuery(coveragesOf(patient));
  const payers = useQuery(payersQuery);
  return (
    <Asked query={coverages}>
      {(own) => (
        <Asked query={payers}>
          {(all) => {
            const parts = priceParts(own, all, price, dateIn(start, zone));
            const money = (minor: number) => format.money({ ...price, minor });
            return parts === null ? (
              <Notice kind="warning">
                <p>{say('share.none')}</p>
                <Link to="/insurance" className="link">
                  {say('insurance.add')}
                </Link>
              </Notice>
            ) : (
              <section className="share" data-testid="share" aria-label={say('share.title')}>
                <dl className="amounts">
                  <div>
                    <dt>{say('share.you')}</dt>
                    <dd className="row-sum">{money(parts.patientMinor)}</dd>
                  </div>
                  <div>
                    <dt>{parts.payer.name}</dt>
                    <dd className="row-sum">{money(parts.insurerMinor)}</dd>
                  </div>
                </dl>
                <p className="hint">{say('share.later')}</p>
              </section>
            );
          }}
        </Asked>
      )}
    </Asked>
  );
}
