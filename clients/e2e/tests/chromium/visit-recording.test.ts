// A booked visit is recorded: the doctor asks, both agree, and what was recorded is in the patient's record and nowhere else.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { ON_PAGE, untilAbsent, untilPresent } from '../../src/consultation-page.ts';
import { DemoClinic } from '../../src/demo-clinic.ts';
import { axeFindings } from '../../src/screen-check.ts';
import { stage } from '../../src/stage.ts';
import { type ChromiumTab, untilVisible, visibleText } from '../../src/tab.ts';
import { pause, until } from '../../src/until.ts';
import { sees } from '../../src/visit-steps.ts';

const PROMPT = '.recording-prompt';
const RECORDED = '.chip[data-recorded="true"]';
const DETAILS = 'Encrypted on the way';

let browser: Browser;
let clinic: DemoClinic;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bedside-visit-recording-'));
  browser = await launchChromium();
  clinic = await DemoClinic.open(['--recording-dir', join(folder, 'recordings')]);
});

afterAll(async () => {
  await clinic?.close();
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const on = stage(
  (who) => openChromiumTab(browser, who, { viewport: { width: 1280, height: 800 } }),
  () => clinic?.bedside,
);

async function tabOf(who: string): Promise<ChromiumTab> {
  const tab = await on.tab(who);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  return tab as ChromiumTab;
}

/** Films that lie in the media server's folder. */
function films(): readonly string[] {
  const at = join(folder, 'recordings');
  const found = existsSync(at) ? readdirSync(at, { recursive: true, encoding: 'utf8' }) : [];
  return found.filter((name) => name.endsWith('.webm'));
}

test('the doctor asks, the patient agrees, and the film is played from the record', async () => {
  const patient = await tabOf('patient');
  await patient.goto(clinic.joinLink);
  await untilVisible(patient, /Ready, Asha Otieno\?/, 15_000);
  await patient.page.getByLabel(/I agree to meet by video/).check();
  await patient.press('I am ready');
  await untilPresent(patient, '[data-testid="waiting-room"]', 10_000);
  const doctor = await tabOf('doctor');
  await clinic.signInAsDoctor(doctor);
  await doctor.page.getByRole('link', { name: 'Let Asha Otieno in' }).click();
  await untilPresent(patient, ON_PAGE.call, 20_000);
  await doctor.press('Join');
  await untilPresent(doctor, ON_PAGE.call, 20_000);
  await Promise.all([sees(patient), sees(doctor)]);

  await patient.press(DETAILS);
  expect(await visibleText(patient)).not.toMatch(/Ask everyone, then record/);
  await patient.press('Close');
  await doctor.press(DETAILS);
  await doctor.press('Ask everyone, then record');
  await doctor.press('Close');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, PROMPT, 5_000)));
  await doctor.press('Yes, it may be recorded');
  await untilAbsent(doctor, PROMPT, 5_000);
  await pause(1_000);
  await untilAbsent(patient, RECORDED, 0);
  expect(films()).toEqual([]);
  await patient.press('Yes, it may be recorded');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, RECORDED, 5_000)));
  await until({ what: 'both are written', within: 10_000 }, () => films().length === 2);
  await pause(5_000);

  await doctor.press(DETAILS);
  await doctor.press('End the recording');
  await doctor.press('Close');
  await Promise.all([doctor, patient].map((tab) => untilAbsent(tab, RECORDED, 5_000)));
  await until({ what: 'the record has it', within: 20_000 }, () => films().length === 0);

  const { page } = doctor;
  const panel = page.locator('.note-panel');
  await panel.getByText('Recordings of this visit', { exact: true }).click();
  const ready = panel.locator('[data-testid="document"][data-state="ready"]');
  await expect.poll(() => ready.count(), { timeout: 15_000 }).toBe(3);
  for (const who of ['patient', 'practitioner']) {
    expect(await ready.filter({ hasText: `${who} PA_` }).count()).toBe(1);
  }
  expect(await axeFindings(page)).toEqual([]);
  const shown = ready.filter({ hasText: 'patient PA_' });
  const address = await shown.getByRole('link').getAttribute('href');
  const ranges: string[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith(String(address)) && response.status() === 206) {
      ranges.push(response.headers()['content-range'] ?? '');
    }
  });
  await shown.getByRole('button', { name: /^Play/ }).click();
  const film = page.getByTestId('film');
  await film.evaluate(async (video) => {
    if (video instanceof HTMLVideoElement) {
      video.muted = true;
      await video.play();
    }
  });
  await page.waitForFunction(
    () => {
      const video = document.querySelector('[data-testid="film"]');
      return video instanceof HTMLVideoElement && video.videoWidth > 0 && video.currentTime > 1;
    },
    undefined,
    { timeout: 15_000 },
  );
  expect(ranges.length).toBeGreaterThan(0);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

  const at = `${clinic.url}${address}`;
  const part = await page.context().request.get(at, { headers: { Range: 'bytes=0-3' } });
  expect(part.status()).toBe(206);
  expect([...(await part.body())]).toEqual([0x1a, 0x45, 0xdf, 0xa3]);
  const whole = await page.context().request.get(at);
  const saved = join(folder, 'film.webm');
  writeFileSync(saved, await whole.body());
  const asTheyCome = ['-vsync', 'passthrough', '-enc_time_base', '-1'];
  const parameters = ['-v', 'error', '-xerror', '-i', saved, ...asTheyCome, '-f', 'null', '-'];
  const played = spawnSync('ffmpeg', parameters);
  expect([played.stderr.toString(), played.status]).toEqual(['', 0]);

  // Who came by a link sees the call, and nothing of the record.
  expect((await patient.page.context().request.get(at)).ok()).toBe(false);
}, 240_000);
