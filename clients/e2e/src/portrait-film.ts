// Films a drawn person in one Chromium, so that another can show it as its camera.
import { writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { drawPortrait } from './portrait.ts';

export type Sitter = 'practitioner' | 'patient';

/** Frames of one loop: at Chromium's 30 a second, a blink and a breath every four seconds. */
const FRAMES = 120;

/** Writes `sitter`'s film as Motion JPEG, 1280x720, to `path`. */
export async function filmPortrait(browser: Browser, sitter: Sitter, path: string): Promise<void> {
  const page = await browser.newPage();
  await page.addInitScript({ content: 'globalThis.__name ??= (named) => named' });
  await page.goto('about:blank');
  const pictures: Buffer[] = [];
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const picture = await page.evaluate(drawPortrait, { sitter, phase: frame / FRAMES });
    pictures.push(Buffer.from(picture, 'base64'));
  }
  await page.close();
  writeFileSync(path, Buffer.concat(pictures));
}
