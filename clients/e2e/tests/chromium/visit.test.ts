// A visit from both sides: a guest by link, the doctor who lets them in, and what the two see of each other.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { ON_PAGE, untilPresent } from '../../src/consultation-page.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { axeFindings, TWO_SIZES, walkSizes } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
import {
  givesMoreTime,
  holdsAndReturns,
  meetsOtherWindow,
  opensNoteOnPhone,
  prescribes,
  sees,
  signsNote,
  writesNote,
} from '../../src/visit-steps.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

let browser: Browser;
let clinic: DemoClinic;

beforeAll(async () => {
  browser = await launchChromium();
  clinic = await DemoClinic.open();
});

afterAll(async () => {
  await clinic?.close();
  await browser?.close();
});

const on = stage(
  (who) =>
    openChromiumTab(browser, who, {
      timezoneId: 'Europe/Paris',
      viewport: { width: 1280, height: 800 },
    }),
  () => clinic?.bedside,
);

async function tabOf(who: string): Promise<ChromiumTab> {
  const tab = await on.tab(who);
  if (!('page' in tab)) throw new Error('not Chromium');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  return tab as ChromiumTab;
}

test('a link that is not valid says so before anything is asked, and offers another one', async () => {
  const tab = await tabOf('stranger');
  await tab.goto(`${clinic.url}/join#not-a-secret-of-anybody`);
  await untilVisible(tab, /This link is not valid/, 10_000);
  expect(tab.page.url()).not.toContain('secret');
  expect(await axeFindings(tab.page)).toEqual([]);
  await tab.page.getByLabel('Your e-mail address').fill('a@b.example');
  await tab.press('Send me a new link');
  await untilVisible(tab, /a new link is on its way/, 10_000);
});

test('a guest checks in by link, waits, keeps the place over a reload, is let in, sees the doctor, and the visit ends for both', async () => {
  const patient = await tabOf('patient');
  await patient.goto(clinic.joinLink);
  await untilVisible(patient, /Ready, Asha Otieno\?/, 15_000);
  const text = await patient.page.locator('body').innerText();
  expect(text).toMatch(/Dr\. Amara Osei/);
  expect(text).toMatch(/Mwangaza Clinic/);
  expect(text).toMatch(/at the clinic/);
  expect(patient.page.url()).toBe(`${clinic.url}/join`);
  expect(await axeFindings(patient.page)).toEqual([]);
  expect(await walkSizes(patient.page, '.lobby-go .button-primary')).toEqual([]);

  // Agreeing comes first, and is said.
  await patient.press('I am ready');
  await untilVisible(patient, /Please agree first/, 5_000);
  await patient.page.getByLabel(/I agree to meet by video/).check();
  await patient.press('I am ready');
  await untilPresent(patient, '[data-testid="waiting-room"]', 10_000);
  expect(await axeFindings(patient.page)).toEqual([]);
  expect(await walkSizes(patient.page, null)).toEqual([]);
  await patient.reload();
  await untilPresent(patient, '[data-testid="waiting-room"]', 10_000);

  const doctor = await tabOf('doctor');
  await clinic.signInAsDoctor(doctor);
  await untilVisible(doctor, /Asha Otieno/, 10_000);
  expect(await doctor.page.title()).toMatch(/^\(1\)/);
  expect(await axeFindings(doctor.page)).toEqual([]);
  await doctor.page.getByLabel('Message to who waits').fill('Ten minutes late');
  await doctor.press('Show it');
  await untilVisible(patient, /Message from the clinic[\s\S]*Ten minutes late/, 10_000);

  await doctor.page.getByRole('link', { name: 'Let Asha Otieno in' }).click();
  await untilPresent(patient, ON_PAGE.call, 20_000);
  await doctor.press('Join');
  await untilPresent(doctor, ON_PAGE.call, 20_000);
  await sees(patient);
  await sees(doctor);
  expect(await patient.page.locator('.call-title').innerText()).toContain('Dr. Amara Osei');
  expect(await axeFindings(doctor.page)).toEqual([]);
  expect(await walkSizes(patient.page, '.control-leave')).toEqual([]);

  await holdsAndReturns(doctor, patient);
  await givesMoreTime(doctor);
  const appointment = new URL(doctor.page.url()).pathname.split('/').at(-1) ?? '';
  await writesNote(doctor);
  await meetsOtherWindow(doctor, appointment);
  await opensNoteOnPhone(doctor);
  await signsNote(doctor, clinic.takeDoctorsCode());
  await prescribes(doctor);

  await doctor.press('Leave');
  await doctor.press('End for everybody');
  await untilVisible(patient, /This visit is over/, 15_000);
  await untilVisible(doctor, /This visit is over/, 15_000);
  await untilVisible(doctor, /It lasted[\s\S]*Who was there[\s\S]*Asha Otieno/, 10_000);
  await untilVisible(doctor, /Drink much, rest for three days\./, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);

  // The day's list has the note of the visit that was held.
  await doctor.goto(`${clinic.url}/today`);
  await doctor.page.locator('.note-fold > summary').first().click();
  await untilVisible(doctor, /Drink much, rest for three days\./, 10_000);
  expect(await doctor.page.locator('.note-section textarea').count()).toBe(0);
  await doctor.page.getByLabel('Add to the note').fill('Called on Monday: better.');
  await doctor.press('Sign the addition');
  await untilVisible(doctor, /Added [\s\S]*Called on Monday: better\./, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
  expect(await walkSizes(doctor.page, null)).toEqual([]);

  // The patient reads what is signed, and cannot change it.
  await clinic.signInAsPatient(patient);
  await patient.page.locator('.note-fold > summary').first().click();
  await untilVisible(patient, /Drink much[\s\S]*better\.[\s\S]*Ibuprofen · 400 mg/, 10_000);
  expect(await patient.page.locator('.note-fold textarea').count()).toBe(0);
  expect(await axeFindings(patient.page)).toEqual([]);
  expect(await walkSizes(patient.page, null)).toEqual([]);
  await patient.goto(`${clinic.url}/records`);
  await untilVisible(patient, /Ibuprofen · 400 mg · twice a day · 5 days/, 10_000);
  await patient.page.getByTestId('prescription').first().waitFor();
  await patient.page.locator('details.card > summary').first().click();
  await untilVisible(patient, /Drink much, rest for three days\./, 10_000);
  expect(await axeFindings(patient.page)).toEqual([]);
  expect(await walkSizes(patient.page, null, TWO_SIZES)).toEqual([]);

  // All of it is in the clinic's audit log and the platform's, each as it was written.
  expect(clinic.verifyAudit()).toBe('2 audit logs are whole');
}, 300_000);
