import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { Link } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Asked } from '../../parts/notice.tsx';

/** With whom visits that repeat are booked; their times are chosen as any patient chooses one. */
export function SeriesStart({
  clinic,
  patient,
}: {
  readonly clinic: string;
  readonly patient: string;
}) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="card fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{say('series.book')}</summary>
      {isOpen && <WithWhom clinic={clinic} patient={patient} />}
    </details>
  );
}

function WithWhom({ clinic, patient }: { readonly clinic: string; readonly patient: string }) {
  const say = useSay();
  const people = useQuery({
    queryKey: ['practitioners', { clinic }],
    queryFn: () => answered(api.GET('/v1/practitioners', { params: { query: { clinic } } })),
  });
  return (
    <Asked query={people}>
      {({ items }) => (
        <ul className="rows">
          {items.map(({ id, display_name: name }) => (
            <li key={id} className="row">
              <Link
                to="/practitioners/$id"
                params={{ id }}
                search={{ series: patient }}
                className="row-link"
              >
                {say('slots.with', { name })}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Asked>
  );
}
