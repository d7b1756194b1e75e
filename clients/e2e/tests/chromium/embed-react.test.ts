// The React components of the embed, bundled as a clinic would, in a page of another site.
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { listeningPort } from '../../src/listening-port.ts';
import { axeFindings } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
import type { ChromiumTab } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

const CLIENTS = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** What a clinic writes: the visit, a button that leaves through the handle, and one that takes the visit off the page. */
const SITE = `
  import { createElement as h, StrictMode, useRef, useState } from 'react';
  import { createRoot } from 'react-dom/client';
  import { BedsideRoom } from '${join(CLIENTS, 'embed/src/react.tsx')}';
  const { server, secret } = window.settings;
  window.told = [];
  function Page() {
    const room = useRef(null);
    const [isShown, show] = useState(true);
    return h('main', null,
      h('h1', null, 'Clinic'),
      h('button', { onClick: () => room.current?.setCamera(false) }, 'Camera off'),
      h('button', { onClick: () => show(!isShown) }, isShown ? 'Away' : 'Back'),
      isShown && h(BedsideRoom, {
        server, handle: room, language: 'en', title: 'Visit', style: { height: '700px' },
        getSecret: async () => secret,
        onEvent: (event) => window.told.push(event),
      }));
  }
  createRoot(document.querySelector('#page')).render(h(StrictMode, null, h(Page)));
`;

let browser: Browser;
let site: Server;
let clinic: DemoClinic;

beforeAll(async () => {
  const script = await bundle();
  browser = await launchChromium();
  site = createServer((request, response) => {
    const isScript = request.url === '/site.js';
    response.setHeader('Content-Type', `text/${isScript ? 'javascript' : 'html'}; charset=utf-8`);
    response.end(isScript ? script : page());
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  clinic = await DemoClinic.open(['--embed-origins', siteOrigin()]);
}, 60_000);

afterAll(async () => {
  await clinic?.close();
  site?.close();
  await browser?.close();
});

const on = stage(
  (who) => openChromiumTab(browser, who, { viewport: { width: 1280, height: 900 } }),
  () => clinic?.bedside,
);

function siteOrigin(): string {
  return `http://127.0.0.1:${listeningPort(site)}`;
}

function page(): string {
  const settings = JSON.stringify({ server: clinic.url, secret: clinic.joinLink.split('#')[1] });
  return `<!doctype html><html lang="en"><title>Clinic</title><div id="page"></div>
    <script>window.settings = ${settings};</script>
    <script type="module" src="/site.js"></script></html>`;
}

async function bundle(): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: 'error',
    root: join(CLIENTS, 'web'),
    define: { 'process.env.NODE_ENV': '"development"' },
    build: { write: false, minify: false, rollupOptions: { input: 'site' } },
    plugins: [
      {
        name: 'site',
        resolveId: (id) => (id === 'site' ? join(CLIENTS, 'web/site.js') : null),
        load: (id) => (id === join(CLIENTS, 'web/site.js') ? SITE : null),
      },
    ],
  });
  const [output] = Array.isArray(made) ? made : [made];
  const chunk =
    output !== undefined && 'output' in output
      ? output.output.find((one) => one.type === 'chunk')
      : undefined;
  if (chunk?.type !== 'chunk') throw new Error('nothing was bundled');
  return chunk.code;
}

test('React shows the visit of another site, hears of it, and takes it away again', async () => {
  const tab = await on.tab('patient');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  const { page: seen } = tab as ChromiumTab;
  await tab.goto(siteOrigin());
  const ready = seen
    .frameLocator('bedside-room iframe')
    .getByText('Ready, Asha Otieno?', { exact: true });
  await ready.waitFor({ timeout: 20_000 });
  const told = (): Promise<unknown> =>
    tab.evaluate(() => Reflect.get(globalThis, 'told'), undefined);
  await until({ what: 'the page hears that it is ready', within: 10_000 }, async () =>
    JSON.stringify(await told()).includes('"ready"'),
  );
  // Strict mode begins each effect twice: the script is there once, and each event is told once.
  expect(await seen.locator('script[src$="/embed/v1.js"]').count()).toBe(1);
  expect(await told()).toEqual(['ready']);
  expect(await seen.locator('bedside-room').getAttribute('origin')).toBe(clinic.url);
  expect((await seen.locator('bedside-room').boundingBox())?.height).toBe(700);
  await tab.press('Camera off');
  expect(await axeFindings(seen)).toEqual([]);
  await tab.press('Away');
  await seen.locator('iframe').waitFor({ state: 'detached' });
  // Now the element is one of ours from the beginning.
  await tab.press('Back');
  await ready.waitFor({ timeout: 20_000 });
  expect(tab.console.filter((line) => line.includes('uncaught'))).toEqual([]);
}, 90_000);
