import type { RecordEntry } from '@bedside/core';
import { answered, readEntries } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../app/api.ts';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Asked } from '../parts/notice.tsx';

const ENTERED_AS = ['patient', 'practitioner', 'program'] as const;

/** All that an entry said before, with who said it. Read once it is opened, and written down then. */
export function Versions({ entry }: { readonly entry: RecordEntry }) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {say('record.versions')}
        <span className="visually-hidden">: {entry.title}</span>
      </summary>
      {isOpen && <Earlier entry={entry} />}
    </details>
  );
}

function Earlier({ entry: { id, rev } }: { readonly entry: RecordEntry }) {
  const versions = useQuery({
    queryKey: ['record-versions', id, rev],
    queryFn: async () => {
      const params = { path: { id } };
      return readEntries((await answered(api.GET('/v1/record/{id}/versions', { params }))).items);
    },
  });
  return (
    <Asked query={versions}>
      {(all) => (
        <ol className="record-versions">
          {all
            .filter((one) => one.rev < rev)
            .map((one) => (
              <Version key={one.rev} entry={one} />
            ))}
        </ol>
      )}
    </Asked>
  );
}

function Version({ entry }: { readonly entry: RecordEntry }) {
  const say = useSay();
  const format = useFormat();
  const as = ENTERED_AS.find((one) => one === entry.enteredAs) ?? 'program';
  const facts = [
    ...entry.details,
    ...(entry.status === 'entered-in-error' ? [say('record.mistake')] : []),
    ...(entry.isUnconfirmed ? [say('record.unconfirmed')] : []),
    ...(entry.reason === null ? [] : [say('record.reason', { reason: entry.reason })]),
  ];
  return (
    <li>
      <strong>{entry.title}</strong>
      {facts.length > 0 && <span className="hint"> {facts.join(' · ')}</span>}
      <span className="hint">
        {' '}
        {say('record.version', { when: format.moment(entry.at), who: say(`record.by.${as}`) })}
      </span>
    </li>
  );
}
