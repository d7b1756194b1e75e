// How soon pages are there and answer, on the demo data: largest contentful paint, and the longest time from a press to
// the next frame. Wants an otherwise idle machine.
//
//   npm run page-speed -- [ROUNDS]
import type { Page } from 'playwright-core';
import { launchChromium, openChromiumTab } from '../src/chromium.ts';
import { DemoClinic } from '../src/demo-clinic.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const SCREENS = ['/', '/find', '/sign-in'] as const;

/** Before the page's own code: what the browser tells of paints and presses. */
function watch(): void {
  const seen = { paintMs: 0, pressMs: 0 };
  Reflect.set(globalThis, 'seen', seen);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.paintMs = entry.startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  const presses: PerformanceObserverInit & { durationThreshold: number } = {
    type: 'event',
    buffered: true,
    durationThreshold: 16,
  };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (['click', 'pointerup', 'keydown', 'change', 'input'].includes(entry.name))
        seen.pressMs = Math.max(seen.pressMs, entry.duration);
    }
  }).observe(presses);
}

async function seenBy(page: Page, name: 'paintMs' | 'pressMs'): Promise<number> {
  await page.waitForTimeout(400);
  return page.evaluate(
    (field) => Number(Reflect.get(Reflect.get(globalThis, 'seen'), field)),
    name,
  );
}

const found = new Map<string, number[]>();
const note = (what: string, ms: number): void => {
  found.set(what, [...(found.get(what) ?? []), ms]);
};

const browser = await launchChromium();
const clinic = await DemoClinic.open();
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const path of SCREENS) {
      const tab = await openChromiumTab(browser, 'reader', {
        viewport: { width: 390, height: 844 },
      });
      await tab.page.addInitScript(watch);
      await tab.goto(`${clinic.url}${path}`);
      await tab.page.locator('h1').waitFor();
      if (path === '/find') await tab.page.locator('.doctor-action').first().waitFor();
      note(`paint ${path}`, await seenBy(tab.page, 'paintMs'));
      if (path === '/find') {
        await tab.page.getByLabel('Order').selectOption('name');
        await tab.page.getByRole('link', { name: /See times of Dr. Njeri/ }).click();
        await tab.page.locator('.time').first().waitFor();
        await tab.page
          .locator('.day')
          .nth(1)
          .click()
          .catch(() => undefined);
        await tab.page.getByRole('button', { name: 'Menu' }).click();
        note('press, find and times', await seenBy(tab.page, 'pressMs'));
      }
      await tab.close();
    }
    const guest = await openChromiumTab(browser, 'guest', {
      viewport: { width: 390, height: 844 },
    });
    await guest.page.addInitScript(watch);
    await guest.goto(clinic.joinLink);
    await guest.page.locator('h1').waitFor();
    note('paint /join', await seenBy(guest.page, 'paintMs'));
    await guest.close();
  }
} finally {
  await clinic.close();
  await browser.close();
}
for (const [what, all] of found) {
  const sorted = all.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  process.stdout.write(
    `${what}: median ${median.toFixed()} ms, most ${(sorted.at(-1) ?? 0).toFixed()} ms of ${sorted.length}\n`,
  );
}
