import type { Payer, Schemas } from '@bedside/core';
import { ApiProblem, answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { Link } from '../../app/navigation.tsx';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { SelectField } from '../../parts/field.tsx';
import { FileField } from '../../parts/file-field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { DataTable, Paged, usePages } from '../../parts/paged.tsx';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { InsuranceLinks } from './insurance-links.tsx';
import { payersQuery } from './insurance-queries.ts';
import { claimStateKey, outcomeKey } from './insurance-words.ts';

type Remittance = Schemas['RemittanceView'];
type Posted = Schemas['PostedRemittanceView'];

/** As the server takes them. */
const FILE_BYTES_MAX = 512 * 1024;
const KEY = ['remittances'];

/** What insurers have paid, posted from their files. */
export function RemittancesScreen() {
  const say = useSay();
  const payers = useQuery(payersQuery);
  return (
    <StaffOnly title={say('remit.title')} roles={['clinic_admin']}>
      {() => (
        <>
          <Heading title={say('remit.title')}>{say('remit.title')}</Heading>
          <p className="lead">{say('remit.lead')}</p>
          <InsuranceLinks here="/remittances" isAdmin />
          <Asked query={payers}>
            {(all) =>
              all.length === 0 ? (
                <Notice kind="plain">{say('insurance.noPayers')}</Notice>
              ) : (
                <>
                  <PostForm payers={all} />
                  <Earlier payers={all} />
                </>
              )
            }
          </Asked>
        </>
      )}
    </StaffOnly>
  );
}

function PostForm({ payers }: { readonly payers: readonly Payer[] }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [payer, setPayer] = useState(payers[0]?.id ?? '');
  const [file, setFile] = useState<File | null>(null);
  const [isMissing, setMissing] = useState(false);
  const isTooLarge = file !== null && file.size > FILE_BYTES_MAX;
  const max = format.bytes(FILE_BYTES_MAX);
  const post = useMutation({
    mutationFn: async (chosen: File) => {
      const text = await chosen.text();
      return run(() =>
        answered(
          api.POST('/v1/payers/{id}/remittances', {
            params: { path: { id: payer } },
            body: text,
            bodySerializer: (body) => body,
            headers: { 'Content-Type': 'application/edi-x12' },
          }),
        ),
      );
    },
    onSuccess: () => setFile(null),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: KEY });
      await client.invalidateQueries({ queryKey: ['claims'] });
    },
  });
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        setMissing(file === null);
        if (file !== null && !isTooLarge) {
          post.mutate(file);
        }
      }}
    >
      <div className="columns">
        <SelectField
          label={say('insurance.payer')}
          options={payers.map(({ id, name }) => ({ value: id, label: name }))}
          value={payer}
          onChange={setPayer}
        />
        <FileField
          label={say('remit.file')}
          hint={say('remit.fileHint', { max })}
          accept=".835,.x12,.edi,.txt,application/edi-x12,text/plain"
          onFile={(chosen) => {
            setFile(chosen);
            setMissing(false);
            post.reset();
          }}
        />
      </div>
      {file !== null && !isTooLarge && (
        <p role="status">
          <code>{file.name}</code> · {format.bytes(file.size)}
        </p>
      )}
      {isTooLarge && (
        <p className="field-error" role="alert">
          {say('remit.tooLarge', { size: format.bytes(file.size), max })}
        </p>
      )}
      {isMissing && (
        <p className="field-error" role="alert">
          {say('remit.noFile')}
        </p>
      )}
      <PostProblem error={post.error} />
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={post.isPending}
          disabled={isTooLarge || post.isPending}
        >
          {say('remit.post')}
        </button>
      </div>
      {post.data !== undefined && <Result posted={post.data} />}
      {dialog}
    </form>
  );
}

/** What the server says of a file that it does not post is said with it: which part of the file, or which rule. */
function PostProblem({ error }: { readonly error: unknown }) {
  const say = useSay();
  if (
    !(error instanceof ApiProblem && (error.kind === 'exists' || error.kind === 'not-possible'))
  ) {
    return <ProblemNotice error={error} />;
  }
  return (
    <Notice kind="warning">
      <p>{say(error.kind === 'exists' ? 'remit.twice' : 'remit.nothing')}</p>
      <p className="hint" lang="en">
        {error.detail}
      </p>
    </Notice>
  );
}

function Result({ posted }: { readonly posted: Posted }) {
  const say = useSay();
  const format = useFormat();
  const { trace, paid, posted_minor: minor, claims } = posted;
  const money = (amount: number) => format.money({ ...paid, minor: amount });
  const rest = paid.minor - minor;
  return (
    <div className="stack" data-testid="remit-result">
      <Notice kind={rest === 0 && posted.misfits === 0 ? 'good' : 'warning'}>
        <p>{say('remit.result', { trace, posted: money(minor), paid: money(paid.minor) })}</p>
        {rest !== 0 && <p>{say('remit.rest', { amount: money(rest) })}</p>}
      </Notice>
      <DataTable label={say('remit.outcome')} columns={[say('remit.claim'), say('remit.outcome')]}>
        {claims.map(({ control, claim, outcome, state }, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a claim may stand twice: taken back, and decided anew
          <tr key={index}>
            <td>
              {claim == null ? (
                <code>{control}</code>
              ) : (
                <Link to="/claims/$id" params={{ id: claim }} className="row-link">
                  {control}
                </Link>
              )}
            </td>
            <td>
              {say(outcomeKey(outcome))}
              {state != null && <span className="hint"> {say(claimStateKey(state))}</span>}
            </td>
          </tr>
        ))}
      </DataTable>
    </div>
  );
}

function Earlier({ payers }: { readonly payers: readonly Payer[] }) {
  const say = useSay();
  const format = useFormat();
  const pages = usePages<Remittance>(KEY, (wish) =>
    answered(api.GET('/v1/remittances', { params: { query: wish } })),
  );
  return (
    <section className="stack" aria-labelledby="earlier">
      <h2 id="earlier">{say('remit.earlier')}</h2>
      <Paged pages={pages} empty={say('remit.none')}>
        {(items) => (
          <DataTable
            label={say('remit.title')}
            columns={[
              say('audit.when'),
              say('insurance.payer'),
              say('remit.trace'),
              say('remit.paid'),
              say('remit.posted'),
              say('remit.misfits'),
            ]}
          >
            {items.map((one) => (
              <tr key={one.id}>
                <td>{format.shortDay(one.received_at)}</td>
                <td>{payers.find(({ id }) => id === one.payer)?.name ?? ''}</td>
                <td>
                  <code>{one.trace}</code>
                </td>
                <td className="row-sum">{format.money(one.paid)}</td>
                <td className="row-sum">
                  {format.money({ ...one.paid, minor: one.posted_minor })}
                </td>
                <td>{one.misfits}</td>
              </tr>
            ))}
          </DataTable>
        )}
      </Paged>
    </section>
  );
}
