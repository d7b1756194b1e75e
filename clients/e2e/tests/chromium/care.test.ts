// Around the visit: messages, reviews, documents, the record, the queue and the waitlist; and a prescription that is not lost.
import { expect, test } from 'vitest';
import { clinicStage } from '../../src/clinic-stage.ts';
import { axeFindings, TWO_SIZES, walkSizes } from '../../src/screen-check.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

const { clinic, tabOf } = clinicStage('Africa/Nairobi');

/** What axe and the two sizes find on the screen that is open. */
async function faultsOf(tab: ChromiumTab): Promise<string[]> {
  return [...(await axeFindings(tab.page)), ...(await walkSizes(tab.page, null, TWO_SIZES))];
}

test('patient and doctor write to each other, each sees it at once; the queue, the record and the documents are there for both; a prescription outlives the form', async () => {
  const patient = await tabOf('patient');
  const doctor = await tabOf('doctor');
  await clinic().signInAsPatient(patient, '/messages');
  await clinic().signInAsDoctor(doctor, '/messages');

  // Messages
  await untilVisible(patient, /How to use the inhaler[\s\S]*Dr\. Amara Osei/, 10_000);
  expect(await faultsOf(patient)).toEqual([]);
  await patient.page.getByRole('link', { name: 'How to use the inhaler' }).click();
  await untilVisible(patient, /Before\. Rinse your mouth/, 10_000);
  await untilVisible(doctor, /How to use the inhaler[\s\S]*Asha Otieno/, 10_000);
  await doctor.page.getByRole('link', { name: 'How to use the inhaler' }).click();
  await untilVisible(doctor, /before or after brushing/, 10_000);
  await patient.page.getByLabel('Message', { exact: true }).fill('Thank you. And in the morning?');
  await patient.press('Send');
  await untilVisible(doctor, /And in the morning\?/, 10_000);
  await untilVisible(patient, /You[\s\S]*Read[\s\S]*And in the morning\?/, 15_000);
  await doctor.page.getByLabel('Message', { exact: true }).fill('Only in the evening.');
  await doctor.press('Send');
  await untilVisible(patient, /Only in the evening\./, 10_000);
  expect(await faultsOf(patient)).toEqual([]);
  expect(await faultsOf(doctor)).toEqual([]);

  // Documents
  await patient.goto(`${clinic().url}/documents`);
  await untilVisible(patient, /No documents yet[\s\S]*Who else may read/, 10_000);
  await patient.page.getByLabel('Add a document').setInputFiles({
    name: 'results.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('Haemoglobin 12.1\n'.repeat(1_000)),
  });
  await untilVisible(patient, /results\.txt[\s\S]*from the patient/, 20_000);
  await patient.page.locator('[data-testid="document"][data-state="ready"]').waitFor();
  expect(await faultsOf(patient)).toEqual([]);
  await patient.page.getByLabel('Add a document').setInputFiles({
    name: 'virus.exe',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from([0x4d, 0x5a, 0x90, 0x00, 0x03, 0x00, 0xff, 0xfe]),
  });
  await untilVisible(patient, /virus\.exe[\s\S]*Only PDF, pictures/, 15_000);
  await patient.page.getByText('Share with a doctor').first().click();
  await patient.page.getByLabel('With whom').selectOption({ label: 'Dr. Njeri Kamau' });
  await patient.press('Share with a doctor');
  await untilVisible(patient, /Dr\. Njeri Kamau[\s\S]*All documents, until/, 10_000);

  // The record, to both
  await patient.goto(`${clinic().url}/records`);
  await untilVisible(patient, /Penicillin[\s\S]*not confirmed[\s\S]*Salbutamol/, 10_000);
  await patient.page.getByText('Add to the record').click();
  await patient.page.getByLabel('What is it?').fill('Hay fever');
  await patient.page.getByLabel('Kind').selectOption({ label: 'Conditions' });
  await patient.press('Add');
  await untilVisible(patient, /Conditions[\s\S]*Hay fever/, 10_000);
  expect(await faultsOf(patient)).toEqual([]);
  await doctor.goto(`${clinic().url}/patients`);
  await doctor.page.getByLabel('Name').fill('Otieno');
  await doctor.press('Search');
  await doctor.page.getByRole('link', { name: 'Asha Otieno' }).click();
  await untilVisible(
    doctor,
    /Penicillin[\s\S]*Hay fever[\s\S]*Prescriptions[\s\S]*results\.txt/,
    15_000,
  );
  await doctor.press('Confirm Penicillin');
  await expect
    .poll(() => doctor.page.getByRole('button', { name: 'Confirm Penicillin' }).count(), {
      timeout: 10_000,
    })
    .toBe(0);
  expect(await faultsOf(doctor)).toEqual([]);
  const paper = await doctor.page
    .getByRole('link', { name: /Open as PDF/ })
    .first()
    .getAttribute('href');
  const pdf = await doctor.evaluate(async (path: string) => {
    const answer = await fetch(path);
    return `${answer.status} ${answer.headers.get('content-type')}`;
  }, paper ?? '');
  expect(pdf).toBe('200 application/pdf');

  // A prescription that is being written when the session ends
  await doctor.goto(`${clinic().url}/today`);
  for (let day = 0; day < 3; day += 1) await doctor.press('The day before');
  const visit = doctor.page.locator('.visit-card', { hasText: 'Asha Otieno' });
  await visit.getByText('Note', { exact: true }).click();
  await visit.getByText('Prescriptions', { exact: true }).click();
  await doctor.press('Write a prescription');
  await doctor.page.getByLabel('Medicine', { exact: true }).fill('Cetirizine 10 mg');
  await untilVisible(doctor, /Cannot be kept yet/, 5_000);
  await doctor.page.getByLabel('Dose').fill('1 tablet');
  await doctor.page.getByLabel('How often').fill('once a day');
  await doctor.page.locator('[data-testid="rx-kept"][data-saved="true"]').waitFor();
  await doctor.page.getByLabel('Remark for the pharmacy').fill('Generic is fine');
  // No waiting: signing out saves it first.
  await doctor.press('Sign out');
  await doctor.page.waitForURL(`${clinic().url}/`);
  await clinic().signInAsDoctor(doctor);
  for (let day = 0; day < 3; day += 1) await doctor.press('The day before');
  await visit.getByText('Note', { exact: true }).click();
  await visit.getByText('Prescriptions', { exact: true }).click();
  await untilVisible(doctor, /Draft[\s\S]*Cetirizine 10 mg[\s\S]*Generic is fine/, 10_000);

  // The queue
  await patient.goto(`${clinic().url}/waiting`);
  await patient.press('Join the queue: Video visit');
  await untilVisible(patient, /You are next/, 10_000);
  expect(await faultsOf(patient)).toEqual([]);
  await patient.reload();
  await untilVisible(patient, /You are next/, 10_000);
  await doctor.goto(`${clinic().url}/queue`);
  await untilVisible(doctor, /1 person waits/, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.press('Take the next');
  await doctor.page.waitForURL(/\/visit\/apt_/);
  await untilVisible(patient, /A doctor is here for you/, 10_000);
  await patient.page.getByRole('link', { name: 'Go to the visit' }).click();
  await patient.page.waitForURL(/\/visit\/apt_/);
}, 240_000);

test('a review is left, looked at, shown and answered; the waitlist keeps a place', async () => {
  const patient = await tabOf('patient');
  await clinic().signInAsPatient(patient);
  const card = patient.page.locator('.visit-card[data-state="completed"]');
  await card.getByText('Review this visit').click();
  await card.getByLabel('4 stars of 5').check();
  await card.getByLabel(/In your words/).fill('Clear words, and time for questions.');
  expect(await axeFindings(patient.page)).toEqual([]);
  await patient.press('Send the review');
  await untilVisible(patient, /Your review[\s\S]*The clinic looks at it first/, 10_000);

  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor, '/reviews');
  await untilVisible(doctor, /Clear words, and time for questions/, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
  await doctor.press('Show it');
  await untilVisible(doctor, /No reviews here/, 10_000);
  await doctor.page.getByLabel('Show', { exact: true }).selectOption({ label: 'Shown' });
  const review = doctor.page.locator('.card', { hasText: 'time for questions' });
  await review.getByRole('button', { name: 'Answer' }).click();
  await review.getByLabel('Answer').fill('Thank you for coming.');
  await review.getByRole('button', { name: 'Answer' }).click();
  await untilVisible(doctor, /The practitioner’s answer[\s\S]*Thank you for coming/, 10_000);

  // To the page, a practitioner who does not run the clinic: the own ones, without whose visits they were.
  await doctor.page.route('**/v1/me', async (route) => {
    const answer = await route.fetch();
    const me: { memberships: { role: string }[] } = await answer.json();
    const memberships = me.memberships.filter(({ role }) => role === 'practitioner');
    await route.fulfill({ response: answer, json: { ...me, memberships } });
  });
  await doctor.goto(`${clinic().url}/today`);
  await doctor.page.getByRole('link', { name: 'Reviews' }).click();
  await untilVisible(doctor, /What others read about you[\s\S]*time for questions/, 10_000);
  expect(await doctor.page.getByLabel('Show', { exact: true }).count()).toBe(0);
  await review.getByRole('button', { name: 'Answer' }).click();
  await review.getByLabel('Answer').fill('Thank you for coming again.');
  expect(await faultsOf(doctor)).toEqual([]);
  await review.getByRole('button', { name: 'Answer' }).click();
  await untilVisible(doctor, /Thank you for coming again/, 10_000);
  await doctor.page.unroute('**/v1/me');

  await patient.goto(`${clinic().url}/find`);
  await patient.page.getByRole('link', { name: 'See times of Dr. Amara Osei' }).click();
  await untilVisible(
    patient,
    /What patients say[\s\S]*4\.2 of 5 stars[\s\S]*5 reviews[\s\S]*Thank you for coming/,
    15_000,
  );
  expect(await faultsOf(patient)).toEqual([]);

  await patient.page.getByRole('link', { name: 'No time fits? Wait for one' }).click();
  await untilVisible(patient, /Tell me when a time becomes free/, 10_000);
  await expect
    .poll(() => patient.page.getByLabel('With whom').inputValue(), { timeout: 10_000 })
    .toMatch(/^prac_/);
  await patient.press('Wait for a time');
  const place = patient.page.getByTestId('waitlist-place');
  await place.waitFor();
  expect(await faultsOf(patient)).toEqual([]);
  await place.getByRole('button', { name: 'Wait no longer' }).click();
  await untilVisible(patient, /Given up/, 10_000);
  // Right to left, with its own words.
  await patient.page.getByLabel('Language').first().selectOption('ar');
  await untilVisible(patient, /بانتظار موعد/, 10_000);
  expect(await faultsOf(patient)).toEqual([]);
}, 180_000);
