// What a clinic asks before a visit: written by staff, answered by the patient, read by the doctor. And the doors to other
// programs: their question, and the way back from an outside provider.
import { expect, test } from 'vitest';
import { clinicStage } from '../../src/clinic-stage.ts';
import { axeFindings, walkSizes } from '../../src/screen-check.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

const { clinic, tabOf } = clinicStage('Africa/Nairobi');

/** What axe and every size find on the screen that is open. */
async function faultsOf(tab: ChromiumTab, primary: string | null = null): Promise<string[]> {
  return [...(await axeFindings(tab.page)), ...(await walkSizes(tab.page, primary))];
}

test('staff write questions of which one depends on another; the patient is asked it only then; the doctor reads the answers', async () => {
  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor, '/clinic/questionnaires');
  await untilVisible(doctor, /No questions yet/, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.press('New questionnaire');
  await doctor.press('Save');
  await untilVisible(doctor, /It needs a title/, 5_000);
  await doctor.page.getByLabel('Title').fill('Before we meet');
  await doctor.page.getByLabel('State').selectOption('active');
  await doctor.press('Add a question');
  const first = doctor.page.getByRole('group', { name: 'Question 1' });
  await first.getByLabel('What is asked').fill('Do you smoke?');
  await first.getByLabel('Must be answered').check();
  await doctor.press('Add a question');
  const second = doctor.page.getByRole('group', { name: 'Question 2' });
  await second.getByLabel('What is asked').fill('How many a day?');
  await second.getByLabel('Answered with').selectOption('integer');
  await second.getByLabel('Must be answered').check();
  await second
    .getByLabel('Asked', { exact: true })
    .selectOption({ label: 'only after an answer to: Do you smoke?' });
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.press('Save');
  await untilVisible(doctor, /Before we meet[\s\S]*2 questions · Asked before visits/, 10_000);

  const patient = await tabOf('patient');
  await clinic().signInAsPatient(patient);
  const link = patient.page.getByRole('link', { name: 'Answer a few questions first' }).first();
  await link.waitFor();
  expect(await faultsOf(patient)).toEqual([]);
  await link.click();
  await untilVisible(patient, /Do you smoke\?/, 10_000);
  expect(await patient.page.getByText('How many a day?').count()).toBe(0);
  await patient.press('Send the answers');
  await untilVisible(patient, /Please answer this/, 5_000);
  await patient.page.getByLabel('Yes').press('Space');
  await patient.page.getByLabel('How many a day?').fill('a few');
  await untilVisible(patient, /This is not a whole number/, 5_000);
  expect(await faultsOf(patient)).toEqual([]);
  await patient.page.getByLabel('How many a day?').fill('5');
  await patient.press('Keep for later');
  await untilVisible(patient, /Nothing is sent yet/, 10_000);
  await patient.reload();
  await expect
    .poll(() => patient.page.getByLabel('How many a day?').inputValue(), { timeout: 10_000 })
    .toBe('5');
  await patient.press('Send the answers');
  await untilVisible(patient, /Your answers are with the clinic/, 10_000);
  await patient.page.getByLabel('How many a day?').fill('6');
  await patient.press('Send the answers');
  await untilVisible(patient, /Your answers are with the clinic/, 10_000);

  await doctor.goto(`${clinic().url}/patients?name=Otieno`);
  await doctor.page
    .getByRole('link', { name: /Asha Otieno/ })
    .first()
    .click();
  await doctor.page.locator('[data-kind="answers"] summary').click();
  await untilVisible(doctor, /Do you smoke\?\s+Yes\s+How many a day\?\s+6/, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
}, 240_000);

test('a program asks in words for what it wants, and hears the answer; a question that is used up says so', async () => {
  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor, '/clinic');
  const made = await doctor.evaluate(async () => {
    const call = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
      };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await fetch(path, init);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
      return text === '' ? {} : JSON.parse(text);
    };
    const me: { clinic_id: string } = await (await fetch('/v1/me')).json();
    return call(`/v1/clinics/${me.clinic_id}/oauth-clients`, {
      name: 'Ward board',
      confidential: false,
      redirect_uris: [`http://127.0.0.1:${location.port}/find`],
      scope: 'openid appointments:read user/Observation.rs',
    });
  }, undefined);
  const { client_id: id } = Object(made['client']);
  expect(String(id)).toMatch(/\w/);
  const ask = async (): Promise<void> => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: String(id),
      redirect_uri: `http://127.0.0.1:${clinic().bedside.httpPort}/find`,
      scope: 'openid appointments:read user/Observation.rs',
      state: 'of-the-board',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
    await doctor.goto(`${clinic().url}/oauth/authorize?${query.toString()}`);
    await untilVisible(doctor, /Ward board of Mwangaza Clinic/, 10_000);
  };
  await ask();
  await untilVisible(doctor, /see appointments[\s\S]*see Observation as far as you may/, 5_000);
  expect(doctor.page.url()).toBe(`${clinic().url}/consent`);
  expect(await faultsOf(doctor, '.actions .button-primary')).toEqual([]);
  await doctor.press('Do not allow');
  await doctor.page.waitForURL(/\/find\?.*error=access_denied/);
  await ask();
  await doctor.press('Allow');
  await doctor.page.waitForURL(/\/find\?.*code=/);
  expect(new URL(doctor.page.url()).searchParams.get('state')).toBe('of-the-board');

  await doctor.goto(`${clinic().url}/consent`);
  await untilVisible(doctor, /This link works no longer/, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
}, 120_000);

test('an administrator sets the rules about money, and writes a text for messages', async () => {
  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor, '/clinic/billing');
  await doctor.page.getByLabel('Rate of the tax (%)').fill('a lot');
  await untilVisible(doctor, /0 to 100, with at most two digits/, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.page.getByLabel('Rate of the tax (%)').fill('7.5');
  await doctor.page.getByLabel('Name of the tax').fill('VAT');
  await doctor.page.getByLabel('Who is paid, as invoices name it').fill('Mwangaza Ltd');
  await doctor.press('Save');
  await untilVisible(doctor, /Saved/, 10_000);
  await doctor.reload();
  await expect
    .poll(() => doctor.page.getByLabel('Rate of the tax (%)').inputValue(), { timeout: 10_000 })
    .toBe('7.5');

  await doctor.goto(`${clinic().url}/clinic/templates`);
  await untilVisible(doctor, /Texts for messages/, 10_000);
  await doctor.press('New text');
  await doctor.page.getByLabel('Name').fill('Results');
  await doctor.page.getByLabel('Text', { exact: true }).fill('Your results are there.');
  expect(await axeFindings(doctor.page)).toEqual([]);
  await doctor.press('Save');
  await untilVisible(doctor, /Results\s+Your results are there\./, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.page.getByRole('button', { name: 'Remove Results' }).click();
  await doctor.page.getByText('Your results are there.').waitFor({ state: 'detached' });
}, 180_000);

test('who comes back from a provider without having left this tab is not signed in, and is told what to do', async () => {
  const tab = await tabOf('stranger');
  await tab.goto(`${clinic().url}/sign-in/provider?state=s&code=c`);
  await untilVisible(tab, /The other site did not sign you in/, 10_000);
  expect(tab.page.url()).toBe(`${clinic().url}/sign-in/provider`);
  expect(await faultsOf(tab)).toEqual([]);
});
