import { describe, expect, it } from 'vitest';
import { english } from '../testing.ts';
import { answered, createApi, done, ifMatch } from './client.ts';
import { ApiProblem, problemText } from './problem.ts';

function apiThat(
  answer: (request: Request) => Response | Promise<Response>,
  token: string | null = null,
) {
  const asked: Request[] = [];
  const api = createApi({
    baseUrl: 'http://clinic.example',
    fetch: async (request) => {
      asked.push(request);
      return answer(request);
    },
    token: () => token,
    newKey: () => `key-${asked.length}`,
  });
  return { api, asked };
}

const problem = (status: number, body: object) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  });

describe('a request', () => {
  it('that makes something carries a key, so that a repetition does it once', async () => {
    const { api, asked } = apiThat(() => new Response(null, { status: 204 }));
    await done(api.POST('/v1/auth/logout'));
    expect(asked[0]?.headers.get('Idempotency-Key')).toBe('key-0');
    expect(asked[0]?.headers.get('Authorization')).toBeNull();
  });

  it('in a join session carries its token', async () => {
    const { api, asked } = apiThat(() => new Response('{"items":[]}'), 'secret');
    await answered(api.GET('/v1/clinics'));
    expect(asked[0]?.headers.get('Authorization')).toBe('Bearer secret');
  });

  it('that nothing answers is told as being offline', async () => {
    const { api } = apiThat(() => {
      throw new TypeError('failed to fetch');
    });
    await expect(answered(api.GET('/v1/me'))).rejects.toMatchObject({ kind: 'offline' });
  });
});

describe('a problem', () => {
  it('is read from the answer', async () => {
    const body = {
      type: 'urn:bedside:problem:slot-taken',
      title: 'The time is taken',
      status: 409,
    };
    const { api } = apiThat(() => problem(409, body));
    await expect(answered(api.GET('/v1/me'))).rejects.toMatchObject({ kind: 'slot-taken' });
  });

  it.each([
    [new ApiProblem({ kind: 'slot-taken', status: 409 }), /this time is taken/],
    [new ApiProblem({ kind: 'too-often', status: 429, retryAfterS: 30 }), /Wait 30 s/],
    [new ApiProblem({ kind: 'too-often', status: 429, retryAfterS: 300 }), /Wait 5 min/],
    [
      new ApiProblem({ kind: 'invalid', status: 422, detail: 'too long' }),
      /does not fit: too long/,
    ],
    [new ApiProblem({ kind: 'new-kind', status: 409, detail: 'odd' }), /did not work \(odd\)/],
    [new Error('bug'), /broke on our side/],
  ])('%s has words that say what to do', (error, words) => {
    expect(english(problemText(error))).toMatch(words);
  });
});

it('names the revision that a change is based on', () => {
  expect(ifMatch(7)).toEqual({ 'If-Match': '"7"' });
});
