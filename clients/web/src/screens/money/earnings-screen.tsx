import type { Earning, EarningSum } from '@bedside/core';
import { answered, sumEarnings, totalEarnings } from '@bedside/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE, useFormat } from '../../app/format.ts';
import { useLive } from '../../app/live.ts';
import { useSay } from '../../app/words.tsx';
import { Bars } from '../../parts/bars.tsx';
import { useNow } from '../../parts/clock.tsx';
import { SelectField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked } from '../../parts/notice.tsx';
import { DataTable } from '../../parts/paged.tsx';
import { nameOf, practitionerQuery, serviceQuery } from '../booking/directory.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { PERIODS, type Period, spanOf } from './period.ts';

const HOUR_MS = 3_600_000;

/** A practitioner's own earnings; the clinic's, to who runs it. */
export function EarningsScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('earnings.title')} roles={['practitioner', 'clinic_admin']}>
      {() => (
        <>
          <Heading title={say('earnings.title')}>{say('earnings.title')}</Heading>
          <p className="lead">{say('earnings.lead')}</p>
          <Earnings />
        </>
      )}
    </StaffOnly>
  );
}

function Earnings() {
  const say = useSay();
  const [period, setPeriod] = useState<Period>('month');
  // Money that came in since must not lie behind the end of the period.
  const now = useNow(HOUR_MS);
  const span = spanOf(period, now, OWN_ZONE);
  useLive(['payment.', 'refund.', 'invoice.'], [['earnings']]);
  const earnings = useQuery({
    queryKey: ['earnings', span],
    queryFn: () => answered(api.GET('/v1/earnings', { params: { query: span } })),
  });
  const table = `/v1/earnings.csv?${new URLSearchParams({ ...span }).toString()}`;
  return (
    <>
      <div className="inline-form">
        <SelectField
          label={say('earnings.period')}
          options={PERIODS.map((value) => ({ value, label: say(`earnings.period.${value}`) }))}
          value={period}
          onChange={(chosen) => setPeriod(PERIODS.find((one) => one === chosen) ?? 'month')}
        />
        <a className="button button-quiet" href={table} download="earnings.csv">
          {say('earnings.csv')}
        </a>
      </div>
      <Asked query={earnings}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{say('earnings.none')}</p>
          ) : (
            <Shown earnings={items} />
          )
        }
      </Asked>
    </>
  );
}

function Shown({ earnings }: { readonly earnings: readonly Earning[] }) {
  const say = useSay();
  const names = useNames(earnings);
  const byPractitioner = sumEarnings(earnings, 'practitioner');
  const byService = sumEarnings(earnings, 'service');
  const totals = totalEarnings(earnings);
  return (
    <>
      <Totals totals={totals} />
      {totals.map(({ currency }) => (
        <div key={currency} className="bars-row">
          <Chart
            label={say('earnings.byPractitioner', { currency })}
            sums={byPractitioner.filter((sum) => sum.currency === currency)}
            names={names}
          />
          <Chart
            label={say('earnings.byService', { currency })}
            sums={byService.filter((sum) => sum.currency === currency)}
            names={names}
          />
        </div>
      ))}
    </>
  );
}

function Totals({ totals }: { readonly totals: readonly EarningSum[] }) {
  const say = useSay();
  const format = useFormat();
  return (
    <DataTable
      label={say('earnings.title')}
      columns={[say('earnings.billed'), say('earnings.received'), say('earnings.earned')]}
    >
      {totals.map(({ currency, billedMinor, receivedMinor, earnedMinor }) => (
        <tr key={currency}>
          {[billedMinor, receivedMinor, earnedMinor].map((minor, at) => (
            // Three columns that keep their places.
            // oxlint-disable-next-line react/no-array-index-key
            <td key={at}>{format.money({ minor, currency })}</td>
          ))}
        </tr>
      ))}
    </DataTable>
  );
}

function Chart({
  label,
  sums,
  names,
}: {
  readonly label: string;
  readonly sums: readonly EarningSum[];
  readonly names: ReadonlyMap<string, string>;
}) {
  const format = useFormat();
  return (
    <Bars
      label={label}
      counts={sums.map(({ of, currency, receivedMinor }) => ({
        id: of,
        name: names.get(of) ?? '…',
        count: Math.max(0, receivedMinor),
        text: format.money({ minor: receivedMinor, currency }),
      }))}
    />
  );
}

/** What practitioners and visit types are called. */
function useNames(earnings: readonly Earning[]): ReadonlyMap<string, string> {
  const practitioners = [...new Set(earnings.map(({ practitioner }) => practitioner))];
  const services = [...new Set(earnings.map(({ service }) => service))];
  const doctors = useQueries({ queries: practitioners.map(practitionerQuery) });
  const kinds = useQueries({ queries: services.map(serviceQuery) });
  const known = new Map<string, string>();
  for (const { data } of doctors) {
    if (data !== undefined) {
      known.set(data.id, nameOf(data.profile));
    }
  }
  for (const { data } of kinds) {
    if (data !== undefined) {
      known.set(data.id, data.name);
    }
  }
  return known;
}
