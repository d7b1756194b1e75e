// Stock livekit-client in a booked visit: the patient waits with a token of the clinic's API, gets nothing of what the
// doctor sends and reaches nobody, is let in, and both see and hear each other.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { type PageServer, servePages } from '../../src/page-server.ts';
import { remoteOf, SdkClient } from '../../src/sdk-client.ts';
import { stage } from '../../src/stage.ts';
import { ask } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

let browser: Browser;
let clinic: DemoClinic;
let pages: PageServer;

beforeAll(async () => {
  browser = await launchChromium();
  clinic = await DemoClinic.open();
  pages = await servePages();
});

afterAll(async () => {
  await pages?.close();
  await clinic?.close();
  await browser?.close();
});

const on = stage(
  (who) => openChromiumTab(browser, who),
  () => clinic?.bedside,
);

/** A field of an answer, as text. */
function text(answer: unknown, ...path: string[]): string {
  let at: unknown = answer;
  for (const name of path) {
    if (typeof at !== 'object' || at === null) throw new Error(`no ${path.join('.')}`);
    at = Object.entries(at).find(([key]) => key === name)?.[1];
  }
  if (typeof at !== 'string') throw new Error(`no ${path.join('.')} in ${JSON.stringify(answer)}`);
  return at;
}

/** Asks the API as a program of the clinic's would: no page of Bedside's is in this story. */
async function asks(path: string, body: unknown, token?: string): Promise<unknown> {
  const response = await fetch(`${clinic.bedside.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const answer: unknown = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

async function doctorsSession(): Promise<string> {
  const { email, password } = clinic.doctor;
  const first = await asks('/v1/auth/login', { email, password, carrier: 'token' });
  const signedIn = await asks('/v1/auth/mfa', {
    challenge: text(first, 'challenge'),
    recovery_code: clinic.takeDoctorsCode(),
    carrier: 'token',
  });
  return text(signedIn, 'token');
}

test('a stock SDK waits with nothing, is let in, and has the call', async () => {
  const secret = clinic.joinLink.split('#')[1] ?? '';
  const entered = await asks('/v1/join/exchange', { secret });
  const patientSession = text(entered, 'session_token');
  const visit = `/v1/consultations/${text(entered, 'visit', 'id')}`;
  const part = text(entered, 'visit', 'me', 'participant');
  const checks = { camera: 'ok', microphone: 'ok', speaker: 'ok', network: 'ok' };
  await asks(`${visit}/check-in`, checks, patientSession);
  const doctorSession = await doctorsSession();
  const doctorToken = text(await asks(`${visit}/token`, {}, doctorSession), 'token');
  const patientToken = text(await asks(`${visit}/token`, {}, patientSession), 'token');

  const doctor = await SdkClient.open(await on.tab('doctor'), pages.url);
  await doctor.joined(clinic.bedside.signalUrl, doctorToken);
  await doctor.publishCamera({ codec: 'vp8' });
  await doctor.publishMicrophone();
  const patient = await SdkClient.open(await on.tab('patient'), pages.url);
  await patient.joined(clinic.bedside.signalUrl, patientToken);

  // It waits: told so, knows nobody, is known to nobody, and what it would send is refused by the server.
  const standing = (): Promise<unknown> =>
    patient.tab.evaluate(() => {
      const { localParticipant, remoteParticipants } = window.room;
      return {
        admission: localParticipant.attributes['bedside.admission'],
        others: remoteParticipants.size,
        may: localParticipant.permissions?.canSubscribe,
      };
    }, undefined);
  expect(await standing()).toEqual({ admission: 'waiting', others: 0, may: false });
  await patient.believeInAllPermissions();
  await expect(patient.publishCamera({ codec: 'vp8' })).rejects.toThrow(/no response from server/);
  await patient.sendData('let me in', { reliable: true }).catch(() => undefined);
  // Refusing took the SDK seconds, in which the doctor has sent all along.
  await until({ what: 'the doctor has sent', within: 20_000 }, async () =>
    (await ask(doctor.tab, 'outbound', 'video')).some((one) => one.bytesSent > 50_000),
  );
  expect(await standing()).toEqual({ admission: 'waiting', others: 0, may: false });
  const received = [
    ...(await ask(patient.tab, 'inbound', 'video')),
    ...(await ask(patient.tab, 'inbound', 'audio')),
  ];
  expect(received.filter((one) => one.packetsReceived > 0)).toEqual([]);
  expect(await patient.events('participantConnected')).toEqual([]);
  expect(await doctor.events('participantConnected')).toEqual([]);
  expect(await doctor.events('dataReceived')).toEqual([]);

  await asks(`${visit}/participants/${part}/admit`, {}, doctorSession);
  await patient.untilEvent(
    'attributesChanged',
    (event) => event.detail.includes('admitted'),
    20_000,
  );
  const doctorIdentity = await doctor.tab.evaluate(
    () => window.room.localParticipant.identity,
    undefined,
  );
  await seesMovingPicture(patient.tab, remoteOf(doctorIdentity), 30_000);
  await hearsTone(patient.tab, 1, 30_000);
  await patient.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(doctor.tab, remoteOf(part), 30_000);

  await asks(`${visit}/end`, {}, doctorSession);
  for (const client of [doctor, patient]) {
    await client.untilEvent('disconnected', () => true, 20_000);
  }
  expect(clinic.verifyAudit()).toBe('2 audit logs are whole');
}, 180_000);
