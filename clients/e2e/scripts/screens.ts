// Takes the pictures of the web app for the docs: docs/images/screens/*.png. Wants an otherwise idle machine.
//
//   npm run screens -- [FOLDER]
//
// The people are drawn; everything else is a real visit in the demo clinic, from booking to call.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchChromium, openChromiumTab } from '../src/chromium.ts';
import { DemoClinic } from '../src/demo-clinic.ts';
import { FakeMpesa } from '../src/fake-mpesa.ts';
import { filmPortrait, type Sitter } from '../src/portrait-film.ts';
import type { ChromiumTab } from '../src/tab.ts';
import { pause } from '../src/until.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const target = resolve(process.argv[2] ?? join(root, 'docs/images/screens'));
const films = mkdtempSync(join(tmpdir(), 'bedside-portraits-'));
const browsers: Browser[] = [];
const DESK: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  timezoneId: 'Africa/Nairobi',
};
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  timezoneId: 'Europe/Paris',
};

mkdirSync(target, { recursive: true });
const mpesa = await FakeMpesa.open();
const clinic = await DemoClinic.open(mpesa.wish);
try {
  const studio = await launchChromium();
  browsers.push(studio);
  const doctorBrowser = await withFilm(studio, 'practitioner');
  const patientBrowser = await withFilm(studio, 'patient');

  const reader = await openChromiumTab(studio, 'reader', DESK);
  await shoot(reader, '/', 'home');
  await shoot(reader, '/find', 'find');
  await reader.page.getByRole('link', { name: /See times of Dr. Njeri/ }).click();
  await reader.page.locator('.time').first().waitFor();
  await keep(reader, 'times');
  await reader.page.getByLabel('Language').first().selectOption('ar');
  await pause(800);
  await keep(reader, 'times-arabic');

  const booker = await openChromiumTab(studio, 'booker', PHONE);
  await clinic.signInAsPatient(booker);
  await booker.goto(`${clinic.url}/find`);
  await booker.page.getByRole('link', { name: /See times of Dr. L/ }).click();
  await booker.page.locator('.time').first().click();
  await booker.page.getByTestId('countdown').waitFor();
  await keep(booker, 'confirm-phone');
  await booker.press('Book this visit');
  await booker.page.getByTestId('booked').waitFor();
  await shoot(booker, '/appointments', 'appointments-phone');

  await booker.page
    .getByRole('link', { name: /Pay for the visit/ })
    .last()
    .click();
  await booker.page.getByLabel('Your M-Pesa number').fill('+254712345678');
  await booker.page.getByRole('button', { name: /^Pay/ }).click();
  await booker.page.getByTestId('prompt-left').waitFor();
  await keep(booker, 'pay-phone');
  await mpesa.payerAnswers('0', clinic.bedside.httpPort);
  await booker.page.getByText('Thank you.').waitFor();
  await shoot(booker, '/records', 'record-phone');
  await booker.goto(`${clinic.url}/messages`);
  await booker.page.getByRole('link', { name: 'How to use the inhaler' }).click();
  await booker.page.locator('.message').nth(1).waitFor();
  await pause(800);
  await keep(booker, 'thread-phone');

  const office = await openChromiumTab(studio, 'office', DESK);
  await clinic.signInAsDoctor(office, '/clinic');
  await keep(office, 'clinic');
  await shoot(office, '/system', 'system');
  await shoot(office, '/compliance', 'compliance');
  await shoot(office, '/earnings', 'earnings');
  await office.goto(`${clinic.url}/patients?name=Otieno`);
  await office.page.getByRole('link', { name: 'Asha Otieno' }).click();
  await office.page.getByText('Penicillin').first().waitFor();
  await pause(800);
  await keep(office, 'patient');
  await office.close();

  const patient = await openChromiumTab(patientBrowser, 'patient', PHONE);
  await patient.goto(clinic.joinLink);
  await patient.page.getByTestId('network').waitFor();
  await pause(2_500);
  await keep(patient, 'check-in-phone');
  await patient.page.getByLabel(/I agree to meet by video/).check();
  await patient.press('I am ready');
  await patient.page.getByTestId('waiting-room').waitFor();

  const doctor = await openChromiumTab(doctorBrowser, 'doctor', DESK);
  await clinic.signInAsDoctor(doctor);
  await doctor.page.getByText('Asha Otieno').first().waitFor();
  await doctor.page.getByLabel('Message to who waits').fill('We run ten minutes late.');
  await doctor.press('Show it');
  await pause(2_500);
  await keep(doctor, 'today');
  await keep(patient, 'waiting-room-phone');
  await doctor.page.getByRole('link', { name: 'Let Asha Otieno in' }).click();
  await doctor.press('Join');
  for (const tab of [doctor, patient]) {
    await tab.page.locator('[data-testid="tile"][data-own="false"] video').waitFor();
  }
  await pause(12_000);
  await keep(patient, 'call-phone');
  const note = doctor.page.locator('.note-panel');
  await note.getByLabel('Reason').fill('Cough for a week, worse at night.');
  await note.getByLabel('Findings').fill('No fever. Breathes easily while talking.');
  await note.getByLabel('Plan').fill('Drink much, rest. Call again on Monday.');
  await doctor.page.locator('[data-testid="note-status"][data-saved="true"]').waitFor();
  await doctor.page.mouse.move(640, 5);
  await keep(doctor, 'call');
} finally {
  await Promise.all(browsers.map((browser) => browser.close().catch(() => undefined)));
  await clinic.close();
  await mpesa.close();
  rmSync(films, { recursive: true, force: true });
}

async function withFilm(studio: Browser, sitter: Sitter): Promise<Browser> {
  const cameraFile = join(films, `${sitter}.mjpeg`);
  await filmPortrait(studio, sitter, cameraFile);
  const browser = await launchChromium({ cameraFile });
  browsers.push(browser);
  return browser;
}

async function shoot(tab: ChromiumTab, path: string, name: string): Promise<void> {
  await tab.goto(`${clinic.url}${path}`);
  await tab.page.locator('h1').waitFor();
  await pause(1_200);
  await keep(tab, name);
}

async function keep(tab: ChromiumTab, name: string): Promise<void> {
  await tab.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }, undefined);
  await tab.page.screenshot({ path: join(target, `${name}.png`) });
  process.stdout.write(`${name}.png\n`);
}
