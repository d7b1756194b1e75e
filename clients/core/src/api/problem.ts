/** Failures of the API (RFC 9457), and the sentence a person reads about each. */
import type { MessageKey } from '../text/en.ts';
import { first } from '../text/en/first.ts';
import type { Text } from '../text/say.ts';
import { textOf } from '../text/say.ts';

const PREFIX = 'urn:bedside:problem:';

/** A request that was not carried out. */
export class ApiProblem extends Error {
  /** The problem's type without its prefix: `slot-taken`; `offline` when nothing answered. */
  readonly kind: string;
  readonly status: number;
  readonly detail: string;
  /** The field of the request that is wrong, as a JSON pointer. */
  readonly field: string | null;
  readonly retryAfterS: number | null;

  constructor(fields: {
    kind: string;
    status: number;
    detail?: string;
    field?: string | null;
    retryAfterS?: number | null;
  }) {
    super(`${fields.kind} (${fields.status})`);
    this.name = 'ApiProblem';
    this.kind = fields.kind;
    this.status = fields.status;
    this.detail = fields.detail ?? '';
    this.field = fields.field ?? null;
    this.retryAfterS = fields.retryAfterS ?? null;
  }
}

/** What the body of an answer says, whatever it is. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  if (typeof body !== 'object' || body === null) {
    return new ApiProblem({ kind: status >= 500 ? 'internal' : 'other', status });
  }
  const read = (name: string): unknown => Reflect.get(body, name);
  const type = read('type');
  const detail = read('detail') ?? read('title');
  const field = read('field');
  const wait = read('retry_after_s');
  return new ApiProblem({
    kind: typeof type === 'string' && type.startsWith(PREFIX) ? type.slice(PREFIX.length) : 'other',
    status,
    detail: typeof detail === 'string' ? detail : '',
    field: typeof field === 'string' ? field : null,
    retryAfterS: typeof wait === 'number' ? wait : null,
  });
}

/** Whether there is a sentence of its own for this kind. */
function errorKey(kind: string): MessageKey | null {
  const key = `error.${kind}`;
  return isMessageKey(key) ? key : null;
}

function isMessageKey(key: string): key is MessageKey {
  return key in first;
}

/** What to tell a person, and what to do. */
export function problemText(error: unknown): Text {
  if (!(error instanceof ApiProblem)) {
    return textOf('error.internal');
  }
  const { kind, detail } = error;
  if (kind === 'too-often') {
    const seconds = error.retryAfterS ?? 60;
    const wait = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
    return textOf('error.too-often', { wait });
  }
  if (kind === 'invalid' || kind === 'bad-request') {
    return textOf('error.invalid', { detail });
  }
  const key = errorKey(kind);
  return key === null
    ? textOf('error.other', { detail: detail === '' ? kind : detail })
    : textOf(key);
}

/** The same for a program: whether trying again alone may help. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiProblem && (error.kind === 'offline' || error.status >= 500);
}
