import { answered } from '@bedside/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading, ProblemNotice } from '../../parts/notice.tsx';
import { TableFrame } from '../../parts/table-frame.tsx';
import { StaffOnly } from './staff-only.tsx';

export function AuditScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('audit.title')} roles={['clinic_admin']}>
      {(_me, clinic) => <Audit clinic={clinic} />}
    </StaffOnly>
  );
}

function Audit({ clinic }: { readonly clinic: string }) {
  const say = useSay();
  const format = useFormat();
  const [act, setAct] = useState('');
  const log = useInfiniteQuery({
    queryKey: ['audit', clinic, act],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      answered(
        api.GET('/v1/clinics/{id}/audit', {
          params: {
            path: { id: clinic },
            query: {
              limit: 50,
              ...(pageParam === '' ? {} : { after: pageParam }),
              ...(act === '' ? {} : { act }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const entries = log.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <Heading title={say('audit.title')}>{say('audit.title')}</Heading>
      <p className="lead">{say('audit.lead')}</p>
      <TextField label={say('audit.filter')} value={act} onChange={(text) => setAct(text.trim())} />
      <ProblemNotice error={log.error} />
      {log.isPending && <Loading />}
      {log.isSuccess && entries.length === 0 && <p className="empty">{say('audit.none')}</p>}
      {entries.length > 0 && (
        <TableFrame label={say('audit.title')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say('audit.when')}</th>
                <th scope="col">{say('audit.act')}</th>
                <th scope="col">{say('audit.who')}</th>
                <th scope="col">{say('audit.subject')}</th>
                <th scope="col">{say('audit.outcome')}</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.seq}>
                  <td>
                    <time dateTime={entry.at}>{format.moment(entry.at)}</time>
                  </td>
                  <th scope="row">
                    <code>{entry.act}</code>
                  </th>
                  <td>
                    {entry.role}
                    {entry.user_id != null && <span className="hint">{short(entry.user_id)}</span>}
                  </td>
                  <td>{short(entry.subject_id ?? entry.patient_id ?? '')}</td>
                  <td>{entry.outcome}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      {log.hasNextPage && (
        <button
          type="button"
          className="button"
          aria-busy={log.isFetchingNextPage}
          onClick={() => void log.fetchNextPage()}
        >
          {say('common.more')}
        </button>
      )}
    </>
  );
}

/** Ids end in what differs. */
function short(id: string): string {
  return id.length > 16 ? `…${id.slice(-8)}` : id;
}
