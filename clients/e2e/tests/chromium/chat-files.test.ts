// Files in the chat of a call: they go from person to person, whole; what cannot be sent is told, and nothing of it is sent.
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { joinByLink, openChat } from '../../src/consultation-page.ts';
import { axeFindings, layoutFaults, SIZES } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
import { type ChromiumTab, untilVisible } from '../../src/tab.ts';

const MEBI = 1024 * 1024;
let bedside: Bedside;
let browser: Browser;

beforeAll(async () => {
  bedside = await Bedside.start();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await bedside?.stop();
});

const on = stage(
  (who) => openChromiumTab(browser, who, { viewport: { width: 1280, height: 800 } }),
  () => bedside,
);

async function enter(identity: string): Promise<ChromiumTab> {
  const tab = await on.tab(identity);
  await joinByLink(tab, bedside.link({ room: 'files', identity, name: `${identity} name` }));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  return tab as ChromiumTab;
}

test('a picture of 5 MiB arrives whole and can be saved; what is too large, or no picture, PDF or text, is refused in words', async () => {
  const doctor = await enter('doctor');
  const patient = await enter('patient');
  const scan = Buffer.alloc(5 * MEBI);
  for (let at = 0; at < scan.length; at += 4)
    scan.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
  await openChat(patient);
  await openChat(doctor);
  const input = patient.page.getByTestId('chat-file');
  await input.setInputFiles({ name: 'scan.png', mimeType: 'image/png', buffer: scan });
  await untilVisible(doctor, /patient name[\s\S]*scan\.png/, 10_000);
  const link = doctor.page.getByRole('link', { name: 'scan.png Save' });
  await link.waitFor({ timeout: 30_000 });
  const saved = doctor.page.waitForEvent('download');
  await link.press('Enter');
  const file = await saved;
  expect(file.suggestedFilename()).toBe('scan.png');
  expect(Buffer.compare(readFileSync(await file.path()), scan)).toBe(0);
  // The sender is told that it is there: nothing is under way any more.
  await expect
    .poll(() => patient.page.locator('.message-file progress').count(), { timeout: 10_000 })
    .toBe(0);
  expect(await patient.page.getByText('Not delivered').count()).toBe(0);

  const film = Buffer.alloc(10 * MEBI + 1);
  await input.setInputFiles({ name: 'long.png', mimeType: 'image/png', buffer: film });
  await untilVisible(patient, /The file has 10\.5 MB; at most 10\.5 MB can be sent here/, 5_000);
  const page = { mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') };
  await input.setInputFiles({ name: 'page.html', ...page });
  await untilVisible(patient, /Only pictures \(JPEG, PNG, WebP, HEIC\), PDF and plain text/, 5_000);
  expect(await doctor.page.getByTestId('message').count()).toBe(1);

  // By keyboard: the button opens the browser's own chooser.
  const chooser = patient.page.waitForEvent('filechooser');
  await patient.page.getByRole('button', { name: 'Send a file' }).press('Enter');
  const note = { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('Twice a day.') };
  await (await chooser).setFiles(note);
  await untilVisible(doctor, /note\.txt/, 10_000);
  await untilVisible(patient, /You[\s\S]*note\.txt/, 5_000);
  expect(await patient.page.getByText('Only pictures').count()).toBe(0);
  expect(await axeFindings(patient.page)).toEqual([]);
  expect(await axeFindings(doctor.page)).toEqual([]);
  const faults: string[] = [];
  for (const [width, height] of SIZES) {
    await patient.page.setViewportSize({ width, height });
    await patient.page.waitForTimeout(150);
    const found = await layoutFaults(patient.page, '.chat-row .icon-button');
    faults.push(...found.map((fault) => `${width}x${height}: ${fault}`));
  }
  expect(faults).toEqual([]);
}, 120_000);

test('what another program sends against the rules is not offered', async () => {
  const doctor = await enter('doctor');
  const patient = await enter('patient');
  await openChat(doctor);
  await openChat(patient);
  // A program of somebody's own that joins with the same right to write, and keeps to no rule.
  const input = patient.page.getByTestId('chat-file');
  await patient.page.evaluate(() => {
    // The page's own check sees a harmless name once.
    let asked = 0;
    Object.defineProperty(File.prototype, 'name', {
      get: () => (asked++ < 1 ? 'letter.pdf' : 'letter.exe'),
      configurable: true,
    });
  });
  await input.setInputFiles({
    name: 'letter.exe',
    mimeType: 'application/pdf',
    buffer: Buffer.from('MZ'),
  });
  await untilVisible(doctor, /letter\.exe[\s\S]*Not delivered/, 15_000);
  expect(await doctor.page.getByRole('link', { name: /letter/ }).count()).toBe(0);
}, 60_000);
