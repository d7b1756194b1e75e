// Beside visits: how a patient is told and what is known of them, what an administrator runs, and a server that is away.
import { expect, test } from 'vitest';
import { clinicStage } from '../../src/clinic-stage.ts';
import { axeFindings } from '../../src/screen-check.ts';
import { untilVisible } from '../../src/tab.ts';

const { clinic, tabOf } = clinicStage('Europe/Paris');

test('a patient chooses how to be told, asks for a copy of the data, and sees who looked; the clinic agrees, and the copy is there', async () => {
  const patient = await tabOf('patient');
  await clinic().signInAsPatient(patient, '/notifications');
  await patient.page.getByLabel('By text message').check();
  await untilVisible(patient, /Text messages need a mobile number/, 5_000);
  await patient.page.getByLabel('Mobile number for text messages').fill('+254700000001');
  await patient.page.getByLabel('Leave me alone at certain hours').check();
  expect(await axeFindings(patient.page)).toEqual([]);
  await patient.press('Save');
  await untilVisible(patient, /Saved/, 10_000);
  await patient.reload();
  await expect
    .poll(() => patient.page.getByLabel('By text message').isChecked(), { timeout: 10_000 })
    .toBe(true);
  expect(await patient.page.getByLabel('From').inputValue()).toBe('22:00');

  await patient.goto(`${clinic().url}/my-data`);
  await patient.press('Ask for a copy of my data');
  await untilVisible(patient, /A copy[\s\S]*The clinic looks at it/, 10_000);
  await untilVisible(patient, /Who saw my data[\s\S]*(Looked at|Changed)/, 10_000);
  expect(await axeFindings(patient.page)).toEqual([]);

  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor, '/compliance');
  await doctor.page.getByRole('link', { name: /1 request of a patient/ }).click();
  await doctor.press('Agree');
  await untilVisible(doctor, /Agreed; it is being done|Done/, 10_000);
  await expect
    .poll(
      async () => {
        await patient.reload();
        await patient.page.getByTestId('requests').waitFor();
        return patient.page.getByRole('button', { name: 'Download the copy' }).count();
      },
      { timeout: 30_000, interval: 2_000 },
    )
    .toBe(1);
  const file = patient.page.waitForEvent('download');
  await patient.press('Download the copy');
  expect((await file).suggestedFilename()).toBe('my-data.json');
}, 120_000);

test('an administrator names a program, pauses it, and finds what went out', async () => {
  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor, '/clinic');
  expect(await axeFindings(doctor.page)).toEqual([]);
  await doctor.page.getByRole('link', { name: 'Webhooks' }).click();
  await doctor.page.getByLabel('Address (https)').fill('https://clinic().example/bedside');
  await doctor.page.getByLabel('Events').fill('appointment. participant.waiting');
  await doctor.press('Add a program');
  await untilVisible(doctor, /shown only now[\s\S]*whsec_/, 10_000);
  await doctor.press('Pause');
  await untilVisible(doctor, /appointment\. participant\.waiting · Paused/, 10_000);
  await doctor.page.getByText('What it was told').first().click();
  await untilVisible(doctor, /Nothing here\./, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
}, 60_000);

test('while the server is away the page says so in words of its own, and keeps nothing of the API', async () => {
  const tab = await tabOf('reader');
  await tab.goto(`${clinic().url}/`);
  await tab.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await tab.goto(`${clinic().url}/find`);
  await untilVisible(tab, /3 doctors/, 10_000);
  const kept = await tab.page.evaluate(async () => {
    const caught = await Promise.all(
      (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
    );
    return caught.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(kept.toSorted()).toEqual(['/icon.svg', '/offline.css', '/offline.html']);
  await tab.page.context().setOffline(true);
  await tab.page.reload();
  await untilVisible(tab, /The server cannot be reached/, 10_000);
  expect(await axeFindings(tab.page)).toEqual([]);
  await tab.page.context().setOffline(false);
  await tab.page.getByRole('link', { name: 'Try again' }).click();
  await untilVisible(tab, /3 doctors/, 15_000);
}, 60_000);
