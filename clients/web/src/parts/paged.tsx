import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useSay } from '../app/words.tsx';
import { Loading, ProblemNotice } from './notice.tsx';
import { TableFrame } from './table-frame.tsx';

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | null;
}

/** What a request for a page carries: fifty entries after the last one that was read. */
export interface PageWish {
  readonly limit: number;
  readonly after?: string;
}

type Pages<T> = UseInfiniteQueryResult<InfiniteData<Page<T>>>;

/** A list that is read page by page. */
export function usePages<T>(
  key: readonly unknown[],
  read: (wish: PageWish) => Promise<Page<T>>,
): Pages<T> {
  return useInfiniteQuery({
    queryKey: key,
    initialPageParam: '',
    queryFn: ({ pageParam: after }) => read({ limit: 50, ...(after === '' ? {} : { after }) }),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** Its entries so far, why they did not come, that there are none, and a button for more. */
export function Paged<T>({
  pages,
  empty,
  children,
}: {
  readonly pages: Pages<T>;
  readonly empty: string;
  readonly children: (items: readonly T[]) => ReactNode;
}) {
  const say = useSay();
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <ProblemNotice error={pages.error} />
      {pages.isPending && <Loading />}
      {pages.isSuccess && items.length === 0 && <p className="empty">{empty}</p>}
      {items.length > 0 && children(items)}
      {pages.hasNextPage && (
        <button
          type="button"
          className="button"
          aria-busy={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {say('common.more')}
        </button>
      )}
    </>
  );
}

/** A table with a title for each column; an empty title is a column of buttons. */
export function DataTable({
  label,
  columns,
  children,
}: {
  readonly label: string;
  readonly columns: readonly string[];
  readonly children: ReactNode;
}) {
  return (
    <TableFrame label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </TableFrame>
  );
}
