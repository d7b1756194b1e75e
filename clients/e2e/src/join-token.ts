// Join tokens as an operator's backend would mint them: LiveKit-compatible JWTs, HS256. The tests mint their own so
// that they can also mint wrong ones.
import { createHmac, randomUUID } from 'node:crypto';

export interface TokenWish {
  readonly room: string;
  readonly identity: string;
  readonly name?: string;
  /** Seconds from now; negative for a token that has expired. */
  readonly ttlSeconds?: number;
  readonly key?: string;
  readonly secret?: string;
  readonly metadata?: string;
  /** Replaces the usual `video` grants entirely. */
  readonly grants?: Readonly<Record<string, unknown>>;
}

export const DEV_KEY = 'devkey';
export const DEV_SECRET = 'secret';

export function mint(wish: TokenWish): string {
  const now = Math.floor(Date.now() / 1000);
  const ttl = wish.ttlSeconds ?? 3600;
  const claims = {
    iss: wish.key ?? DEV_KEY,
    sub: wish.identity,
    jti: randomUUID(),
    name: wish.name ?? wish.identity,
    nbf: now - 3600 * 24,
    iat: now,
    exp: now + ttl,
    ...(wish.metadata === undefined ? {} : { metadata: wish.metadata }),
    video: wish.grants ?? { roomJoin: true, room: wish.room },
  };
  const head = part({ alg: 'HS256', typ: 'JWT' });
  const body = part(claims);
  const signature = createHmac('sha256', wish.secret ?? DEV_SECRET)
    .update(`${head}.${body}`)
    .digest('base64url');
  return `${head}.${body}.${signature}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
