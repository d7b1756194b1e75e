/** Finds out why a connection did not come about, and why one that stood is gone. */
import type { DisconnectCause, JoinFailure } from '@bedside/core';
import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';
import { askAboutToken } from './token-check.ts';

/**
 * `signalled`: the server had already accepted the token, so what failed came later.
 * `null` when the attempt was given up on purpose.
 */
export async function joinFailureOf(
  error: unknown,
  signalled: boolean,
  server: string,
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
        : askServer(server, token, reason === ConnectionErrorReason.Timeout);
    default:
      return { kind: 'unexpected' };
  }
}

async function askServer(server: string, token: string, timedOut: boolean): Promise<JoinFailure> {
  const refusal = await askAboutToken(server, token);
  return refusal ?? (timedOut ? { kind: 'timeout' } : { kind: 'unexpected' });
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
