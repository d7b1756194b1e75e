import type { EntryKind, RecordEntry } from '@bedside/core';
import { answered, confirmed, enteredInError, ifMatch, readEntries } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../app/api.ts';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Asked, ProblemNotice } from '../parts/notice.tsx';
import { AnswersList } from './answers-list.tsx';
import { asOpen } from './as-open.ts';
import { Versions } from './record-versions.tsx';

export const recordKey = (patient: string) => ['record', patient] as const;

interface Known {
  readonly kind: EntryKind;
  readonly entries: readonly RecordEntry[];
}

/** What one needs to know first about a patient: allergies before all else. */
export function RecordList({
  patient,
  mayJudge,
}: {
  readonly patient: string;
  /** Confirms and strikes what the patient said. */
  readonly mayJudge: boolean;
}) {
  const summary = useQuery({
    queryKey: recordKey(patient),
    queryFn: async (): Promise<readonly Known[]> => {
      const params = { path: { id: patient } };
      const found = await answered(api.GET('/v1/patients/{id}/record/summary', { params }));
      return [
        { kind: 'allergy', entries: readEntries(found.allergies) },
        { kind: 'condition', entries: readEntries(found.conditions) },
        { kind: 'medication', entries: readEntries(found.medications) },
        { kind: 'observation', entries: readEntries(found.observations) },
        { kind: 'history', entries: readEntries(found.history) },
      ];
    },
  });
  return (
    <Asked query={summary}>
      {(known) => (
        <div className="record">
          {known.map(({ kind, entries }) => (
            <Kind key={kind} kind={kind} entries={entries} patient={patient} mayJudge={mayJudge} />
          ))}
          <AnswersList patient={patient} />
        </div>
      )}
    </Asked>
  );
}

/** That no allergy is known is said; of the rest only what there is. */
const ALWAYS: ReadonlySet<EntryKind> = new Set(['allergy', 'condition', 'medication']);

function Kind({
  kind,
  entries,
  patient,
  mayJudge,
}: Known & { readonly patient: string; readonly mayJudge: boolean }) {
  const say = useSay();
  if (entries.length === 0 && !ALWAYS.has(kind)) {
    return null;
  }
  return (
    <section className="record-kind" data-kind={kind}>
      <h3>{say(`record.kind.${kind}`)}</h3>
      {entries.length === 0 ? (
        <p className="hint">{say('record.nothing')}</p>
      ) : (
        <ul className="record-entries">
          {entries.map((entry) => (
            <Entry key={entry.id} entry={entry} patient={patient} mayJudge={mayJudge} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Entry({
  entry,
  patient,
  mayJudge,
}: {
  readonly entry: RecordEntry;
  readonly patient: string;
  readonly mayJudge: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const facts = [
    ...entry.details,
    ...(entry.since === null
      ? []
      : [say('record.since', { when: format.partialDate(entry.since) })]),
    ...(entry.isUnconfirmed ? [say('record.unconfirmed')] : []),
  ];
  return (
    <li>
      <strong>{entry.title}</strong>
      {entry.isSevere && <span className="badge-bad">{say('record.severe')}</span>}
      {facts.length > 0 && <span className="hint"> {facts.join(' · ')}</span>}
      {entry.rev > 1 && <Versions entry={entry} />}
      {mayJudge && entry.isUnconfirmed && <Judge entry={entry} patient={patient} />}
    </li>
  );
}

/** What a patient said, confirmed or struck by who treats them. */
function Judge({ entry, patient }: { readonly entry: RecordEntry; readonly patient: string }) {
  const say = useSay();
  const client = useQueryClient();
  const judge = useMutation({
    mutationFn: (content: object) => {
      const params = { path: { id: entry.id }, header: ifMatch(entry.rev) };
      const body = { content: asOpen(content) };
      return answered(api.PUT('/v1/record/{id}', { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: recordKey(patient) }),
  });
  return (
    <span className="actions">
      <button
        type="button"
        className="button button-quiet"
        aria-busy={judge.isPending}
        onClick={() => judge.mutate(confirmed(entry))}
      >
        {say('record.confirm')}
        <span className="visually-hidden"> {entry.title}</span>
      </button>
      <button
        type="button"
        className="button button-quiet"
        aria-busy={judge.isPending}
        onClick={() => judge.mutate(enteredInError(entry))}
      >
        {say('record.strike')}
        <span className="visually-hidden"> {entry.title}</span>
      </button>
      <ProblemNotice error={judge.error} />
    </span>
  );
}
