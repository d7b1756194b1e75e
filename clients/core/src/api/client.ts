/**
 * The scheduling API as typed calls. The only place that knows its addresses.
 *
 * Types come from the server's own OpenAPI document (`schema.ts`, made by `npm run api`; a test compares it). Every
 * failure is an `ApiProblem`; every POST that makes something can be repeated without doing it twice.
 */
import type { Client, Middleware } from 'openapi-fetch';
import createClient from 'openapi-fetch';
import { ApiProblem, problemFrom } from './problem.ts';
import type { components, paths } from './schema.ts';

export type Schemas = components['schemas'];
export type Api = Client<paths>;

export interface ApiSettings {
  readonly baseUrl: string;
  readonly fetch?: (request: Request) => Promise<Response>;
  /** A join session's or embedder's token; cookies are sent otherwise. */
  readonly token?: () => string | null;
  /** Random text for `Idempotency-Key`. */
  readonly newKey: () => string;
}

export function createApi(settings: ApiSettings): Api {
  const send = settings.fetch ?? ((request: Request) => fetch(request));
  const client = createClient<paths>({
    baseUrl: settings.baseUrl,
    fetch: async (request) => {
      try {
        return await send(request);
      } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') {
          throw error;
        }
        throw new ApiProblem({ kind: 'offline', status: 0 });
      }
    },
  });
  client.use(headers(settings));
  return client;
}

function headers({ token, newKey }: ApiSettings): Middleware {
  return {
    onRequest({ request }) {
      const bearer = token?.() ?? null;
      if (bearer !== null) {
        request.headers.set('Authorization', `Bearer ${bearer}`);
      }
      if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) {
        request.headers.set('Idempotency-Key', newKey());
      }
      return request;
    },
  };
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer's data, or a thrown `ApiProblem`. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  if (!response.ok) {
    throw problemFrom(response.status, error);
  }
  if (data === undefined || data === null) {
    throw new ApiProblem({ kind: 'other', status: response.status, detail: 'empty answer' });
  }
  return data;
}

/** The same with the answer's `ETag`, which a change has to name. */
export async function answeredWithTag<T>(
  call: Promise<Answer<T>>,
): Promise<{ readonly data: NonNullable<T>; readonly tag: string }> {
  const { response } = await call;
  return { data: await answered(call), tag: response.headers.get('ETag') ?? '' };
}

/** For what is answered without a body. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await call;
  if (!response.ok) {
    throw problemFrom(response.status, error);
  }
}

/** The header that a change needs: the revision that was read. */
export function ifMatch(rev: number): { readonly 'If-Match': string } {
  return { 'If-Match': `"${rev}"` };
}
