// A visit is recorded in the server once everybody has said yes on the page, and not a moment longer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { joinByLink, untilAbsent, untilPresent } from '../../src/consultation-page.ts';
import { stage } from '../../src/stage.ts';
import { axeFindings } from '../../src/screen-check.ts';
import { type ChromiumTab, type Tab, untilVisible, visibleText } from '../../src/tab.ts';
import { pause, until } from '../../src/until.ts';

const PROMPT = '.recording-prompt';
const RECORDED = '.chip[data-recorded="true"]';
const ROOM = 'recorded-visit';

interface Manifest {
  readonly status: string;
  readonly files: readonly {
    readonly name: string;
    readonly duration_ms: number;
    readonly identity: string;
    readonly tracks: readonly { readonly mime_type: string; readonly frames: number }[];
  }[];
}

let bedside: Bedside;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bedside-recordings-'));
  bedside = await Bedside.start({ arguments: ['--recording-dir', folder] });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await bedside?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const on = stage(
  (who) => openChromiumTab(browser, who),
  () => bedside,
);

async function enter(
  identity: string,
  room = ROOM,
  grants: Readonly<Record<string, unknown>> = {},
): Promise<Tab> {
  const tab = await on.tab(identity);
  await joinByLink(
    tab,
    bedside.link({ room, identity, grants: { roomJoin: true, room, ...grants } }),
  );
  return tab;
}

async function call(method: string): Promise<void> {
  const token = bedside.token({
    room: ROOM,
    identity: 'clinic',
    grants: { roomRecord: true, room: ROOM },
  });
  const answer = await fetch(`${bedside.url}/twirp/bedside.Recording/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ room: ROOM }),
  });
  expect(answer.status).toBe(200);
}

function manifest(): { readonly at: string; readonly read: Manifest } {
  const [recording = ''] = readdirSync(folder);
  const at = join(folder, recording);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { at, read: JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8')) as Manifest };
}

test('both are asked, both say yes, one takes it back; what was recorded between is played', async () => {
  const [doctor, patient] = [await enter('doctor'), await enter('patient')];
  await call('StartRecording');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, PROMPT, 5_000)));
  await doctor.press('Yes, it may be recorded');
  await untilAbsent(doctor, PROMPT, 5_000);
  await pause(1_000);
  await untilAbsent(patient, RECORDED, 0);
  await patient.press('Yes, it may be recorded');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, RECORDED, 5_000)));
  await pause(5_000);

  await patient.press('Encrypted on the way');
  await patient.press('Do not record me any more');
  await Promise.all([doctor, patient].map((tab) => untilAbsent(tab, RECORDED, 3_000)));
  await call('StopRecording');
  await until(
    { what: 'the files are closed', within: 10_000 },
    () => manifest().read.status === 'complete',
  );

  const { at, read } = manifest();
  expect(read.files.map((file) => file.identity).toSorted()).toEqual(['doctor', 'patient']);
  for (const file of read.files) {
    expect(file.duration_ms).toBeGreaterThan(4_000);
    expect(file.tracks.map((track) => track.mime_type).toSorted()).toEqual([
      'audio/opus',
      'video/VP8',
    ]);
    // Frames of a camera come as they come: not in the steps of a rate.
    const asTheyCome = ['-vsync', 'passthrough', '-enc_time_base', '-1'];
    const source = join(at, file.name);
    const parameters = ['-v', 'error', '-xerror', '-i', source, ...asTheyCome, '-f', 'null', '-'];
    const played = spawnSync('ffmpeg', parameters);
    expect(played.stderr.toString()).toBe('');
    expect(played.status).toBe(0);
  }
});

test('who may record does so from the page: starts, pauses, goes on, ends; who may not is shown no button', async () => {
  const doctor = await enter('doctor', 'led-visit', { roomRecord: true });
  const patient = await enter('patient', 'led-visit');
  const open = 'Encrypted on the way';
  await patient.press(open);
  expect(await visibleText(patient)).not.toMatch(/Ask everyone, then record/);
  await patient.press('Close');

  await doctor.press(open);
  await doctor.press('Ask everyone, then record');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
  expect(await axeFindings((doctor as ChromiumTab).page)).toEqual([]);
  await doctor.press('Close');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, PROMPT, 5_000)));
  await doctor.press('Yes, it may be recorded');
  await untilAbsent(doctor, RECORDED, 0);
  await patient.press('Yes, it may be recorded');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, RECORDED, 5_000)));

  await doctor.press(open);
  await doctor.press('Pause the recording');
  await Promise.all([doctor, patient].map((tab) => untilAbsent(tab, RECORDED, 5_000)));
  await doctor.press('Go on recording');
  await Promise.all([doctor, patient].map((tab) => untilPresent(tab, RECORDED, 5_000)));
  await doctor.press('End the recording');
  await Promise.all([doctor, patient].map((tab) => untilAbsent(tab, RECORDED, 5_000)));
  await untilVisible(doctor, /Ask everyone, then record/, 5_000);
});
