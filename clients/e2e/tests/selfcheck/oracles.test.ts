// The oracles of the browser tests, shown to hold when they should and to fail when they should, without any server.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { LOOPBACK_PAGE } from '../../src/loopback-page.ts';
import {
  energies,
  hearsNothing,
  hearsTone,
  LISTENING_MS,
  seesMovingPicture,
  SILENCE_ENERGY_MAX,
} from '../../src/media.ts';
import { servePages, type PageServer } from '../../src/page-server.ts';
import { ask, type Tab } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

let browser: Browser;
let pages: PageServer;

beforeAll(async () => {
  pages = await servePages({ '/loopback': LOOPBACK_PAGE });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await pages?.close();
});

async function loopback(what: 'moving' | 'frozen'): Promise<Tab> {
  const tab = await openChromiumTab(browser, what);
  await tab.goto(`${pages.url}/loopback#${what}`);
  await until({ what: 'frames flow', within: 10_000 }, async () =>
    (await ask(tab, 'inbound', 'video')).some((one) => one.framesDecoded > 5),
  );
  return tab;
}

describe('the moving-picture oracle', () => {
  test("accepts a camera's picture", async () => {
    const tab = await loopback('moving');
    const picture = await seesMovingPicture(tab, '#remote');
    expect(picture.codec).toMatch(/^video\//);
    expect(picture.width).toBeGreaterThan(0);
    await tab.close();
  });

  test('refuses a still picture although its frames decode', async () => {
    const tab = await loopback('frozen');
    await expect(seesMovingPicture(tab, '#remote', 8_000)).rejects.toThrow(
      /[1-9]\d* frames decoded, \d of \d+ changed/,
    );
    await tab.close();
  });

  test('refuses a picture outside its scope', async () => {
    const tab = await loopback('moving');
    await expect(seesMovingPicture(tab, '#elsewhere', 1_000)).rejects.toThrow(/no video element/);
    await tab.close();
  });
});

describe('the tone oracle', () => {
  test('hears the artificial microphone', async () => {
    const tab = await loopback('moving');
    await hearsTone(tab);
    await tab.close();
  });

  test('does not take silence for a tone, and the silence oracle agrees', async () => {
    const tab = await loopback('frozen');
    await expect(hearsTone(tab, 1, 4_000)).rejects.toThrow(/hears 1 tones/);
    await hearsNothing(tab);
    await tab.close();
  });

  test('does not take a tone for silence', async () => {
    const tab = await loopback('moving');
    await hearsTone(tab);
    const heard = await energies(tab, LISTENING_MS);
    expect(Math.max(...heard)).toBeGreaterThan(SILENCE_ENERGY_MAX * 10);
    await tab.close();
  });
});
