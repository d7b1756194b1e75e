// What a doctor does beside a call, step by step, each with what must be seen of it.
import { expect } from 'vitest';
import { ON_PAGE, untilPresent } from './consultation-page.ts';
import { axeFindings, layoutFaults, walkSizes } from './screen-check.ts';
import { type ChromiumTab, untilVisible } from './tab.ts';

/** The patient is asked to wait once more, waits, and is let in again. */
export async function holdsAndReturns(doctor: ChromiumTab, patient: ChromiumTab): Promise<void> {
  await doctor.page.locator('.leader > details > summary').click();
  await doctor.page.getByRole('button', { name: 'Ask to wait Asha Otieno' }).click();
  await untilPresent(patient, '[data-testid="waiting-room"]', 15_000);
  await untilVisible(patient, /asks you for a moment of patience/, 5_000);
  await doctor.press('Let Asha Otieno in');
  await untilPresent(patient, ON_PAGE.call, 20_000);
  await sees(patient);
  await sees(doctor);
}

export async function givesMoreTime({ page }: ChromiumTab): Promise<void> {
  const planned = page.getByText(/^Planned until/);
  if (!(await planned.isVisible())) await page.locator('.leader > details > summary').click();
  const before = await planned.innerText();
  await page.getByRole('button', { name: '15 minutes more' }).click();
  await expect.poll(() => planned.innerText(), { timeout: 10_000 }).not.toBe(before);
  await page.locator('.leader > details > summary').click();
}

/** Beside the call: who the patient is, and a prescription that is drafted, gone on with, and signed. */
export async function prescribes(doctor: ChromiumTab): Promise<void> {
  const { page } = doctor;
  const panel = page.locator('.note-panel');
  await panel.getByText('Patient', { exact: true }).click();
  await untilVisible(doctor, /Asha Otieno[\s\S]*Speaks/, 10_000);
  await panel.getByText('Prescriptions', { exact: true }).click();
  await panel.getByRole('button', { name: 'Write a prescription' }).click();
  const sign = panel.getByRole('button', { name: 'Sign the prescription' });
  expect(await sign.isDisabled()).toBe(true);
  await panel.getByLabel('Medicine', { exact: true }).fill('Ibuprofen');
  await panel.getByLabel('Dose').fill('400 mg');
  await panel.getByLabel('How often').fill('twice a day');
  expect(await axeFindings(page)).toEqual([]);
  await panel.getByRole('button', { name: 'Save the draft' }).click();
  await panel.getByRole('button', { name: 'Go on writing' }).click();
  await panel.getByLabel('For how many days').fill('5');
  await sign.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign the prescription' }).click();
  await panel.getByRole('button', { name: 'Take back' }).waitFor({ timeout: 10_000 });
  // Once in what was prescribed here, once in what the patient takes.
  const written = panel.getByTestId('prescription').filter({ hasText: 'Ibuprofen' });
  expect(await written.count()).toBe(2);
  expect(await axeFindings(page)).toEqual([]);
}

/** What is typed beside the call is saved by itself, and is there after a reload. */
export async function writesNote(doctor: ChromiumTab): Promise<void> {
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
export async function meetsOtherWindow(doctor: ChromiumTab, appointment: string): Promise<void> {
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
export async function opensNoteOnPhone({ page }: ChromiumTab): Promise<void> {
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
export async function signsNote(doctor: ChromiumTab, code: string): Promise<void> {
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
  await question.getByLabel('Password').fill(code);
  await question.getByRole('button', { name: 'Continue' }).click();
  await page.getByTestId('note-signed').waitFor({ timeout: 10_000 });
  expect(await panel.locator('.note-section textarea').count()).toBe(0);
  await untilVisible(doctor, /Drink much, rest for three days\./, 5_000);
  expect(await axeFindings(page)).toEqual([]);
}

/** A picture of the other person moves on the page. */
export async function sees(tab: ChromiumTab): Promise<void> {
  await tab.page.waitForFunction(
    () => {
      const video = document.querySelector('[data-testid="tile"][data-own="false"] video');
      return video instanceof HTMLVideoElement && video.videoWidth > 0 && video.currentTime > 1;
    },
    undefined,
    { timeout: 20_000 },
  );
}
