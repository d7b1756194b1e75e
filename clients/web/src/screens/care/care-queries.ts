/** What the screens of messages and patients ask for. */
import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../app/api.ts';

export type Thread = Schemas['ThreadView'];
export type Message = Schemas['MessageView'];

const VISITS_MAX = 200;
/** A thread has at most 1,000 messages; a page of the API 200. */
const PAGES_MAX = 5;

export const threadQuery = (id: string) =>
  queryOptions({
    queryKey: ['thread', id],
    queryFn: () => answered(api.GET('/v1/threads/{id}', { params: { path: { id } } })),
  });

/** All of a thread's, the oldest first. */
export const messagesQuery = (id: string) =>
  queryOptions({
    queryKey: ['messages', id],
    queryFn: () => messagesAfter(id, undefined, 1),
  });

async function messagesAfter(
  id: string,
  after: string | undefined,
  page: number,
): Promise<readonly Message[]> {
  const query = { limit: 200, ...(after === undefined ? {} : { after }) };
  const { items, next } = await answered(
    api.GET('/v1/threads/{id}/messages', { params: { path: { id }, query } }),
  );
  return next == null || page === PAGES_MAX
    ? items
    : [...items, ...(await messagesAfter(id, next, page + 1))];
}

/** A patient's visits, the newest first. */
export const visitsOf = (patient: string) =>
  queryOptions({
    queryKey: ['appointments', 'of', patient],
    queryFn: async () => {
      const query = { patient, limit: VISITS_MAX };
      const { items } = await answered(api.GET('/v1/appointments', { params: { query } }));
      return items.toReversed();
    },
  });
