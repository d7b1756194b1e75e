import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { requestKindKey, requestStateKey } from '../patient/data-words.ts';
import { StaffOnly } from './staff-only.tsx';

type DataRequest = Schemas['DataRequestView'];

const KEY = ['data-requests'];

/** What patients ask for about their data, and the clinic's word. */
export function DataRequestsScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('requests.title')} roles={['clinic_admin']}>
      {() => <Requests />}
    </StaffOnly>
  );
}

function Requests() {
  const say = useSay();
  const pages = usePages(KEY, (query) =>
    answered(api.GET('/v1/data-requests', { params: { query } })),
  );
  return (
    <>
      <Heading title={say('requests.title')}>{say('requests.title')}</Heading>
      <p className="lead">{say('requests.lead')}</p>
      <Paged pages={pages} empty={say('requests.none')}>
        {(items) => (
          <ul className="rows">
            {items.map((request) => (
              <Request key={request.id} request={request} />
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}

function Request({ request }: { readonly request: DataRequest }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [isAsking, setAsking] = useState(false);
  const decide = useMutation({
    mutationFn: (agrees: boolean) => {
      const params = { path: { id: request.id } };
      return run(() =>
        answered(
          agrees
            ? api.POST('/v1/data-requests/{id}/approve', { params })
            : api.POST('/v1/data-requests/{id}/refuse', { params }),
        ),
      );
    },
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  const isErasure = request.kind === 'erasure';
  return (
    <li className="row">
      <span className="row-main">
        <strong>{say(requestKindKey(request.kind))}</strong>
        <span className="hint">
          {`${format.moment(request.created_at)} · ${say(requestStateKey(request.state))}`}
        </span>
        <code className="hint">{request.patient}</code>
      </span>
      {request.state === 'requested' && (
        <span className="actions">
          <button
            type="button"
            className="button button-primary button-quiet"
            aria-busy={decide.isPending}
            onClick={() => (isErasure ? setAsking(true) : decide.mutate(true))}
          >
            {say('requests.approve')}
          </button>
          <button
            type="button"
            className="button button-quiet"
            onClick={() => decide.mutate(false)}
          >
            {say('requests.refuse')}
          </button>
        </span>
      )}
      <ProblemNotice error={decide.error} />
      {isAsking && (
        <Dialog title={say('requests.eraseTitle')} onClose={() => setAsking(false)}>
          <p>{say('requests.eraseText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              onClick={() => {
                setAsking(false);
                decide.mutate(true);
              }}
            >
              {say('data.kind.erasure')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
      {dialog}
    </li>
  );
}
