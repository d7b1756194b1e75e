// What every screen owes to everybody: axe finds nothing, nothing runs off sideways, and the one thing to do next is in
// sight and covered by nothing.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Phones upright and on their side, tablets, laptops, a large screen. */
export const SIZES = [
  [320, 568],
  [360, 740],
  [375, 553],
  [390, 664],
  [768, 1024],
  [844, 390],
  [1024, 768],
  [1280, 800],
  [1440, 900],
  [1920, 1080],
] as const;

/** The narrowest and a usual one: for screens that are made of parts which others show at every size. */
export const TWO_SIZES = [
  [320, 568],
  [1280, 800],
] as const;

/** The rules that are broken, each with the elements that break it. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async (tags: readonly string[]) => {
    interface Found {
      readonly id: string;
      readonly nodes: readonly { readonly target: readonly unknown[] }[];
    }
    const axe: unknown = Reflect.get(globalThis, 'axe');
    const run: unknown = typeof axe === 'object' && axe !== null ? Reflect.get(axe, 'run') : null;
    if (typeof run !== 'function') throw new Error('axe is not there');
    const result: { violations: readonly Found[] } = await Reflect.apply(run, axe, [
      document,
      { runOnly: [...tags] },
    ]);
    return result.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`,
    );
  }, TAGS);
}

/** At one size and zoom: what is wrong, in words. `primary`: the one thing to do next, if the screen has one. */
export async function layoutFaults(page: Page, primary: string | null): Promise<string[]> {
  return page.evaluate((selector: string | null) => {
    const faults: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.push(`scrolls sideways by ${scrollWidth - clientWidth}`);
    for (const heading of document.querySelectorAll('h1, h2, h3')) {
      const text = heading.textContent ?? '';
      const { width } = heading.getBoundingClientRect();
      // What is for the ear alone is a pixel wide.
      if (text.length > 8 && width > 2 && width < 64) faults.push(`"${text}" is squeezed`);
    }
    if (selector === null) return faults;
    const element = [...document.querySelectorAll(selector)].find(
      (one) => one.getClientRects().length > 0,
    );
    if (element === undefined) return [...faults, `no ${selector}`];
    const box = element.getBoundingClientRect();
    const outside =
      box.top < 0 || box.left < -1 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
    if (outside) {
      faults.push(`${selector} is out of sight: ${box.top.toFixed()} to ${box.bottom.toFixed()}`);
    }
    const over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!outside && over !== element && !element.contains(over)) {
      faults.push(`${selector} is covered by ${over?.className ?? 'nothing'}`);
    }
    return faults;
  }, primary);
}

/** Every size, each also at 200 %: by zoom where a desktop would, by text size on what is a phone. */
export async function walkSizes(
  page: Page,
  primary: string | null,
  sizes: readonly (readonly [number, number])[] = SIZES,
): Promise<string[]> {
  const faults: string[] = [];
  const setText = (size: string) =>
    page.evaluate((text: string) => {
      document.documentElement.style.fontSize = text;
    }, size);
  for (const [width, height] of sizes) {
    for (const zoom of [1, 2]) {
      const isDesktop = width >= 1024;
      const scale = zoom === 2 && isDesktop ? 2 : 1;
      await page.setViewportSize({ width: width / scale, height: height / scale });
      await setText(zoom === 2 && !isDesktop ? '200%' : '');
      await page.evaluate(() => scrollTo(0, 0));
      await page.waitForTimeout(120);
      const found = await layoutFaults(page, zoom === 2 && !isDesktop ? null : primary);
      faults.push(...found.map((fault) => `${width}x${height} at ${zoom * 100} %: ${fault}`));
    }
  }
  await setText('');
  await page.setViewportSize({ width: 1280, height: 800 });
  return faults;
}
