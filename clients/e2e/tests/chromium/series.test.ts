// Visits that repeat: staff book them from a first time on, see them, and call off what is left.
import { expect, test } from 'vitest';
import { clinicStage } from '../../src/clinic-stage.ts';
import { axeFindings, walkSizes } from '../../src/screen-check.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

const { clinic, tabOf } = clinicStage('Africa/Nairobi');

async function faultsOf(tab: ChromiumTab): Promise<string[]> {
  return [...(await axeFindings(tab.page)), ...(await walkSizes(tab.page, null))];
}

test('visits of four weeks are booked at once, what is taken is left out and named, and the rest is called off', async () => {
  const doctor = await tabOf('doctor');
  const { page } = doctor;
  await clinic().signInAsDoctor(doctor, '/patients');
  await page.getByLabel('Name').fill('Otieno');
  await doctor.press('Search');
  await page.getByRole('link', { name: 'Asha Otieno' }).click();
  await page.getByText('Book visits that repeat').click();
  await page.getByRole('link', { name: 'with Dr. Njeri Kamau' }).click();
  await page.locator('.time').first().waitFor();
  const chooser = new URL(page.url());
  const label = (await page.locator('.time').last().innerText()).split('\n')[0]?.trim() ?? '';
  expect(await faultsOf(doctor)).toEqual([]);
  await page.locator('.time').last().press('Enter');
  const dialog = page.getByRole('dialog');
  await untilVisible(doctor, /Asha Otieno[\s\S]*The first:/, 10_000);
  await dialog.getByLabel('Weeks from one to the next').fill('2');
  await dialog.getByLabel('How many visits').fill('3');
  expect(await axeFindings(page)).toEqual([]);
  await dialog.getByLabel('How many visits').press('Enter');
  await untilVisible(doctor, /Visits that repeat[\s\S]*Asha Otieno[\s\S]*Dr\. Njeri Kamau/, 15_000);
  const visits = page.locator('[data-testid="series-visit"]');
  expect(await visits.count()).toBe(3);
  expect(await faultsOf(doctor)).toEqual([]);

  // From a week later, each week: the second of them is taken.
  const series = new URL(page.url()).searchParams.get('series') ?? '';
  const made = await page.request.get(`${clinic().url}/v1/appointments?series=${series}`);
  const { items }: { items: { start: string; service: string }[] } = await made.json();
  const first = items.map(({ start }) => start).toSorted()[0] ?? '';
  const later = new Date(Date.parse(first) + 7 * 86_400_000);
  chooser.searchParams.set('service', items[0]?.service ?? '');
  chooser.searchParams.set('from', later.toISOString());
  await doctor.goto(chooser.href);
  await page.locator('.time', { hasText: label }).click();
  await dialog.getByLabel('How many visits').fill('3');
  await dialog.getByRole('button', { name: 'Book visits that repeat' }).click();
  await untilVisible(doctor, /this time is taken|cannot be booked any more/, 10_000);
  await dialog.getByLabel('Leave out what cannot be booked').check();
  await dialog.getByRole('button', { name: 'Book visits that repeat' }).click();
  await untilVisible(doctor, /These could not be booked and are left out/, 15_000);
  await expect.poll(() => visits.count(), { timeout: 10_000 }).toBe(2);
  expect(await faultsOf(doctor)).toEqual([]);

  await doctor.goto(`${clinic().url}/patients?name=Otieno`);
  await page.getByRole('link', { name: 'Asha Otieno' }).click();
  await page
    .getByRole('link', { name: /Visits that repeat/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Call off what is left' }).press('Enter');
  await untilVisible(doctor, /Call off \d visits\?/, 5_000);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button').first().press('Enter');
  await expect
    .poll(() => page.locator('[data-testid="series-visit"][data-state="cancelled"]').count(), {
      timeout: 15_000,
    })
    .toBe(await visits.count());
  await page.getByLabel('Language').first().selectOption('ar');
  await untilVisible(doctor, /زيارات متكررة/, 10_000);
  expect(await faultsOf(doctor)).toEqual([]);
}, 240_000);
