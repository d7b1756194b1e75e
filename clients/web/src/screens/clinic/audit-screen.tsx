import { answered } from '@bedside/core';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE, startOfDay, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { DataTable, Paged, usePages } from '../../parts/paged.tsx';
import { StaffOnly } from './staff-only.tsx';

export function AuditScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('audit.title')} roles={['clinic_admin']}>
      {(_me, clinic) => <Audit clinic={clinic} />}
    </StaffOnly>
  );
}

interface Wish {
  readonly act: string;
  readonly user: string;
  readonly patient: string;
  /** Days, `2026-11-27`, on the reader's own clock. */
  readonly from: string;
  readonly to: string;
}

const EVERYTHING: Wish = { act: '', user: '', patient: '', from: '', to: '' };

/** What the server is asked for: days become instants, and what is left out is not asked for. */
function queryOf({ from, to, ...texts }: Wish): Record<string, string> {
  const all = { ...texts, from: dayAt(from, 0), to: dayAt(to, 1) };
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text !== ''));
}

function dayAt(day: string, plusDays: number): string {
  return day === '' ? '' : startOfDay(`${day}T12:00:00`, OWN_ZONE, plusDays).toISOString();
}

function Audit({ clinic }: { readonly clinic: string }) {
  const say = useSay();
  const format = useFormat();
  const [wish, setWish] = useState(EVERYTHING);
  const wanted = queryOf(wish);
  const pages = usePages(['audit', clinic, wanted], (page) =>
    answered(
      api.GET('/v1/clinics/{id}/audit', {
        params: { path: { id: clinic }, query: { ...page, ...wanted } },
      }),
    ),
  );
  const field = (name: keyof Wish) => ({
    value: wish[name],
    onChange: (text: string) => setWish({ ...wish, [name]: text.trim() }),
  });
  return (
    <>
      <Heading title={say('audit.title')}>{say('audit.title')}</Heading>
      <p className="lead">{say('audit.lead')}</p>
      <div className="field-row">
        <TextField label={say('audit.from')} type="date" {...field('from')} />
        <TextField label={say('audit.to')} type="date" {...field('to')} />
      </div>
      <div className="field-row">
        <TextField label={say('audit.filter')} {...field('act')} />
        <TextField label={say('audit.user')} {...field('user')} />
        <TextField label={say('audit.patient')} {...field('patient')} />
      </div>
      <Paged pages={pages} empty={say('audit.none')}>
        {(entries) => (
          <DataTable
            label={say('audit.title')}
            columns={[
              say('audit.when'),
              say('audit.act'),
              say('audit.who'),
              say('audit.subject'),
              say('audit.outcome'),
            ]}
          >
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
                  {entry.user_id != null && (
                    <PickId id={entry.user_id} onPick={(user) => setWish({ ...wish, user })} />
                  )}
                </td>
                <td>
                  {entry.patient_id == null ? (
                    short(entry.subject_id ?? '')
                  ) : (
                    <PickId
                      id={entry.patient_id}
                      onPick={(patient) => setWish({ ...wish, patient })}
                    />
                  )}
                </td>
                <td>{entry.outcome}</td>
              </tr>
            ))}
          </DataTable>
        )}
      </Paged>
    </>
  );
}

/** An id that is searched for once it is pressed. */
function PickId({ id, onPick }: { readonly id: string; readonly onPick: (id: string) => void }) {
  return (
    <button type="button" className="link" title={id} onClick={() => onPick(id)}>
      {short(id)}
    </button>
  );
}

/** Ids end in what differs. */
function short(id: string): string {
  return id.length > 16 ? `…${id.slice(-8)}` : id;
}
