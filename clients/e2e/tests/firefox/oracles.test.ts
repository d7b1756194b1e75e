// Firefox inside the namespace: peer connections work there, and the oracles hold for its artificial devices too.
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'puppeteer-core';
import { launchFirefox, openFirefoxTab } from '../../src/firefox.ts';
import { LOOPBACK_PAGE } from '../../src/loopback-page.ts';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { servePages, type PageServer } from '../../src/page-server.ts';
import { visibleText } from '../../src/tab.ts';

let browser: Browser;
let pages: PageServer;

beforeAll(async () => {
  pages = await servePages({
    '/loopback': LOOPBACK_PAGE,
    '/form': `<!doctype html><html lang="en"><title>form</title><textarea></textarea>
      <button aria-label="Mute microphone" onclick="out.innerText = 'pressed with ' + document.querySelector('textarea').value">
      <span aria-hidden="true">Mic</span></button><p id="out"></p>`,
  });
  browser = await launchFirefox();
});

afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

test("the namespace holds the loopback and the call's veth address, and nothing else", () => {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const ipv4 = addresses.filter((one) => one.family === 'IPv4').map((one) => one.address);
  expect(ipv4.toSorted()).toEqual(['127.0.0.1', process.env['BEDSIDE_E2E_ADDRESS']]);
});

test('Firefox connects to itself over the veth address, seen and heard', async () => {
  const tab = await openFirefoxTab(browser, 'firefox');
  await tab.goto(`${pages.url}/loopback#moving`);
  await seesMovingPicture(tab, '#remote', 20_000);
  await hearsTone(tab);
  await tab.close();
});

test('Firefox presses a button by its accessible name and fills a field', async () => {
  const tab = await openFirefoxTab(browser, 'firefox');
  await tab.goto(`${pages.url}/form`);
  await tab.type('textarea', 'bonjour');
  await tab.press('Mute microphone');
  expect(await visibleText(tab)).toContain('pressed with bonjour');
  await tab.close();
});
