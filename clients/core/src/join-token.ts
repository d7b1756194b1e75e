/**
 * The join token as the client sees it: a JWT whose claims are read, never verified.
 *
 * The client uses the claims to greet people and to offer only what they may do. Whether the token
 * is good is decided by the server alone, also whether it has expired: a wrong clock on somebody's
 * phone must not keep them out.
 */
import { textFromBase64Url } from './base64url.ts';

export type JoinTokenRefusal = 'empty' | 'malformed' | 'no-identity' | 'no-room';

/** A text that is no join token at all, found out before the server is asked. */
export class JoinTokenError extends Error {
  readonly reason: JoinTokenRefusal;

  constructor(reason: JoinTokenRefusal) {
    super(`join token refused: ${reason}`);
    this.name = 'JoinTokenError';
    this.reason = reason;
  }
}

/** What the token lets its holder send. The server enforces it; the page only hides the rest. */
export interface Permissions {
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly messages: boolean;
  /** Whether it may have the room recorded. */
  readonly record: boolean;
}

export interface Invitation {
  readonly token: string;
  readonly identity: string;
  /** The name others will see; the identity where the token names nobody. */
  readonly name: string;
  readonly room: string;
  readonly expiresAtMs: number | null;
  readonly permissions: Permissions;
}

/** Reads the claims. Throws {@link JoinTokenError} for a text that cannot be a join token. */
export function readJoinToken(text: string): Invitation {
  const token = text.trim();
  if (token === '') {
    throw new JoinTokenError('empty');
  }
  const claims = readClaims(token);
  const grants = isRecord(claims['video']) ? claims['video'] : {};
  const identity = textOf(claims['sub']) ?? textOf(claims['jti']);
  if (identity === null) {
    throw new JoinTokenError('no-identity');
  }
  const room = textOf(grants['room']);
  if (room === null) {
    throw new JoinTokenError('no-room');
  }
  const expiry = claims['exp'];
  return {
    token,
    identity,
    name: textOf(claims['name']) ?? identity,
    room,
    expiresAtMs: typeof expiry === 'number' && Number.isFinite(expiry) ? expiry * 1000 : null,
    permissions: readPermissions(grants),
  };
}

/** True once the token's own time is over by the clock given, which may be wrong. */
export function seemsExpired(invitation: Invitation, nowMs: number): boolean {
  return invitation.expiresAtMs !== null && invitation.expiresAtMs <= nowMs;
}

/** When a token ends, or `null` where it does not say so or cannot be read. */
export function expiryOf(token: string): number | null {
  try {
    return readJoinToken(token).expiresAtMs;
  } catch {
    return null;
  }
}

function readClaims(token: string): Record<string, unknown> {
  const parts = token.split('.');
  const payload = parts.length === 3 ? parts[1] : undefined;
  const json = payload === undefined ? null : textFromBase64Url(payload);
  if (json === null) {
    throw new JoinTokenError('malformed');
  }
  let claims: unknown;
  try {
    claims = JSON.parse(json);
  } catch {
    throw new JoinTokenError('malformed');
  }
  if (!isRecord(claims)) {
    throw new JoinTokenError('malformed');
  }
  return claims;
}

/**
 * Absent is not false: `canPublish` defaults to true and `canPublishData` to `canPublish`, and a
 * non-empty list of sources overrides `canPublish` for tracks, as the server reads them.
 */
function readPermissions(grants: Record<string, unknown>): Permissions {
  const canPublish = grants['canPublish'] !== false;
  const sources = Array.isArray(grants['canPublishSources']) ? grants['canPublishSources'] : [];
  const maySend = (source: string): boolean =>
    sources.length > 0 ? sources.includes(source) : canPublish;
  const data = grants['canPublishData'];
  return {
    microphone: maySend('microphone'),
    camera: maySend('camera'),
    screen: maySend('screen_share'),
    messages: typeof data === 'boolean' ? data : canPublish,
    record: grants['roomRecord'] === true,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
