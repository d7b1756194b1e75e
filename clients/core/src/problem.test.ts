import { describe, expect, it } from 'vitest';
import { deviceTroubleFromErrorName, troubleView } from './device-trouble.ts';
import { problemFromDisconnect, problemFromJoinFailure, problemView } from './problem.ts';
import { english, invitation } from './testing.ts';

const BEFORE_EXPIRY = 1_000_000;
const AFTER_EXPIRY = 3_000_000;

describe('a join that failed', () => {
  it.each([
    [401, 'invalid signature', BEFORE_EXPIRY, 'token-refused'],
    [401, 'token has expired', BEFORE_EXPIRY, 'token-expired'],
    [401, 'unauthorized', AFTER_EXPIRY, 'token-expired'],
    [403, '', BEFORE_EXPIRY, 'not-permitted'],
    [404, 'requested room does not exist', BEFORE_EXPIRY, 'room-missing'],
    [400, '', BEFORE_EXPIRY, 'request-broken'],
    [503, '', BEFORE_EXPIRY, 'server-full'],
    [500, '', BEFORE_EXPIRY, 'unexpected'],
  ])('with status %i and %j is told as it is', (status, text, now, problem) => {
    expect(problemFromJoinFailure({ kind: 'refused', status, text }, invitation, now)).toBe(
      problem,
    );
  });

  it('is told as an unreachable server when nothing answered', () => {
    expect(problemFromJoinFailure({ kind: 'unreachable' }, invitation, 0)).toBe(
      'server-unreachable',
    );
  });

  it('is told by the cause when the server turned the person away', () => {
    const failure = { kind: 'turned-away', cause: 'removed' } as const;
    expect(problemFromJoinFailure(failure, invitation, 0)).toBe('removed');
  });
});

it('is no problem when the person has left', () => {
  expect(problemFromDisconnect('left')).toBeNull();
});

it('offers no way back to somebody who was removed', () => {
  expect(problemView('removed').action).toBe('none');
});

it('lets an expired link be replaced, not retried', () => {
  expect(problemView('token-expired').action).toBe('use-another-link');
});

it.each([
  ['camera', 'NotAllowedError', 'permission-denied'],
  ['camera', 'NotFoundError', 'no-device'],
  ['camera', 'NotReadableError', 'in-use'],
  ['microphone', 'OverconstrainedError', 'no-device'],
  ['microphone', 'TypeError', 'unknown'],
  ['screen', 'NotAllowedError', 'dismissed'],
] as const)('reads %s %s as %s', (device, name, trouble) => {
  expect(deviceTroubleFromErrorName(device, name)).toBe(trouble);
});

it('says nothing when the screen picker was closed', () => {
  expect(troubleView('screen', 'dismissed')).toBeNull();
});

it('says it once where camera and microphone fail alike', () => {
  expect(english(troubleView('both', 'permission-denied')?.title ?? null)).toContain(
    'camera and microphone',
  );
});

it('names the device in the title', () => {
  expect(english(troubleView('camera', 'no-device')?.title ?? null)).toContain('the camera');
});
