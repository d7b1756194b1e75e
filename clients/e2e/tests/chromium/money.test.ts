// What a visit costs, from the patient's telephone to the clinic's books; and that no screen of money breaks for anybody.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { FakeMpesa } from '../../src/fake-mpesa.ts';
import { axeFindings, TWO_SIZES, walkSizes } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

let browser: Browser;
let clinic: DemoClinic;
let mpesa: FakeMpesa;

beforeAll(async () => {
  browser = await launchChromium();
  mpesa = await FakeMpesa.open();
  clinic = await DemoClinic.open(mpesa.wish);
});

afterAll(async () => {
  await clinic?.close();
  await mpesa?.close();
  await browser?.close();
});

const on = stage(
  (who) =>
    openChromiumTab(browser, who, {
      timezoneId: 'Africa/Nairobi',
      viewport: { width: 1280, height: 800 },
    }),
  () => clinic?.bedside,
);

async function tabOf(who: string): Promise<ChromiumTab> {
  const tab = await on.tab(who);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  return tab as ChromiumTab;
}

test('a patient pays a held visit by M-Pesa; a lost answer and a second press are one prompt; the page hears of the money by itself; the clinic gives it back', async () => {
  const patient = await tabOf('patient');
  const { page } = patient;
  await clinic.signInAsPatient(patient);
  await untilVisible(patient, /Past[\s\S]*Done/, 10_000);
  const held = page.locator('.visit-card[data-state="completed"]');
  await held.getByRole('link', { name: /Pay for the visit/ }).click();
  await untilVisible(patient, /To pay: KES\s?2,500/, 15_000);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByLabel('Your M-Pesa number').fill('+254712345678');
  // The request arrives, its answer does not.
  await page.route(
    '**/v1/appointments/*/payments',
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await page.getByRole('button', { name: /^Pay KES/ }).click();
  await untilVisible(patient, /Look at your telephone[\s\S]*Time left: [12]:\d\d/, 15_000);
  expect(mpesa.pushes).toHaveLength(1);
  expect(mpesa.pushes[0]).toMatchObject({ telephone: '254712345678', amount: 2_500 });
  expect(await page.getByRole('button', { name: /^Pay KES/ }).count()).toBe(0);
  expect(await axeFindings(page)).toEqual([]);
  expect(await walkSizes(page, '.button-primary', TWO_SIZES)).toEqual([]);
  await patient.reload();
  await untilVisible(patient, /Look at your telephone/, 15_000);
  await mpesa.payerAnswers('0', clinic.bedside.httpPort);
  await untilVisible(patient, /Thank you\. KES\s?2,500 has arrived/, 15_000);
  expect(mpesa.pushes).toHaveLength(1);

  await page.getByRole('link', { name: 'Invoices and payments' }).click();
  await untilVisible(patient, /Invoice 0[\s\S]*Payments[\s\S]*M-Pesa[\s\S]*Paid/, 15_000);
  expect(await axeFindings(page)).toEqual([]);
  expect(await walkSizes(page, null, TWO_SIZES)).toEqual([]);
  const paper = page.getByRole('link', { name: /Open to print/ }).first();
  const address = new URL((await paper.getAttribute('href')) ?? '', page.url());
  const printed = await page.request.get(address.href);
  expect([printed.status(), printed.headers()['content-type']]).toEqual([200, 'application/pdf']);

  const doctor = await tabOf('doctor');
  await clinic.signInAsDoctor(doctor, '/payments');
  const row = doctor.page.locator('details', { hasText: 'M-Pesa' }).first();
  await row.locator('summary').click();
  await untilVisible(doctor, /Patient[\s\S]*Asha Otieno[\s\S]*Reference/, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
  await row.getByRole('button', { name: 'Give money back' }).click();
  const dialog = doctor.page.getByRole('dialog');
  await dialog.getByLabel(/Amount in KES/).fill('9999');
  await untilVisible(doctor, /Write an amount of at most KES\s?2,500/, 5_000);
  await dialog.getByLabel(/Amount in KES/).fill('500');
  expect(await axeFindings(doctor.page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Give money back' }).click();
  await proveIfAsked(doctor);
  // No account is set up that could send it back: a person does, and says so.
  await untilVisible(doctor, /Given back[\s\S]*KES\s?500[\s\S]*Needs a person/, 15_000);
  await row.getByRole('button', { name: 'The money went back' }).click();
  await untilVisible(doctor, /Went back/, 15_000);
  await untilVisible(
    patient,
    /M-Pesa[\s\S]*Given back in part[\s\S]*Given back: KES\s?500/,
    20_000,
  );

  await doctor.goto(`${clinic.url}/earnings`);
  await untilVisible(doctor, /Billed[\s\S]*Came in[\s\S]*Dr\. Amara Osei/, 15_000);
  const table = doctor.page.waitForEvent('download');
  await doctor.page.getByRole('link', { name: /CSV/ }).click();
  expect((await table).suggestedFilename()).toBe('earnings.csv');
}, 180_000);

test('a visit that is paid first: the time is kept, paid, and booked by the money', async () => {
  const doctor = await tabOf('doctor');
  await clinic.signInAsDoctor(doctor, '/payments');
  const made = await doctor.evaluate(async () => {
    const clinics = await (await fetch('/v1/me')).json();
    const services = await (await fetch(`/v1/services?clinic=${clinics.clinic_id}`)).json();
    const { id, rev, ...terms } = services.items[0];
    const answer = await fetch('/v1/services', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...terms,
        name: 'Second opinion',
        pay: 'pay_at_booking',
        on_demand: false,
        price: { minor: 100_000, currency: 'KES' },
      }),
    });
    return { status: answer.status, replaced: `${id}/${rev}` };
  }, undefined);
  expect(made.status).toBe(201);

  const patient = await tabOf('patient');
  const { page } = patient;
  await clinic.signInAsPatient(patient);
  await patient.goto(`${clinic.url}/find`);
  await page.getByRole('link', { name: 'See times of Dr. Léa Moreau' }).click();
  await page.getByLabel('Kind of visit').selectOption({ label: 'Second opinion' });
  await page.locator('.time').first().click();
  await untilVisible(patient, /paid now/, 10_000);
  await page.getByLabel('What is it about?').fill('A cough that stays');
  expect(await axeFindings(page)).toEqual([]);
  expect(await walkSizes(page, '.button-primary', TWO_SIZES)).toEqual([]);
  await patient.press('Go on to pay');
  await untilVisible(patient, /To pay: KES\s?1,000/, 10_000);
  const visit = new URL(page.url()).pathname.split('/')[2] ?? '';
  const kept = await page.request.get(`${clinic.url}/v1/appointments/${visit}`);
  expect(await kept.json()).toMatchObject({ state: 'held', reason: 'A cough that stays' });
  await page.getByLabel('Your M-Pesa number').fill('0712 345 678');
  await page.getByRole('button', { name: /^Pay KES/ }).click();
  await untilVisible(patient, /Look at your telephone/, 15_000);
  await mpesa.payerAnswers('0', clinic.bedside.httpPort);
  await untilVisible(patient, /has arrived[\s\S]*Your visit is booked/, 20_000);
  await page.getByRole('link', { name: 'To my appointments' }).click();
  await untilVisible(patient, /Ahead[\s\S]*Second opinion[\s\S]*Booked/, 15_000);
}, 120_000);

test('the desk takes cash for a visit of the day, and every screen of money fits', async () => {
  const doctor = await tabOf('doctor');
  await clinic.signInAsDoctor(doctor);
  const card = doctor.page.locator('.visit-card').first();
  await card.getByRole('button', { name: 'Take a payment' }).click();
  await untilVisible(doctor, /What was paid at the desk\?/, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
  await doctor.page.getByRole('dialog').getByRole('button', { name: 'Take a payment' }).click();
  await untilVisible(doctor, /Recorded: KES\s?2,500/, 15_000);
  const findings: string[] = [];
  for (const path of ['/payments', '/invoices', '/earnings', '/reconciliation', '/clinic']) {
    await doctor.goto(`${clinic.url}${path}`);
    await doctor.page.locator('h1').waitFor();
    await doctor.page.waitForTimeout(800);
    const found = [
      ...(await axeFindings(doctor.page)),
      ...(await walkSizes(doctor.page, null, TWO_SIZES)),
    ];
    findings.push(...found.map((fault) => `${path}: ${fault}`));
  }
  expect(findings).toEqual([]);
  await doctor.page.getByLabel('Language').first().selectOption('ar');
  await doctor.goto(`${clinic.url}/payments`);
  await untilVisible(doctor, /المدفوعات/, 10_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
  expect(await walkSizes(doctor.page, null, TWO_SIZES)).toEqual([]);
}, 120_000);

/** A recovery code, where a fresh proof of identity is wanted. */
async function proveIfAsked(tab: ChromiumTab): Promise<void> {
  const asked = tab.page.getByRole('dialog', { name: 'Confirm that it is you' });
  await tab.page.waitForTimeout(1_500);
  if (await asked.isVisible()) {
    await asked.getByLabel('Password').fill(clinic.takeDoctorsCode());
    await asked.getByRole('button', { name: 'Continue' }).click();
  }
}
