import { describe, expect, it } from 'vitest';
import { readJoinToken, seemsExpired } from './join-token.ts';
import { patientClaims, tokenOf } from './testing.ts';

describe('reading a join token', () => {
  it('yields who joins, where, and until when', () => {
    const invitation = readJoinToken(tokenOf(patientClaims));
    expect(invitation).toMatchObject({
      identity: 'patient-7',
      name: 'Anna Meyer',
      room: 'demo',
      expiresAtMs: 2_000_000,
    });
  });

  it('reads names outside ASCII', () => {
    const token = tokenOf({ ...patientClaims, name: 'Zoë Müller 🩺' });
    expect(readJoinToken(token).name).toBe('Zoë Müller 🩺');
  });

  it('falls back to the identity where nobody is named', () => {
    expect(readJoinToken(tokenOf({ ...patientClaims, name: undefined })).name).toBe('patient-7');
  });

  it.each([
    ['  ', 'empty'],
    ['not a token', 'malformed'],
    ['a.b', 'malformed'],
    ['a.$$$.c', 'malformed'],
    [tokenOf('text'), 'malformed'],
    [tokenOf([1]), 'malformed'],
    [tokenOf({ video: { room: 'demo' } }), 'no-identity'],
    [tokenOf({ sub: 'a' }), 'no-room'],
    [tokenOf({ sub: 'a', video: { room: '' } }), 'no-room'],
  ])('refuses %j with the reason %s', (text, reason) => {
    expect(() => readJoinToken(text)).toThrow(
      expect.objectContaining({ name: 'JoinTokenError', reason }),
    );
  });

  it.each([
    [
      { roomRecord: true },
      { microphone: true, camera: true, screen: true, messages: true, record: true },
    ],
    [{}, { microphone: true, camera: true, screen: true, messages: true, record: false }],
    [
      { canPublish: false },
      { microphone: false, camera: false, screen: false, messages: false, record: false },
    ],
    [
      { canPublish: false, canPublishData: true },
      { microphone: false, camera: false, screen: false, messages: true, record: false },
    ],
    [
      { canPublish: false, canPublishSources: ['microphone'] },
      { microphone: true, camera: false, screen: false, messages: false, record: false },
    ],
  ])('reads the grants %j as the server does', (grants, permissions) => {
    const token = tokenOf({ ...patientClaims, video: { room: 'demo', ...grants } });
    expect(readJoinToken(token).permissions).toEqual(permissions);
  });

  it('takes a token for expired from the second of its expiry on', () => {
    const invitation = readJoinToken(tokenOf(patientClaims));
    expect(seemsExpired(invitation, 1_999_999)).toBe(false);
    expect(seemsExpired(invitation, 2_000_000)).toBe(true);
  });
});
