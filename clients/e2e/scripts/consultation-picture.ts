// Takes the README's picture: the doctor's view of a two-party call, 1280x800, through the product's page.
//
//   npm run picture -- [FILE]        (docs/images/consultation.png if not told otherwise)
//
// Each participant is a browser of its own, because a browser has one artificial camera: a drawn portrait.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { Bedside } from '../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../src/chromium.ts';
import { cameraTile, joinByLink, readsMessage, writeMessage } from '../src/consultation-page.ts';
import { seesMovingPicture } from '../src/media.ts';
import { filmPortrait, type Sitter } from '../src/portrait-film.ts';
import { ask } from '../src/tab.ts';
import { pause, until } from '../src/until.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const target = resolve(process.argv[2] ?? join(root, 'docs/images/consultation.png'));
const films = mkdtempSync(join(tmpdir(), 'bedside-portraits-'));
const browsers: Browser[] = [];
const bedside = await Bedside.start({ logFilter: 'warn' });
try {
  const studio = await launchChromium();
  browsers.push(studio);
  const cameras = await Promise.all(
    (['practitioner', 'patient'] as const).map((sitter) => film(studio, sitter)),
  );
  await studio.close();

  const room = 'consultation';
  const [doctor, patient] = await Promise.all(
    cameras.map(async (cameraFile) => {
      const browser = await launchChromium({ cameraFile });
      browsers.push(browser);
      return openChromiumTab(browser, cameraFile, {
        viewport: { width: 1280, height: 800 },
        timezoneId: timeZoneAtNine(),
      });
    }),
  );
  if (doctor === undefined || patient === undefined) throw new Error('two sitters were asked for');
  await joinByLink(doctor, bedside.link({ room, identity: 'doctor', name: 'Dr. Amara Osei' }));
  await joinByLink(patient, bedside.link({ room, identity: 'patient', name: 'Jonas Weber' }));
  await seesMovingPicture(doctor, cameraTile('patient'));
  const conversation = [
    [patient, 'Jonas Weber', 'Good morning! I can see and hear you well.'],
    [doctor, 'Dr. Amara Osei', 'Good morning, Mr. Weber. How have the new tablets been?'],
    [patient, 'Jonas Weber', 'Much better. This morning I measured 128 over 82.'],
    [doctor, 'Dr. Amara Osei', 'That is good news. Let us go through your diary together.'],
  ] as const;
  for (const [writer, name, text] of conversation) {
    await writeMessage(writer, text);
    await readsMessage(writer === doctor ? patient : doctor, name, text);
  }
  // The picture is worth taking once its full size has arrived and the toasts of arrival are gone.
  await until(
    { what: "the patient's picture arrives in full size", within: 30_000, every: 250 },
    async () =>
      (await ask(doctor, 'shown', cameraTile('patient'))).some((shown) => shown.width >= 1280),
  ).catch((error: unknown) =>
    process.stderr.write(`${String(error)}; taking the picture as it is\n`),
  );
  await pause(6_000);
  await doctor.page.mouse.move(640, 5);
  await doctor.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  }, undefined);
  mkdirSync(dirname(target), { recursive: true });
  await doctor.page.screenshot({ path: target });
  process.stdout.write(`${target}\n`);
} finally {
  await Promise.all(browsers.map((browser) => browser.close().catch(() => undefined)));
  await bedside.stop();
  rmSync(films, { recursive: true, force: true });
}

async function film(studio: Browser, sitter: Sitter): Promise<string> {
  const path = join(films, `${sitter}.mjpeg`);
  await filmPortrait(studio, sitter, path);
  return path;
}

/** Where it is between nine and ten in the morning now. The signs of `Etc/GMT` zones are reversed. */
function timeZoneAtNine(): string {
  const ahead = ((9 - new Date().getUTCHours() + 36) % 24) - 12;
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}
