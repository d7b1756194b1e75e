import type { Coverage, CoverageStanding } from '@bedside/core';
import { answered, coverageStanding, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { dateIn, OWN_ZONE, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { contentOf } from '../../documents/document-line.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { CoverageForm } from './coverage-form.tsx';
import { coverageBody } from './coverage-fields.ts';
import { coveragesOf, payersQuery } from './insurance-queries.ts';
import { relationshipKey } from './insurance-words.ts';
import { useShareText } from './share-text.ts';

const BADGES: Readonly<Record<CoverageStanding, string>> = {
  'in-force': 'booked',
  'not-yet': 'requested',
  ended: 'expired',
};
const HOUR_MS = 3_600_000;

/** A patient's insurances, what is in force first; and the way to add one. */
export function Coverages({ patient }: { readonly patient: string }) {
  const say = useSay();
  const coverages = useQuery(coveragesOf(patient));
  const [editing, setEditing] = useState<Coverage | 'new' | null>(null);
  const [isSaved, setSaved] = useState(false);
  const today = dateIn(useNow(HOUR_MS), OWN_ZONE);
  return (
    <>
      <Asked query={coverages}>
        {(all) =>
          all.length === 0 ? (
            <p className="empty">{say('insurance.none')}</p>
          ) : (
            <ul className="visits">
              {all
                .toSorted((a, b) => Number(isOver(a, today)) - Number(isOver(b, today)))
                .map((coverage) => (
                  <One
                    key={coverage.id}
                    coverage={coverage}
                    standing={coverageStanding(coverage, today)}
                    onEdit={() => {
                      setSaved(false);
                      setEditing(coverage);
                    }}
                  />
                ))}
            </ul>
          )
        }
      </Asked>
      {isSaved && <Notice kind="good">{say('common.saved')}</Notice>}
      <div className="actions">
        <button
          type="button"
          className="button button-primary"
          onClick={() => {
            setSaved(false);
            setEditing('new');
          }}
        >
          {say('insurance.add')}
        </button>
      </div>
      {editing !== null && (
        <CoverageForm
          patient={patient}
          coverage={editing === 'new' ? null : editing}
          onClose={(saved) => {
            setEditing(null);
            setSaved(saved);
          }}
        />
      )}
    </>
  );
}

function isOver(coverage: Coverage, today: string): boolean {
  return coverageStanding(coverage, today) === 'ended';
}

function One({
  coverage,
  standing,
  onEdit,
}: {
  readonly coverage: Coverage;
  readonly standing: CoverageStanding;
  readonly onEdit: () => void;
}) {
  const say = useSay();
  const shareText = useShareText();
  const payers = useQuery(payersQuery);
  const payer = payers.data?.find(({ id }) => id === coverage.payer);
  const name = payer?.name ?? '…';
  return (
    <li className="card" data-testid="coverage" data-standing={standing}>
      <div className="title-row">
        <h2>{name}</h2>
        <span className="badge-state" data-state={BADGES[standing]}>
          {say(`insurance.standing.${standing}`)}
        </span>
      </div>
      <CoverageFacts coverage={coverage} />
      {payer !== undefined && standing !== 'ended' && (
        <p className="hint">{shareText(payer.share)}</p>
      )}
      <div className="actions">
        {coverage.document != null && (
          <a className="button button-quiet" href={contentOf(coverage.document)} download>
            {say('insurance.openCard')}
            <span className="visually-hidden">: {name}</span>
          </a>
        )}
        {standing !== 'ended' && (
          <>
            <button type="button" className="button button-quiet" onClick={onEdit}>
              {say('common.edit')}
              <span className="visually-hidden">: {name}</span>
            </button>
            <End coverage={coverage} name={name} />
          </>
        )}
      </div>
    </li>
  );
}

function CoverageFacts({ coverage }: { readonly coverage: Coverage }) {
  const say = useSay();
  const format = useFormat();
  const { member_id: member, group_id: group, plan, relationship } = coverage;
  const { holder, starts_on: starts, ends_on: ends } = coverage;
  const who =
    holder == null
      ? say(relationshipKey(relationship))
      : `${say(relationshipKey(relationship))} (${holder.given_name} ${holder.family_name})`;
  const facts = [
    [say('insurance.member'), member],
    [say('insurance.plan'), plan],
    [say('insurance.group'), group],
    [say('insurance.relationship'), who],
    [say('insurance.starts'), starts == null ? null : format.date(starts)],
    [say('insurance.ends'), ends == null ? null : format.date(ends)],
  ] as const;
  return (
    <dl className="amounts">
      {facts.map(
        ([title, value]) =>
          value != null && (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function End({ coverage, name }: { readonly coverage: Coverage; readonly name: string }) {
  const say = useSay();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: () => {
      const params = { path: { id: coverage.id }, header: ifMatch(coverage.rev) };
      const body = { ...coverageBody(coverage), active: false };
      return answered(api.PUT('/v1/coverages/{id}', { params, body }));
    },
    onSuccess: () => setAsking(false),
    onSettled: () => client.invalidateQueries({ queryKey: coveragesOf(coverage.patient).queryKey }),
  });
  return (
    <>
      <button type="button" className="button button-danger-quiet" onClick={() => setAsking(true)}>
        {say('insurance.end')}
        <span className="visually-hidden">: {name}</span>
      </button>
      {isAsking && (
        <Dialog title={say('insurance.endTitle', { payer: name })} onClose={() => setAsking(false)}>
          <p>{say('insurance.endText')}</p>
          <ProblemNotice error={end.error} />
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              aria-busy={end.isPending}
              onClick={() => end.mutate()}
            >
              {say('insurance.end')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
