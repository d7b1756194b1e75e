// Looks at every state that needs no server: takes a picture of each and lets axe judge it.
// Usage: npm run look -w @bedside/web -- FOLDER [part of a name]
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import { serveDist } from './static-server.mjs';

const folder = process.argv[2] ?? 'artifacts';
const only = process.argv[3] ?? '';
await mkdir(folder, { recursive: true });
const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

const SIZES = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 740 } },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  zoom200: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
};
const COMMON = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-sync',
  '--no-first-run',
];
const FAKE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const DENY = ['--use-fake-device-for-media-stream', '--deny-permission-prompts'];

function token(expiresIn = 3600) {
  const claims = {
    sub: 'patient-7',
    name: 'Anna Meyer',
    exp: Math.floor(Date.now() / 1000) + expiresIn,
    video: { roomJoin: true, room: 'demo' },
  };
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

let violations = 0;
const complaints = [];

async function judge(page, name) {
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const result = await globalThis.axe.run(document, { runOnly });
    const sideways = document.documentElement.scrollWidth > document.documentElement.clientWidth;
    return [
      ...result.violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`,
      ),
      ...(sideways ? ['scrolls sideways'] : []),
    ];
  });
  violations += found.length;
  process.stdout.write(`${name}: ${found.length === 0 ? 'ok' : found.join('\n    ')}\n`);
}

async function eachSize(browser, name, open) {
  if (!name.includes(only)) {
    return;
  }
  for (const [size, options] of Object.entries(SIZES)) {
    if (size === 'dark' && name.startsWith('call')) {
      continue; // The call is always dark.
    }
    const context = await browser.newContext({
      ...options,
      reducedMotion: 'reduce',
      bypassCSP: false,
    });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security|Uncaught/i.test(message.text())) {
        complaints.push(`${name}: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => complaints.push(`${name}: ${error.message}`));
    await open(page);
    await judge(page, `${name}-${size}`);
    await context.close();
  }
}

async function withBrowser(args, work) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...COMMON, ...args],
  });
  await work(browser);
  await browser.close();
}

async function joinAndWait(page, origin) {
  await page.goto(`${origin}/#token=${token()}`);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByTestId('problem').waitFor();
}

const ok = await serveDist();
await withBrowser(FAKE, async (browser) => {
  await eachSize(browser, 'entry', (page) => page.goto(ok.origin));
  await eachSize(browser, 'entry-refused', async (page) => {
    await page.goto(ok.origin);
    await page.getByLabel('Link or token').fill('hello');
    await page.getByRole('button', { name: 'Continue' }).click();
  });
  await eachSize(browser, 'lobby', async (page) => {
    await page.goto(`${ok.origin}/#token=${token()}`);
    await page.getByText('You join with camera and microphone on.').waitFor();
    if (page.url().includes('token')) {
      throw new Error('the token stayed in the address bar');
    }
  });
  await eachSize(browser, 'lobby-expired-off', async (page) => {
    await page.goto(`${ok.origin}/#token=${token(-60)}`);
    await page.getByRole('button', { name: 'Turn camera off' }).click();
    await page.getByRole('button', { name: 'Mute microphone', exact: true }).click();
  });
  const ANSWERS = {
    'problem-expired': { status: 401, text: 'token has expired' },
    'problem-refused': { status: 401, text: 'bad signature' },
    'problem-room-missing': { status: 404, text: 'requested room does not exist' },
    'problem-full': { status: 503, text: 'limit' },
  };
  for (const [name, answer] of Object.entries(ANSWERS)) {
    const { server, origin } = await serveDist(answer);
    await eachSize(browser, name, (page) => joinAndWait(page, origin));
    server.close();
  }
  await eachSize(browser, 'problem-unreachable', async (page) => {
    await page.route('**/rtc/**', (route) => route.abort());
    await joinAndWait(page, ok.origin);
  });
});
await withBrowser(DENY, (browser) =>
  eachSize(browser, 'lobby-denied', async (page) => {
    await page.goto(`${ok.origin}/#token=${token()}`);
    await page.getByRole('alert').first().waitFor();
  }),
);
await withBrowser(['--use-fake-ui-for-media-stream'], (browser) =>
  eachSize(browser, 'lobby-no-device', async (page) => {
    await page.goto(`${ok.origin}/#token=${token()}`);
    await page.getByRole('alert').first().waitFor();
  }),
);
ok.server.close();

const vite = await createServer({
  root: new URL('..', import.meta.url).pathname,
  server: { port: 0 },
});
await vite.listen();
const harness = `${vite.resolvedUrls.local[0]}look/index.html`;
const scenes =
  'alone pair phone off three four six screen chat chat-empty blocked trouble reconnecting'.split(
    ' ',
  );
await withBrowser(FAKE, async (browser) => {
  for (const scene of scenes) {
    await eachSize(browser, `call-${scene}`, async (page) => {
      await page.goto(`${harness}?scene=${scene}`);
      await page.getByTestId('call').waitFor();
    });
  }
  await eachSize(browser, 'call-devices', async (page) => {
    await page.goto(`${harness}?scene=pair`);
    await page.getByRole('button', { name: 'Devices' }).click();
  });
});
await vite.close();
process.stdout.write(`${violations} violations, ${complaints.length} complaints\n`);
for (const complaint of complaints) {
  process.stdout.write(`  ${complaint}\n`);
}
process.exit(violations + complaints.length === 0 ? 0 : 1);
