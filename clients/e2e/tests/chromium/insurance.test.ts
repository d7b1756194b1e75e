// Who pays when an insurer does: the card and the share to the patient, the claim from its codes to the money to the clinic.
import { expect, test } from 'vitest';
import { clinicStage } from '../../src/clinic-stage.ts';
import { clinicsPapers, heldVisit, insuredService, remittance } from '../../src/insurance-steps.ts';
import { axeFindings, TWO_SIZES, walkSizes } from '../../src/screen-check.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

const { clinic, tabOf } = clinicStage('Africa/Nairobi');

/** One pixel. */
const CARD = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

async function faultsOf(
  tab: ChromiumTab,
  sizes: Parameters<typeof walkSizes>[2] = TWO_SIZES,
): Promise<string[]> {
  return [...(await axeFindings(tab.page)), ...(await walkSizes(tab.page, null, sizes))];
}

test('a patient is insured and sees the share; the claim is coded, written, handed in, paid by a file, denied, appealed and let go', async () => {
  const doctor = await tabOf('doctor');
  const patient = await tabOf('patient');
  await clinic().signInAsDoctor(doctor, '/clinic');

  // The clinic names an insurer.
  await doctor.page.getByRole('link', { name: 'Insurers', exact: true }).click();
  await untilVisible(doctor, /No insurers yet/, 10_000);
  expect(await faultsOf(doctor, undefined)).toEqual([]);
  await doctor.press('Add an insurer');
  const payer = doctor.page.getByRole('dialog');
  await payer.getByLabel('Name', { exact: true }).fill('Social Health Authority');
  await payer.getByLabel('Its code on the wire').fill('SHA-01');
  await payer.getByLabel('The clinic’s number there').fill('1234567893');
  await payer.getByLabel('Amount in KES').fill('5OO');
  await untilVisible(doctor, /Write an amount/, 5_000);
  await payer.getByLabel('Amount in KES').fill('500');
  await payer.getByLabel('Street and house').fill('1 Moi Avenue');
  await payer.getByLabel('Town').fill('Nairobi');
  expect(await axeFindings(doctor.page)).toEqual([]);
  await payer.getByRole('button', { name: 'Save' }).click();
  await untilVisible(doctor, /Social Health Authority[\s\S]*Patients pay KES\s?500/, 10_000);
  const { service, practitioner } = await insuredService(doctor);

  // The patient writes down by whom they are insured, by keyboard where there is a form.
  await clinic().signInAsPatient(patient, '/profile');
  const profile = patient.page;
  await profile.getByLabel('Date of birth').fill('1990-02-03');
  await profile.getByLabel('Street and house').fill('2 Kenyatta Road');
  await profile.getByLabel('Town').fill('Nairobi');
  await profile.getByLabel('Country, two letters').fill('ke');
  await patient.press('Save');
  await untilVisible(patient, /Saved/, 10_000);
  expect(await faultsOf(patient)).toEqual([]);
  await profile.getByRole('link', { name: 'Insurance' }).click();
  await untilVisible(patient, /No insurance yet/, 10_000);
  expect(await faultsOf(patient, undefined)).toEqual([]);
  await profile.getByRole('button', { name: 'Add an insurance' }).press('Enter');
  const form = profile.getByRole('dialog');
  await form.getByLabel('Member number').press('Control+A');
  await profile.keyboard.type('MEMBER-4711');
  await form.getByLabel('The patient is').selectOption('child');
  await form.getByLabel('Given names of the holder').fill('Mary');
  await form.getByLabel('Family name of the holder').fill('Otieno');
  await form.getByLabel('Picture of the card').setInputFiles({
    name: 'card.png',
    mimeType: 'image/png',
    buffer: CARD,
  });
  await untilVisible(patient, /card\.png is there/, 15_000);
  expect(await axeFindings(profile)).toEqual([]);
  await form.getByLabel('Family name of the holder').press('Enter');
  await untilVisible(
    patient,
    /Social Health Authority[\s\S]*In force[\s\S]*MEMBER-4711[\s\S]*child \(Mary Otieno\)/,
    10_000,
  );
  expect(await profile.getByRole('link', { name: /Open the card/ }).count()).toBe(1);
  expect(await faultsOf(patient, undefined)).toEqual([]);

  // The share stands there before anything is booked.
  await patient.goto(`${clinic().url}/find`);
  await profile.getByRole('link', { name: 'See times of Dr. Amara Osei' }).click();
  await profile.getByLabel('Kind of visit').selectOption({ label: 'Insured visit' });
  await profile.locator('.time').first().click();
  await untilVisible(patient, /You\s+KES\s?500\s+Social Health Authority\s+KES\s?2,000/, 15_000);
  expect(await faultsOf(patient)).toEqual([]);

  // A visit is held: its part is the patient's to pay, the rest is claimed.
  const visit = await heldVisit(doctor, service, practitioner, 40);
  await patient.goto(`${clinic().url}/pay/${visit}`);
  // Without a provider the page sends the patient to the desk.
  await untilVisible(patient, /Pay at the clinic, or ask there/, 15_000);
  await patient.goto(`${clinic().url}/insurance`);
  await untilVisible(patient, /Not handed in[\s\S]*What you pay\s+KES\s?500/, 15_000);
  expect(await faultsOf(patient)).toEqual([]);

  // The practitioner codes it; without what a file needs it is refused by name.
  await doctor.goto(`${clinic().url}/claims?visit=${visit}`);
  await untilVisible(doctor, /Social Health Authority[\s\S]*Not handed in/, 15_000);
  expect(await faultsOf(doctor, undefined)).toEqual([]);
  await doctor.page.getByRole('link', { name: /Social Health Authority/ }).click();
  await untilVisible(doctor, /No codes yet[\s\S]*It was handed in/, 15_000);
  const control = (
    await doctor.page.locator('[data-testid="claim"] code').first().innerText()
  ).trim();
  await doctor.page.getByLabel('Diagnoses (ICD-10)').fill('j06.9');
  await doctor.page.getByLabel('Code (CPT or HCPCS)').fill('99213');
  await doctor.page.getByLabel('Charge in KES').fill('2400');
  await untilVisible(doctor, /The charges are KES\s?2,400, and have to be KES\s?2,500/, 5_000);
  await doctor.page.getByLabel('Charge in KES').fill('2500');
  await doctor.press('Save');
  await untilVisible(doctor, /Saved/, 10_000);
  expect(await faultsOf(doctor, undefined)).toEqual([]);
  await clinicsPapers(doctor);
  const x12 = doctor.page.waitForEvent('download');
  await doctor.press('Download X12 837P');
  expect((await x12).suggestedFilename()).toBe(`${control}.837`);
  const fhir = doctor.page.waitForEvent('download');
  await doctor.press('Download FHIR claim');
  expect((await fhir).suggestedFilename()).toBe(`${control}.fhir.json`);
  await doctor.press('It was handed in');
  await untilVisible(doctor, /Handed in[\s\S]*The insurer does not take it/, 10_000);
  await doctor.press('The insurer does not take it');
  await doctor.page.getByLabel('Reason, as the insurer writes it').fill('CO-16');
  await doctor.page.getByRole('dialog').getByRole('button').first().click();
  await untilVisible(doctor, /Not taken: to be mended[\s\S]*CO-16/, 10_000);
  await doctor.press('It was handed in');
  await untilVisible(doctor, /Handed in/, 10_000);

  // The insurer pays less than was asked; a second file denies another visit.
  await doctor.goto(`${clinic().url}/remittances`);
  await untilVisible(doctor, /Nothing was posted yet/, 10_000);
  expect(await faultsOf(doctor, undefined)).toEqual([]);
  await doctor.press('Post it');
  await untilVisible(doctor, /Choose the file first/, 5_000);
  await postFile(doctor, 'broken.835', 'hello');
  await untilVisible(doctor, /Something does not fit/, 10_000);
  const paid = [
    [control, '1', '2500', '1800', 'CAS*PR*3*600~CAS*CO*45*100~'],
    ['ANOTHERCLAIM', '1', '10', '10', ''],
  ] as const;
  await postFile(doctor, 'paid.835', remittance('EFT-1', '1810', paid));
  await untilVisible(
    doctor,
    /Transfer EFT-1: KES\s?1,800 of KES\s?1,810 are posted[\s\S]*KES\s?10 are not posted[\s\S]*Posted\s+Paid[\s\S]*No claim of ours has this number/,
    15_000,
  );
  expect(await faultsOf(doctor, undefined)).toEqual([]);
  await postFile(doctor, 'paid.835', remittance('EFT-1', '1810', paid));
  await untilVisible(doctor, /Nothing of this file can be posted[\s\S]*Posted so far/, 10_000);

  const second = await heldVisit(doctor, service, practitioner, 55);
  await doctor.goto(`${clinic().url}/claims?visit=${second}`);
  await doctor.page.getByRole('link', { name: /Social Health Authority/ }).click();
  await untilVisible(doctor, /No codes yet/, 15_000);
  const other = (
    await doctor.page.locator('[data-testid="claim"] code').first().innerText()
  ).trim();
  await doctor.page.getByLabel('Diagnoses (ICD-10)').fill('R05');
  await doctor.page.getByLabel('Code (CPT or HCPCS)').fill('99213');
  await doctor.press('Save');
  await untilVisible(doctor, /Saved/, 10_000);
  await doctor.press('It was handed in');
  await untilVisible(doctor, /Handed in/, 10_000);
  const claimPage = doctor.page.url();
  await doctor.goto(`${clinic().url}/remittances`);
  const denied = [[other, '4', '2500', '0', 'CAS*CO*50*2500~']] as const;
  await postFile(doctor, 'denied.835', remittance('EFT-2', '0', denied));
  await untilVisible(doctor, /EFT-2[\s\S]*Denied/, 15_000);
  await doctor.goto(claimPage);
  await untilVisible(doctor, /Denied[\s\S]*CO-50/, 15_000);
  await doctor.press('Appeal against the decision');
  await untilVisible(doctor, /Appealed/, 10_000);
  await doctor.press('Let go what is open');
  await untilVisible(doctor, /Let go KES\s?2,000\?/, 5_000);
  expect(await axeFindings(doctor.page)).toEqual([]);
  await doctor.page.getByRole('dialog').getByRole('button').first().click();
  await proveIfAsked(doctor);
  await untilVisible(doctor, /Closed/, 15_000);
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.goto(`${clinic().url}/claims`);
  await untilVisible(doctor, /Closed[\s\S]*Paid/, 15_000);
  expect(await faultsOf(doctor, undefined)).toEqual([]);

  // The patient ends it; in Arabic, with its own words.
  await patient.goto(`${clinic().url}/insurance`);
  await profile.getByRole('button', { name: /End it/ }).click();
  await untilVisible(patient, /End the insurance with Social Health Authority\?/, 5_000);
  await profile.getByRole('dialog').getByRole('button').first().click();
  await untilVisible(patient, /Ended[\s\S]*Closed[\s\S]*KES\s?600/, 15_000);
  await profile.getByLabel('Language').first().selectOption('ar');
  await untilVisible(patient, /التأمين[\s\S]*منتهٍ/, 10_000);
  expect(await faultsOf(patient, undefined)).toEqual([]);
}, 420_000);

async function postFile(doctor: ChromiumTab, name: string, text: string): Promise<void> {
  const buffer = Buffer.from(text);
  const field = doctor.page.getByLabel('The file (X12 835)');
  await field.setInputFiles({ name, mimeType: 'text/plain', buffer });
  await untilVisible(doctor, new RegExp(`${name.replace('.', '\\.')} ·`), 5_000);
  await doctor.press('Post it');
  await proveIfAsked(doctor);
}

/** A recovery code, where a fresh proof of identity is wanted. */
async function proveIfAsked(tab: ChromiumTab): Promise<void> {
  const asked = tab.page.getByRole('dialog', { name: 'Confirm that it is you' });
  await tab.page.waitForTimeout(1_000);
  if (await asked.isVisible()) {
    await asked.getByLabel('Password').fill(clinic().takeDoctorsCode());
    await asked.getByRole('button', { name: 'Continue' }).click();
  }
}
