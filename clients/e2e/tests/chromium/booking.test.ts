// A patient finds a doctor and books: by keyboard alone, in Arabic, on a phone; and every screen on the way is for
// everybody.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { clinicStage } from '../../src/clinic-stage.ts';
import { axeFindings, TWO_SIZES, walkSizes } from '../../src/screen-check.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

const { clinic, tabOf } = clinicStage('Europe/Paris');

test('a visit is found and booked by keyboard alone, moved into the calendar, and cancelled', async () => {
  const tab = await tabOf('patient');
  const { page } = tab;
  await clinic().signInAsPatient(tab);
  await page.keyboard.press('Tab');
  await tabTo(page, 'Book a visit');
  await page.keyboard.press('Enter');
  await untilVisible(tab, /3 doctors/, 10_000);
  await tabTo(page, 'See times of Dr. Njeri Kamau');
  await page.keyboard.press('Enter');
  await untilVisible(tab, /Choose a time/, 10_000);
  await page.locator('.time').first().waitFor();
  await tabToClass(page, 'time');
  await page.keyboard.press('Enter');
  await untilVisible(tab, /Confirm your visit[\s\S]*Kept for you: \d+:\d\d/, 10_000);
  await tabTo(page, 'What is it about?');
  await page.keyboard.type('A cough');
  await tabTo(page, 'Book this visit');
  await page.keyboard.press('Enter');
  await untilVisible(tab, /Your visit is booked[\s\S]*Dr\. Njeri Kamau/, 10_000);
  const file = await page.locator('a[download="visit.ics"]').getAttribute('href');
  expect(decodeURIComponent(file ?? '')).toMatch(
    /BEGIN:VEVENT[\s\S]*SUMMARY:Video visit with Dr\. Njeri/,
  );
  await tabTo(page, 'To my appointments');
  await page.keyboard.press('Enter');
  await untilVisible(tab, /Ahead[\s\S]*Dr\. Njeri Kamau[\s\S]*Booked/, 10_000);

  const card = page.locator('.visit-card', { hasText: 'Njeri' });
  await card.locator('summary').click();
  await card.getByRole('button', { name: 'Cancel the visit' }).click();
  await untilVisible(tab, /Cancel this visit\?/, 5_000);
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the visit' }).click();
  await untilVisible(tab, /The visit is cancelled/, 10_000);
}, 90_000);

test('a time that somebody else takes first is said to be taken', async () => {
  const tab = await tabOf('patient');
  await clinic().signInAsPatient(tab);
  await tab.goto(`${clinic().url}/find`);
  await tab.page.getByRole('link', { name: 'See times of Dr. Léa Moreau' }).click();
  await tab.page.locator('.time').last().click();
  await untilVisible(tab, /Kept for you/, 10_000);
  const kept = tab.page.url();
  // The same time again, in another tab of the same person: it is kept already.
  const other = await tabOf('second');
  await clinic().signInAsPatient(other);
  await other.goto(kept);
  await untilVisible(other, /this time is taken|cannot be booked/, 10_000);
  await other.page.getByRole('link', { name: 'Choose another time' }).click();
  await untilVisible(other, /Choose a time/, 10_000);
}, 60_000);

test('in Arabic the page runs from right to left, with its own words', async () => {
  const tab = await tabOf('reader');
  const { page } = tab;
  await tab.goto(`${clinic().url}/find`);
  await untilVisible(tab, /3 doctors/, 10_000);
  await page.getByLabel('Language').first().selectOption('ar');
  await untilVisible(tab, /ابحث عن طبيب/, 10_000);
  expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
  expect(await page.locator('html').getAttribute('lang')).toBe('ar');
  const [logo, main] = [page.locator('.brand'), page.locator('.doctor-action').first()];
  const brand = await logo.boundingBox();
  const action = await main.boundingBox();
  expect((brand?.x ?? 0) > (action?.x ?? 0)).toBe(true);
  expect(await axeFindings(page)).toEqual([]);
  expect(await walkSizes(page, null)).toEqual([]);
}, 90_000);

test('every screen that anybody may open is without an axe finding and fits ten sizes at two zooms', async () => {
  const tab = await tabOf('visitor');
  const screens = [
    ['/', '.home-hero .button-primary'],
    ['/find', null],
    ['/sign-in', null],
    ['/register', null],
    ['/join', '.card .button-primary'],
    ['/nowhere', '.button-primary'],
  ] as const;
  const findings: string[] = [];
  for (const [path, primary] of screens) {
    await tab.goto(`${clinic().url}${path}`);
    await tab.page.locator('h1').waitFor();
    await tab.page.waitForTimeout(600);
    const found = [...(await axeFindings(tab.page)), ...(await walkSizes(tab.page, primary))];
    findings.push(...found.map((fault) => `${path}: ${fault}`));
  }
  expect(findings).toEqual([]);
}, 180_000);

test("every screen of a patient's and of the clinic's is without an axe finding and never runs off sideways", async () => {
  const patient = await tabOf('patient');
  await clinic().signInAsPatient(patient);
  const doctor = await tabOf('doctor');
  await clinic().signInAsDoctor(doctor);
  const screens: [ChromiumTab, string][] = [
    ...['/appointments', '/profile', '/records', '/my-data', '/account'].map(
      (path): [ChromiumTab, string] => [patient, path],
    ),
    ...[
      '/today',
      '/hours',
      '/services',
      '/staff',
      '/keys',
      '/audit',
      '/clinic',
      '/webhooks',
      '/jobs',
      '/data-requests',
      '/system',
      '/compliance',
    ].map((path): [ChromiumTab, string] => [doctor, path]),
  ];
  const findings: string[] = [];
  for (const [tab, path] of screens) {
    await tab.goto(`${clinic().url}${path}`);
    await tab.page.locator('h1').waitFor();
    await tab.page.waitForTimeout(800);
    const found = [
      ...(await axeFindings(tab.page)),
      ...(await walkSizes(tab.page, null, TWO_SIZES)),
    ];
    findings.push(...found.map((fault) => `${tab.who} ${path}: ${fault}`));
  }
  expect(findings).toEqual([]);
}, 240_000);

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, name: string): Promise<void> {
  await tabUntil(page, name, (wanted) => {
    const element = document.activeElement;
    const label =
      element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement
        ? [...(element.labels ?? [])].map((one) => one.textContent).join(' ')
        : (element?.getAttribute('aria-label') ?? element?.textContent);
    return label?.includes(wanted) === true;
  });
}

async function tabToClass(page: Page, name: string): Promise<void> {
  await tabUntil(
    page,
    name,
    (wanted) => document.activeElement?.classList.contains(wanted) === true,
  );
}

async function tabUntil(
  page: Page,
  name: string,
  isThere: (name: string) => boolean,
): Promise<void> {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await page.evaluate(isThere, name)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches "${name}"`);
}
