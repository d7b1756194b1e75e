// A visit inside another site's page, which is served from another origin.
import { createServer, type Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { listeningPort } from '../../src/listening-port.ts';
import { stage } from '../../src/stage.ts';
import type { ChromiumTab } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

let browser: Browser;
let site: Server;
let bedside: Bedside;

beforeAll(async () => {
  browser = await launchChromium();
  site = createServer((request, response) => {
    const wish = new URL(request.url ?? '/', 'http://site').searchParams.get('secret') ?? '';
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(sitePage(wish));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  bedside = await Bedside.start({ arguments: ['--embed-origins', siteOrigin()] });
});

afterAll(async () => {
  await bedside?.stop();
  site?.close();
  await browser?.close();
});

const on = stage(
  (who) => openChromiumTab(browser, who),
  () => bedside,
);

function siteOrigin(): string {
  return `http://127.0.0.1:${listeningPort(site)}`;
}

function sitePage(secret: string): string {
  return `<!doctype html><html lang="en"><title>Clinic</title>
    <script type="module" src="${bedside.url}/embed/v1.js"></script>
    <bedside-room style="height: 600px" language="en"></bedside-room>
    <script type="module">
      const room = document.querySelector('bedside-room');
      window.told = [];
      for (const name of ['ready', 'joined', 'left', 'error']) {
        room.addEventListener('bedside:' + name, () => window.told.push(name));
      }
      room.getSecret = async () => ${JSON.stringify(secret)};
    </script></html>`;
}

async function tabOf(who: string): Promise<ChromiumTab> {
  const tab = await on.tab(who);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  return tab as ChromiumTab;
}

function told(tab: ChromiumTab): Promise<unknown> {
  return tab.evaluate(() => Reflect.get(globalThis, 'told'), undefined);
}

test('a page of another origin shows a call, hears of it, and ends it; the secret is in no address', async () => {
  const token = bedside.token({ room: 'embedded', identity: 'guest', name: 'Ann' });
  const tab = await tabOf('guest');
  await tab.goto(`${siteOrigin()}/?secret=${encodeURIComponent(token)}`);
  const frame = tab.page.frameLocator('bedside-room iframe');
  await frame.getByRole('button', { name: 'Join', exact: true }).click({ timeout: 15_000 });
  await frame.locator('[data-testid="call"]').waitFor({ timeout: 20_000 });
  await until({ what: 'the page hears of the call', within: 5_000 }, async () =>
    JSON.stringify(await told(tab)).includes('joined'),
  );
  expect(tab.page.frames().map((one) => one.url())).toContain(`${bedside.url}/frame?language=en`);
  await tab.evaluate(() => {
    const room = document.querySelector('bedside-room');
    const leave: unknown = room === null ? null : Reflect.get(room, 'leave');
    if (typeof leave === 'function') Reflect.apply(leave, room, []);
  }, undefined);
  await frame.getByText('You have left the consultation').waitFor({ timeout: 10_000 });
  expect(await told(tab)).toEqual(['ready', 'joined', 'left']);
}, 60_000);

test('a site that the operator has not named cannot show a visit', async () => {
  const strict = await Bedside.start();
  try {
    const tab = await tabOf('stranger');
    await tab.goto(`${siteOrigin()}/?secret=x`);
    await tab.evaluate((url: string) => {
      const frame = document.createElement('iframe');
      frame.src = `${url}/frame`;
      document.body.append(frame);
    }, strict.url);
    await until({ what: 'the browser refuses the frame', within: 10_000 }, () =>
      tab.console.some((line) => /frame-ancestors/.test(line)),
    );
  } finally {
    await strict.stop();
  }
});
