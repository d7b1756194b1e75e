/** Finds out why a connection did not come about, and why one that stood is gone. */
import type { DisconnectCause, JoinFailure } from '@bedside/core';
import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';

const VALIDATE_TIMEOUT_MS = 3000;

/**
 * `signalled`: the server had already accepted the token, so what failed came later.
 * `null` when the attempt was given up on purpose.
 */
export async function joinFailureOf(
  error: unknown,
  signalled: boolean,
  token: string,
): Promise<JoinFailure | null> {
  if (!(error instanceof ConnectionError)) {
    return { kind: 'unexpected' };
  }
  // The library hands the variants on as one class; read the reason as the plain number it is.
  const reason: ConnectionErrorReason = error.reason;
  switch (reason) {
    case ConnectionErrorReason.Cancelled:
      return null;
    case ConnectionErrorReason.NotAllowed:
      return { kind: 'refused', status: error.status ?? 401, text: error.message };
    case ConnectionErrorReason.ServerUnreachable:
      return { kind: 'unreachable' };
    case ConnectionErrorReason.LeaveRequest:
    case ConnectionErrorReason.InternalError:
    case ConnectionErrorReason.Timeout:
    case ConnectionErrorReason.WebSocket:
    case ConnectionErrorReason.ServiceNotFound:
      return signalled
        ? { kind: 'no-media-path' }
        : askServer(token, reason === ConnectionErrorReason.Timeout);
    default:
      return { kind: 'unexpected' };
  }
}

/** A browser hides the status of a failed WebSocket; the validate endpoint gives the same one. */
async function askServer(token: string, timedOut: boolean): Promise<JoinFailure> {
  try {
    const response = await fetch('/rtc/validate', {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(VALIDATE_TIMEOUT_MS),
      cache: 'no-store',
    });
    if (!response.ok) {
      return { kind: 'refused', status: response.status, text: await response.text() };
    }
    return timedOut ? { kind: 'timeout' } : { kind: 'unexpected' };
  } catch {
    return { kind: 'unreachable' };
  }
}

export function disconnectCauseOf(reason: DisconnectReason | undefined): DisconnectCause {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return 'left';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'opened-elsewhere';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'room-closed';
    case DisconnectReason.SERVER_SHUTDOWN:
      return 'server-stopping';
    case DisconnectReason.JOIN_FAILURE:
      return 'join-refused';
    case DisconnectReason.MEDIA_FAILURE:
      return 'no-media-path';
    default:
      return 'connection-lost';
  }
}
