import { answered } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Heading } from '../../parts/heading.tsx';
import { keepFile } from '../../parts/keep-file.ts';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import { DataTable, Paged, usePages } from '../../parts/paged.tsx';
import { requestKindKey, requestStateKey, roleKey } from './data-words.ts';

const REQUESTS = ['my-data-requests'];

/** Who saw somebody's data, and what they may ask for. */
export function MyDataScreen() {
  const say = useSay();
  return (
    <SignedIn>
      {(me) => (
        <>
          <Heading title={say('data.title')}>{say('data.title')}</Heading>
          <p className="lead">{say('data.lead')}</p>
          {patientOf(me) === null ? (
            <Notice kind="plain">{say('profile.noProfile')}</Notice>
          ) : (
            <>
              <Requests />
              <AccessLog />
            </>
          )}
        </>
      )}
    </SignedIn>
  );
}

function Requests() {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [isErasing, setErasing] = useState(false);
  const pages = usePages(REQUESTS, (query) =>
    answered(api.GET('/v1/me/data-requests', { params: { query } })),
  );
  const ask = useMutation({
    mutationFn: (kind: 'export' | 'erasure') =>
      run(() => answered(api.POST('/v1/me/data-requests', { body: { kind } }))),
    onSettled: () => client.invalidateQueries({ queryKey: REQUESTS }),
  });
  const read = useMutation({
    mutationFn: (id: string) =>
      run(() =>
        answered(api.GET('/v1/me/data-requests/{id}/export', { params: { path: { id } } })),
      ),
    onSuccess: (copy) =>
      keepFile(
        new Blob([JSON.stringify(copy, null, 2)], { type: 'application/json' }),
        'my-data.json',
      ),
  });
  return (
    <section aria-labelledby="requests">
      <h2 id="requests">{say('data.requests')}</h2>
      <p className="hint">{say('data.copyText')}</p>
      <div className="actions">
        <button
          type="button"
          className="button button-primary"
          aria-busy={ask.isPending}
          onClick={() => ask.mutate('export')}
        >
          {say('data.copy')}
        </button>
        <button type="button" className="button" onClick={() => setErasing(true)}>
          {say('data.erase')}
        </button>
      </div>
      <ProblemNotice error={ask.error ?? read.error} />
      <Paged pages={pages} empty={say('appts.none')}>
        {(items) => (
          <ul className="rows" data-testid="requests">
            {items.map((request) => (
              <li key={request.id} className="row">
                <span className="row-main">
                  <strong>{say(requestKindKey(request.kind))}</strong>
                  <span className="hint">
                    {`${format.moment(request.created_at)} · ${say(requestStateKey(request.state))}`}
                  </span>
                </span>
                {request.kind === 'export' && request.state === 'done' && (
                  <button
                    type="button"
                    className="button button-quiet"
                    aria-busy={read.isPending}
                    onClick={() => read.mutate(request.id)}
                  >
                    {say('data.download')}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Paged>
      {isErasing && (
        <Dialog title={say('data.eraseTitle')} onClose={() => setErasing(false)}>
          <p>{say('data.eraseText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              onClick={() => {
                setErasing(false);
                ask.mutate('erasure');
              }}
            >
              {say('data.erase')}
            </button>
            <button type="button" className="button" onClick={() => setErasing(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
      {dialog}
    </section>
  );
}

/** What an operation of the API does to data, by how its name begins. */
const LOOKS = /^(?:read|list|search|download|export)_/;

function AccessLog() {
  const say = useSay();
  const format = useFormat();
  const pages = usePages(['access-log'], (query) =>
    answered(api.GET('/v1/me/access-log', { params: { query } })),
  );
  return (
    <section>
      <h2>{say('data.log')}</h2>
      <Paged pages={pages} empty={say('data.none')}>
        {(items) => (
          <DataTable
            label={say('data.log')}
            columns={[say('audit.when'), say('audit.who'), say('data.what')]}
          >
            {items.map((entry) => (
              <tr key={`${entry.at} ${entry.act} ${entry.subject ?? ''}`}>
                <td>
                  <time dateTime={entry.at}>{format.moment(entry.at)}</time>
                </td>
                <td>
                  {entry.by ?? say('data.program')}
                  <span className="hint">{say(roleKey(entry.role))}</span>
                </td>
                <td>
                  {say(LOOKS.test(entry.act) ? 'data.looked' : 'data.changed')}
                  {entry.outcome === 'refused' && ` (${say('data.refused')})`}
                  <code className="hint">{entry.act}</code>
                </td>
              </tr>
            ))}
          </DataTable>
        )}
      </Paged>
    </section>
  );
}
