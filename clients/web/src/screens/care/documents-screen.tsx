import type { Schemas } from '@bedside/core';
import { answered, done } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE, dateIn, midnightOf, useFormat } from '../../app/format.ts';
import { patientOf, useSession } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { nameOf, practitionerQuery } from '../booking/directory.ts';
import { documentsOf } from '../../documents/documents-of.ts';
import { DocumentList } from '../../documents/document-list.tsx';

const DAY_MS = 86_400_000;
const SHARE_DAYS = 30;
const SHARE_DAYS_MAX = 365;

type Share = Schemas['ShareView'];

/** A patient's own documents, and who besides may read them. */
export function DocumentsScreen() {
  const say = useSay();
  return (
    <div className="narrow">
      <Heading title={say('docs.title')}>{say('docs.title')}</Heading>
      <p className="lead">{say('docs.lead')}</p>
      <SignedIn>
        {(me) => {
          const patient = patientOf(me);
          return patient === null ? (
            <Notice kind="plain">{say('profile.noProfile')}</Notice>
          ) : (
            <>
              <DocumentList patient={patient} />
              <Shares patient={patient} />
            </>
          );
        }}
      </SignedIn>
    </div>
  );
}

const sharesKey = (patient: string) => ['shares', patient] as const;

function Shares({ patient }: { readonly patient: string }) {
  const say = useSay();
  const now = useNow(60_000);
  const shares = useQuery({
    queryKey: sharesKey(patient),
    queryFn: () => {
      const params = { path: { id: patient }, query: { limit: 200 } };
      return answered(api.GET('/v1/patients/{id}/shares', { params }));
    },
  });
  return (
    <section className="card" aria-labelledby="shares">
      <h2 id="shares">{say('docs.shares')}</h2>
      <Asked query={shares}>
        {({ items }) => {
          const open = items.filter(
            ({ revoked_at, until }) => revoked_at == null && new Date(until).getTime() > now,
          );
          return open.length === 0 ? (
            <p className="hint">{say('docs.noShares')}</p>
          ) : (
            <ul className="rows">
              {open.map((share) => (
                <One key={share.id} share={share} patient={patient} />
              ))}
            </ul>
          );
        }}
      </Asked>
      <NewShare patient={patient} />
    </section>
  );
}

function One({ share, patient }: { readonly share: Share; readonly patient: string }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const doctor = useQuery(practitionerQuery(share.practitioner));
  const documents = useQuery(documentsOf(patient));
  const name = doctor.data === undefined ? '…' : nameOf(doctor.data.profile);
  const what = documents.data?.find(({ id }) => id === share.document)?.name;
  const end = useMutation({
    mutationFn: () => done(api.DELETE('/v1/shares/{id}', { params: { path: { id: share.id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: sharesKey(patient) }),
  });
  return (
    <li className="row">
      <span className="row-main">
        <strong>{name}</strong>
        <span className="hint">
          {share.document == null ? say('docs.shareAll') : (what ?? '…')},{' '}
          {say('docs.sharedUntil', { when: format.moment(share.until) })}
        </span>
      </span>
      <button
        type="button"
        className="button button-quiet"
        aria-busy={end.isPending}
        onClick={() => end.mutate()}
      >
        {say('docs.shareEnd')}
        <span className="visually-hidden"> {name}</span>
      </button>
      <ProblemNotice error={end.error} />
    </li>
  );
}

function NewShare({ patient }: { readonly patient: string }) {
  const say = useSay();
  const client = useQueryClient();
  const { me } = useSession();
  const clinic = me?.clinic_id ?? '';
  const now = useNow(DAY_MS);
  const [who, setWho] = useState('');
  const [what, setWhat] = useState('');
  const [day, setDay] = useState(() => dateIn(Date.now() + SHARE_DAYS * DAY_MS, OWN_ZONE));
  const [keys] = useState(() => new Map<string, string>());
  const doctors = useQuery({
    queryKey: ['practitioners', 'names', clinic],
    queryFn: () => answered(api.GET('/v1/practitioners', { params: { query: { clinic } } })),
    enabled: clinic !== '',
  });
  const documents = useQuery(documentsOf(patient));
  const share = useMutation({
    mutationFn: () => {
      const until = midnightOf(day, OWN_ZONE, 1).toISOString();
      const body = { practitioner: who, until, ...(what === '' ? {} : { document: what }) };
      const wish = JSON.stringify(body);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id: patient }, header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/patients/{id}/shares', { params, body }));
    },
    onSuccess: () => {
      setWho('');
      keys.clear();
    },
    onSettled: () => client.invalidateQueries({ queryKey: sharesKey(patient) }),
  });
  const ready = (documents.data ?? []).filter(({ state }) => state === 'ready');
  return (
    <details className="fold">
      <summary>{say('docs.share')}</summary>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          share.mutate();
        }}
      >
        <SelectField
          label={say('docs.shareWho')}
          options={[
            { value: '', label: '–' },
            ...(doctors.data?.items ?? []).map(({ id, display_name }) => ({
              value: id,
              label: display_name,
            })),
          ]}
          value={who}
          onChange={setWho}
        />
        <SelectField
          label={say('docs.shareWhat')}
          options={[
            { value: '', label: say('docs.shareAll') },
            ...ready.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          value={what}
          onChange={setWhat}
        />
        <TextField
          label={say('docs.shareUntil')}
          type="date"
          required
          min={dateIn(now, OWN_ZONE)}
          max={dateIn(now + (SHARE_DAYS_MAX - 1) * DAY_MS, OWN_ZONE)}
          value={day}
          onChange={setDay}
        />
        <ProblemNotice error={share.error} />
        <div className="actions">
          <button
            type="submit"
            className="button button-primary"
            aria-busy={share.isPending}
            disabled={who === '' || day === '' || share.isPending}
          >
            {say('docs.share')}
          </button>
        </div>
      </form>
    </details>
  );
}
