// A visit from both sides: a guest by link, the doctor who lets them in, and what the two see of each other.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { ON_PAGE, untilPresent } from '../../src/consultation-page.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { axeFindings, layoutFaults, walkSizes } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
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
  await tab.page.getByLabel('Your e-mail address or telephone number').fill('a@b.example');
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

  const appointment = new URL(doctor.page.url()).pathname.split('/').at(-1) ?? '';
  await writesNote(doctor);
  await meetsOtherWindow(doctor, appointment);
  await opensNoteOnPhone(doctor);
  await signsNote(doctor);

  await doctor.press('Leave');
  await doctor.press('End for everybody');
  await untilVisible(patient, /This visit is over/, 15_000);
  await untilVisible(doctor, /This visit is over/, 15_000);
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
  await prescribes(doctor, appointment);
  await clinic.signInAsPatient(patient);
  await patient.page.locator('.note-fold > summary').first().click();
  await untilVisible(patient, /Drink much[\s\S]*better\.[\s\S]*Ibuprofen · 400 mg/, 10_000);
  expect(await patient.page.locator('.note-fold textarea').count()).toBe(0);
  expect(await axeFindings(patient.page)).toEqual([]);
  expect(await walkSizes(patient.page, null)).toEqual([]);
}, 240_000);

/** By the API: there is no screen for it. */
async function prescribes({ page }: ChromiumTab, appointment: string): Promise<void> {
  const status = await page.evaluate(async (id: string) => {
    const post = (
      path: string,
      headers: Record<string, string>,
      body?: object,
    ): Promise<Response> =>
      fetch(path, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': crypto.randomUUID(),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const items = [{ medicine: 'Ibuprofen', dose: '400 mg', frequency: 'twice a day' }];
    const made = await post(`/v1/appointments/${id}/prescriptions`, {}, { items });
    const draft: unknown = await made.json();
    const own: unknown = Reflect.get(Object(draft), 'id');
    const tag = made.headers.get('etag') ?? '';
    return (await post(`/v1/prescriptions/${String(own)}/sign`, { 'If-Match': tag })).status;
  }, appointment);
  expect(status).toBe(200);
}

/** What is typed beside the call is saved by itself, and is there after a reload. */
async function writesNote(doctor: ChromiumTab): Promise<void> {
  const { page } = doctor;
  await page.getByLabel('Reason').fill('Cough');
  const plan = page.getByLabel('Plan');
  await plan.fill('Drink much');
  await untilVisible(doctor, /Not saved yet/, 2_000);
  await page.locator('[data-testid="note-status"][data-saved="true"]').waitFor({ timeout: 10_000 });
  // While nothing can be sent, nothing is lost.
  await page.route('**/note', (route) => route.abort());
  await plan.fill('Drink much, rest for three days.');
  await untilVisible(doctor, /Your text stays here/, 10_000);
  await page.unroute('**/note');
  await page.locator('[data-testid="note-status"][data-saved="true"]').waitFor({ timeout: 15_000 });
  expect(await axeFindings(page)).toEqual([]);
  expect(await walkSizes(page, '.control-leave')).toEqual([]);
  await doctor.reload();
  await untilPresent(doctor, ON_PAGE.call, 20_000);
  await page.getByLabel('Plan').waitFor({ timeout: 10_000 });
  await expect
    .poll(() => page.getByLabel('Plan').inputValue(), { timeout: 10_000 })
    .toBe('Drink much, rest for three days.');
  expect(await page.getByLabel('Reason').inputValue()).toBe('Cough');
}

/** Another window writes meanwhile: both texts are there until the doctor chooses. */
async function meetsOtherWindow(doctor: ChromiumTab, appointment: string): Promise<void> {
  const { page } = doctor;
  const status = await page.evaluate(async (path: string) => {
    const read = await fetch(path);
    const headers = {
      'Content-Type': 'application/json',
      'If-Match': read.headers.get('etag') ?? '',
    };
    const body = JSON.stringify({ plan: 'From another window' });
    return (await fetch(path, { method: 'PUT', headers, body })).status;
  }, `/v1/appointments/${appointment}/note`);
  expect(status).toBe(200);
  await page.getByLabel('History').fill('Since Sunday');
  await untilVisible(doctor, /changed in another window/, 10_000);
  expect(await page.getByLabel('History').inputValue()).toBe('Since Sunday');
  expect(await axeFindings(page)).toEqual([]);
  await page.getByText('Other version', { exact: true }).click();
  await untilVisible(doctor, /From another window/, 5_000);
  await doctor.press('Keep my text');
  await page.locator('[data-testid="note-status"][data-saved="true"]').waitFor({ timeout: 10_000 });
}

/** Where there is no room beside the picture, "More" opens the note in front of it. */
async function opensNoteOnPhone({ page }: ChromiumTab): Promise<void> {
  await page.setViewportSize({ width: 390, height: 664 });
  expect(await page.getByLabel('Plan').isVisible()).toBe(false);
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.locator('.more').getByRole('button', { name: 'Note', exact: true }).click();
  expect(await page.getByLabel('Plan').isVisible()).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.className)).toBe('note-panel');
  expect(await layoutFaults(page, '.note-close')).toEqual([]);
  expect(await layoutFaults(page, '.control-leave')).toEqual([]);
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await page.getByLabel('Plan').isVisible()).toBe(false);
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Who does not prove who they are signs nothing; who does makes the note final. */
async function signsNote(doctor: ChromiumTab): Promise<void> {
  const { page } = doctor;
  const panel = page.locator('.note-panel');
  const sign = async (): Promise<void> => {
    await panel.locator('.note-sign').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign', exact: true }).click();
  };
  // Signing in was a fresh proof: twice the server's answer is made that of five minutes later.
  const refusal = { type: 'urn:bedside:problem:step-up', title: 'Not fresh', status: 403 };
  await page.route('**/note/sign', (route) => route.fulfill({ status: 403, json: refusal }), {
    times: 2,
  });
  const question = page.getByRole('dialog', { name: 'Confirm that it is you' });
  await sign();
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(await panel.getByLabel('Plan').isEditable()).toBe(true);
  await sign();
  await question.waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await question.getByLabel('Password').fill(clinic.takeDoctorsCode());
  await question.getByRole('button', { name: 'Continue' }).click();
  await page.getByTestId('note-signed').waitFor({ timeout: 10_000 });
  expect(await panel.locator('.note-section textarea').count()).toBe(0);
  await untilVisible(doctor, /Drink much, rest for three days\./, 5_000);
  expect(await axeFindings(page)).toEqual([]);
}

/** A picture of the other person moves on the page. */
async function sees(tab: ChromiumTab): Promise<void> {
  await tab.page.waitForFunction(
    () => {
      const video = document.querySelector('[data-testid="tile"][data-own="false"] video');
      return video instanceof HTMLVideoElement && video.videoWidth > 0 && video.currentTime > 1;
    },
    undefined,
    { timeout: 20_000 },
  );
}
