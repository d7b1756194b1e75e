import type { Schemas } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { DataTable } from '../../parts/paged.tsx';
import { canReplay, jobKindKey, jobStateKey } from './job-words.ts';

/** What went out, what became of it, and sending it again. */
export function JobTable({
  label,
  jobs,
  replay,
  onReplayed,
}: {
  readonly label: string;
  readonly jobs: readonly Schemas['JobView'][];
  readonly replay: (job: string) => Promise<void>;
  readonly onReplayed: () => Promise<void>;
}) {
  const say = useSay();
  const format = useFormat();
  const again = useMutation({ mutationFn: replay, onSettled: onReplayed });
  return (
    <>
      <ProblemNotice error={again.error} />
      <DataTable
        label={label}
        columns={[
          say('audit.when'),
          say('jobs.kind'),
          say('jobs.message'),
          say('jobs.state'),
          say('jobs.tries'),
        ]}
      >
        {jobs.map((job) => (
          <tr key={job.id}>
            <td>
              <time dateTime={job.created_at}>{format.moment(job.created_at)}</time>
            </td>
            <td>{say(jobKindKey(job.kind))}</td>
            <th scope="row">
              <code>{job.message}</code>
            </th>
            <td>
              {say(jobStateKey(job.state))}
              {job.reason != null && <span className="hint">{job.reason}</span>}
              {canReplay(job) && (
                <button
                  type="button"
                  className="button button-quiet"
                  aria-busy={again.isPending && again.variables === job.id}
                  onClick={() => again.mutate(job.id)}
                >
                  {say('jobs.replay')}
                  <span className="visually-hidden"> {job.message}</span>
                </button>
              )}
            </td>
            <td>{job.attempts}</td>
          </tr>
        ))}
      </DataTable>
    </>
  );
}
