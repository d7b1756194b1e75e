// A clinic's own site on another site than Bedside's, so that browsers send no cookie into the frame.
import { createServer, type Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { listeningPort } from '../../src/listening-port.ts';
import { axeFindings } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
import type { ChromiumTab } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

let browser: Browser;
let site: Server;
let clinic: DemoClinic;

beforeAll(async () => {
  browser = await launchChromium();
  site = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(request.url === '/booking' ? bookingPage() : roomPage());
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  clinic = await DemoClinic.open(['--embed-origins', siteOrigin()]);
});

afterAll(async () => {
  await clinic?.close();
  site?.close();
  await browser?.close();
});

const on = stage(
  (who) => openChromiumTab(browser, who, { viewport: { width: 1280, height: 800 } }),
  () => clinic?.bedside,
);

/** `127.0.0.1` and `localhost` are two sites: that is what the frame's cookies go by. */
function siteOrigin(): string {
  return `http://127.0.0.1:${listeningPort(site)}`;
}

function page(element: string, script: string): string {
  return `<!doctype html><html lang="en"><title>Clinic</title>
    <script type="module" src="${clinic.url}/embed/v1.js"></script>
    <main><h1>Clinic</h1>${element}</main>
    <script type="module">${script}</script></html>`;
}

function roomPage(): string {
  const secret = JSON.stringify(clinic.joinLink.split('#')[1]);
  return page(
    '<bedside-room style="height: 700px" language="en" title="Visit"></bedside-room>',
    `document.querySelector('bedside-room').getSecret = async () => ${secret};`,
  );
}

function bookingPage(): string {
  return page(
    '<bedside-booking language="en" title="Free times"></bedside-booking>',
    `const booking = document.querySelector('bedside-booking');
     window.told = [];
     booking.addEventListener('bedside:chosen', (event) => {
       event.preventDefault();
       window.told.push(event.detail);
     });`,
  );
}

async function tabOf(who: string): Promise<ChromiumTab> {
  const tab = await on.tab(who);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  return tab as ChromiumTab;
}

test('a join link inside a page of another site opens the visit again after a reload, and on no second device', async () => {
  const tab = await tabOf('patient');
  const sent: (string | undefined)[] = [];
  tab.page.on('request', (request) => {
    if (request.url().endsWith('/v1/join/exchange')) sent.push(request.headers()['bedside-device']);
  });
  await tab.goto(siteOrigin());
  const ready = tab.page
    .frameLocator('bedside-room iframe')
    .getByText('Ready, Asha Otieno?', { exact: true });
  await ready.waitFor({ timeout: 20_000 });
  await tab.reload();
  await ready.waitFor({ timeout: 20_000 });
  expect(sent.map((device) => device !== undefined)).toEqual([false, true]);

  const thief = await openChromiumTab(browser, 'thief', {});
  try {
    await thief.goto(siteOrigin());
    await thief.page
      .frameLocator('bedside-room iframe')
      .getByText('This link is not valid')
      .waitFor({ timeout: 20_000 });
  } finally {
    await thief.close();
  }
}, 90_000);

test('a time is chosen inside a page of another site, which hears of it and books by itself', async () => {
  const tab = await tabOf('visitor');
  await tab.goto(`${siteOrigin()}/booking`);
  const frame = tab.page.frameLocator('bedside-booking iframe');
  await frame
    .getByRole('link', { name: 'See times of Dr. Njeri Kamau' })
    .click({ timeout: 20_000 });
  await frame.locator('.time').first().click({ timeout: 20_000 });
  const told = (): Promise<unknown> =>
    tab.evaluate(() => Reflect.get(globalThis, 'told'), undefined);
  await until({ what: 'the page hears of the time', within: 10_000 }, async () =>
    JSON.stringify(await told()).includes('practitioner'),
  );
  expect(await told()).toEqual([
    {
      practitioner: expect.stringMatching(/^prac/),
      service: expect.any(String),
      start: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    },
  ]);
  // One stays with the times, and the element is as high as they are.
  await frame.locator('.time').first().waitFor();
  const box = await tab.page.locator('bedside-booking').boundingBox();
  expect(box?.height ?? 0).toBeGreaterThan(400);
  expect(tab.page.context().pages()).toHaveLength(1);
  expect(await axeFindings(tab.page)).toEqual([]);
}, 90_000);
