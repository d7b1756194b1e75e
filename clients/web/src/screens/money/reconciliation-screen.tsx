import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { hasRole } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { DataTable, Paged, usePages } from '../../parts/paged.tsx';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { differenceKey, wayKey } from './money-words.ts';

/** Where providers' books and ours differ, and what to do about each. */
export function ReconciliationScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('recon.title')} roles={['clinic_admin']}>
      {(me) => (
        <>
          <Heading title={say('recon.title')}>{say('recon.title')}</Heading>
          <p className="lead">{say('recon.lead')}</p>
          {hasRole(me, 'platform_admin') && <CompareNow />}
          <Differences />
        </>
      )}
    </StaffOnly>
  );
}

/** The books of all clinics are compared at once: for whoever runs the installation. */
function CompareNow() {
  const say = useSay();
  const client = useQueryClient();
  const compare = useMutation({
    mutationFn: () => answered(api.POST('/v1/reconciliation')),
    onSettled: () => client.invalidateQueries({ queryKey: ['reconciliation'] }),
  });
  return (
    <div className="actions">
      <button
        type="button"
        className="button"
        aria-busy={compare.isPending}
        onClick={() => compare.mutate()}
      >
        {say('recon.now')}
      </button>
      <ProblemNotice error={compare.error} />
    </div>
  );
}

function Differences() {
  const say = useSay();
  const pages = usePages<Schemas['DifferenceView']>(['reconciliation'], (wish) =>
    answered(api.GET('/v1/reconciliation', { params: { query: wish } })),
  );
  return (
    <Paged pages={pages} empty={say('recon.none')}>
      {(items) => (
        <DataTable
          label={say('recon.title')}
          columns={[
            say('recon.difference'),
            say('pay.method'),
            say('recon.ours'),
            say('recon.theirs'),
            say('recon.found'),
          ]}
        >
          {items.map((one) => (
            <Difference key={`${one.kind} ${one.payment} ${one.provider_id}`} difference={one} />
          ))}
        </DataTable>
      )}
    </Paged>
  );
}

function Difference({ difference }: { readonly difference: Schemas['DifferenceView'] }) {
  const say = useSay();
  const format = useFormat();
  const { kind, method, ours, theirs, payment, provider_id: theirId } = difference;
  return (
    <tr>
      <th scope="row">{say(differenceKey(kind))}</th>
      <td>{say(wayKey(method))}</td>
      <td>
        {ours ?? ''} {payment != null && <code>{payment}</code>}
      </td>
      <td>
        {theirs ?? ''} {theirId != null && <code>{theirId}</code>}
      </td>
      <td>{format.moment(difference.found_at)}</td>
    </tr>
  );
}
