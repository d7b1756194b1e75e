// Firefox among people whose tracks come and go: sections of descriptions are used again, in both directions.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { launchFirefox, openFirefoxTab } from '../../src/firefox.ts';
import { publishKept, unpublishKept } from '../../src/kept-picture.ts';
import { seesMovingPicture } from '../../src/media.ts';
import { type PageServer, servePages } from '../../src/page-server.ts';
import { remoteOf, SdkClient } from '../../src/sdk-client.ts';
import { stage } from '../../src/stage.ts';
import { ask } from '../../src/tab.ts';

let bedside: Bedside;
let chromium: ChromiumBrowser;
let firefox: FirefoxBrowser;
let pages: PageServer;

beforeAll(async () => {
  const mediaAddress = process.env['BEDSIDE_E2E_ADDRESS'];
  if (mediaAddress === undefined)
    throw new Error('run me through scripts/run.mjs: Firefox refuses 127.0.0.1');
  bedside = await Bedside.start({ mediaAddress });
  pages = await servePages();
  chromium = await launchChromium();
  firefox = await launchFirefox();
});

afterAll(async () => {
  await firefox?.close();
  await chromium?.close();
  await pages?.close();
  await bedside?.stop();
});

const on = stage(
  (who) => (who === 'firefox' ? openFirefoxTab(firefox, who) : openChromiumTab(chromium, who)),
  () => bedside,
);

test.each([
  ['firefox', 'chromium'],
  ['chromium', 'firefox'],
] as const)(
  '%s publishes ten times over and %s sees every picture',
  async (from, to) => {
    const room = `sections-of-${from}`;
    const open = async (identity: string): Promise<SdkClient> => {
      const client = await SdkClient.open(await on.tab(identity), pages.url);
      await client.joined(bedside.signalUrl, bedside.token({ room, identity }));
      return client;
    };
    const [sender, viewer] = [await open(from), await open(to)];
    for (let time = 0; time < 10; time += 1) {
      await publishKept(sender.tab);
      await seesMovingPicture(viewer.tab, remoteOf(from), 20_000);
      await unpublishKept(sender.tab);
    }
    for (const client of [sender, viewer]) {
      // Firefox has two connections. Chromium has one: its data, three sections for sound and three for pictures that
      // livekit-client opens to receive in, and one to send in.
      const bound = client.tab.who === 'firefox' ? 6 : 9;
      expect(Math.max(...(await ask(client.tab, 'sections')))).toBeLessThan(bound);
    }
  },
  240_000,
);
