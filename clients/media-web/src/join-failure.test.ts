import { ConnectionError, DisconnectReason } from 'livekit-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { disconnectCauseOf, joinFailureOf } from './join-failure.ts';

const SERVER = 'http://clinic.example';

afterEach(() => {
  vi.unstubAllGlobals();
});

function serverAnswers(status: number, text: string): void {
  vi.stubGlobal('fetch', async () => new Response(text, { status }));
}

describe('a join that failed', () => {
  it('keeps the status and the words of a refusal', async () => {
    const error = ConnectionError.notAllowed('token has expired', 401);
    expect(await joinFailureOf(error, false, SERVER, 't')).toEqual({
      kind: 'refused',
      status: 401,
      text: 'token has expired',
    });
  });

  it('asks the server where the browser hides the status of the socket', async () => {
    serverAnswers(503, 'limit reached');
    const error = ConnectionError.websocket('closed');
    expect(await joinFailureOf(error, false, SERVER, 't')).toEqual({
      kind: 'refused',
      status: 503,
      text: 'limit reached',
    });
  });

  it('is an unreachable server when asking fails as well', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('network');
    });
    const error = ConnectionError.websocket('closed');
    expect(await joinFailureOf(error, false, SERVER, 't')).toEqual({ kind: 'unreachable' });
  });

  it('is a blocked media path once the server had let the person in', async () => {
    const error = ConnectionError.internal('could not establish pc connection');
    expect(await joinFailureOf(error, true, SERVER, 't')).toEqual({ kind: 'no-media-path' });
  });

  it('is none when it was given up on purpose', async () => {
    expect(await joinFailureOf(ConnectionError.cancelled('left'), false, SERVER, 't')).toBeNull();
  });

  it('is unexpected when it is no connection error', async () => {
    expect(await joinFailureOf(new TypeError('x'), false, SERVER, 't')).toEqual({
      kind: 'unexpected',
    });
  });
});

it.each([
  [DisconnectReason.CLIENT_INITIATED, 'left'],
  [DisconnectReason.DUPLICATE_IDENTITY, 'opened-elsewhere'],
  [DisconnectReason.PARTICIPANT_REMOVED, 'removed'],
  [DisconnectReason.ROOM_DELETED, 'room-closed'],
  [DisconnectReason.ROOM_CLOSED, 'room-closed'],
  [DisconnectReason.SERVER_SHUTDOWN, 'server-stopping'],
  [undefined, 'connection-lost'],
])('reads the disconnect reason %s as %s', (reason, cause) => {
  expect(disconnectCauseOf(reason)).toBe(cause);
});
