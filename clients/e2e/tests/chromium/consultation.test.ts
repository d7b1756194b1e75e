// A consultation in Chromium through the product's page: two participants, then three.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import {
  BUTTON,
  cameraIsOff,
  cameraTile,
  inCall,
  joinByLink,
  leaveCall,
  LEAVE_SEEN_WITHIN_MS,
  microphoneIsOff,
  ON_PAGE,
  readsMessage,
  screenTile,
  SWITCH_SEEN_WITHIN_MS,
  untilAbsent,
  untilPresent,
  writeMessage,
} from '../../src/consultation-page.ts';
import { decodesMoreFrames, hearsNothing, hearsTone, seesMovingPicture } from '../../src/media.ts';
import { stage } from '../../src/stage.ts';
import type { Tab } from '../../src/tab.ts';
import { until, untilHeld } from '../../src/until.ts';

let bedside: Bedside;
let browser: Browser;
let visits = 0;

beforeAll(async () => {
  bedside = await Bedside.start();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await bedside?.stop();
});

const on = stage(
  (who) => openChromiumTab(browser, who),
  () => bedside,
);

/** A doctor and a patient in a room of their own. */
async function consultation(): Promise<{ room: string; doctor: Tab; patient: Tab }> {
  visits += 1;
  const room = `visit-${visits}`;
  return { room, doctor: await enter(room, 'doctor'), patient: await enter(room, 'patient') };
}

async function enter(room: string, identity: string): Promise<Tab> {
  const tab = await on.tab(identity);
  await joinByLink(tab, bedside.link({ room, identity, name: `${identity} name` }));
  return tab;
}

test('the two printed links lead two people into one room where each sees and hears the other', async () => {
  const [doctorLink, patientLink] = bedside.printedLinks();
  if (doctorLink === undefined || patientLink === undefined)
    throw new Error(`no links in:\n${bedside.log}`);
  const doctor = await on.tab('doctor');
  const patient = await on.tab('patient');
  await joinByLink(doctor, doctorLink);
  await joinByLink(patient, patientLink);
  await seesMovingPicture(doctor, cameraTile(identityIn(patientLink)));
  await seesMovingPicture(patient, cameraTile(identityIn(doctorLink)));
  await hearsTone(doctor);
  await hearsTone(patient);
});

test("each sees the other's moving picture", async () => {
  const { doctor, patient } = await consultation();
  await seesMovingPicture(doctor, cameraTile('patient'));
  await seesMovingPicture(patient, cameraTile('doctor'));
});

test("each hears the other's tone", async () => {
  const { doctor, patient } = await consultation();
  await hearsTone(doctor);
  await hearsTone(patient);
});

test("a chat message arrives in both directions under the sender's name", async () => {
  const { doctor, patient } = await consultation();
  await writeMessage(doctor, 'How did you sleep?');
  await readsMessage(patient, 'doctor name', 'How did you sleep?');
  await writeMessage(patient, 'Quite well, thank you – ça va mieux 🙂');
  await readsMessage(doctor, 'patient name', 'Quite well, thank you – ça va mieux 🙂');
});

test('a mute is seen within a second, silences, and ends', async () => {
  const { doctor, patient } = await consultation();
  await hearsTone(patient);
  expect(await microphoneIsOff(patient, 'doctor')).toBe(false);
  await doctor.press(BUTTON.mute);
  await seenSoon('the mute', async () => (await microphoneIsOff(patient, 'doctor')) === true);
  await hearsNothing(patient);
  await doctor.press(BUTTON.unmute);
  await seenSoon(
    'the end of the mute',
    async () => (await microphoneIsOff(patient, 'doctor')) === false,
  );
  await hearsTone(patient);
});

test('a camera that is switched off is seen within a second, and its picture returns', async () => {
  const { doctor, patient } = await consultation();
  await seesMovingPicture(doctor, cameraTile('patient'));
  expect(await cameraIsOff(doctor, 'patient')).toBe(false);
  await patient.press(BUTTON.cameraOff);
  await seenSoon("the camera's end", async () => (await cameraIsOff(doctor, 'patient')) === true);
  await patient.press(BUTTON.cameraOn);
  await until(
    { what: 'the doctor sees that the camera is on', within: 5_000 },
    async () => (await cameraIsOff(doctor, 'patient')) === false,
  );
  await seesMovingPicture(doctor, cameraTile('patient'));
});

test('a shared screen is seen beside the camera, and goes when sharing ends', async () => {
  const { doctor, patient } = await consultation();
  await doctor.press(BUTTON.shareScreen);
  await untilPresent(patient, screenTile('doctor'), 10_000);
  // A screen need not move: its frames must decode. The camera beside it must still move.
  const screen = await until({ what: 'the shared screen decodes', within: 10_000 }, () =>
    decodedTrackIn(patient, screenTile('doctor')),
  );
  const camera = await seesMovingPicture(patient, cameraTile('doctor'));
  expect(camera.trackId).not.toBe(screen);
  await doctor.press(BUTTON.stopSharing);
  await untilAbsent(patient, screenTile('doctor'), 3_000);
  await decodesMoreFrames(patient, camera.trackId, 10, 5_000);
});

test("who leaves by the button is gone from the other's page within two seconds", async () => {
  const { doctor, patient } = await consultation();
  await untilPresent(doctor, cameraTile('patient'), 5_000);
  await leaveCall(patient);
  await untilAbsent(doctor, cameraTile('patient'), LEAVE_SEEN_WITHIN_MS);
  await untilAbsent(patient, ON_PAGE.call, 2_000);
});

test("who closes the tab is gone from the other's page within two seconds", async () => {
  const { doctor, patient } = await consultation();
  await untilPresent(doctor, cameraTile('patient'), 5_000);
  await patient.close();
  await untilAbsent(doctor, cameraTile('patient'), LEAVE_SEEN_WITHIN_MS);
});

test('a reload brings a participant back into the call, seen and heard once', async () => {
  const { doctor, patient } = await consultation();
  await seesMovingPicture(doctor, cameraTile('patient'));
  await patient.reload();
  await inCall(patient);
  await seesMovingPicture(patient, cameraTile('doctor'));
  await seesMovingPicture(doctor, cameraTile('patient'));
  await hearsTone(doctor);
  await hearsTone(patient);
  await untilHeld(
    { what: 'the doctor sees the patient exactly once', within: 3_000, held: 1_000 },
    () =>
      doctor.evaluate(
        (tile: string) => document.querySelectorAll(tile).length === 1,
        cameraTile('patient'),
      ),
  );
});

test('three participants each see and hear the two others', async () => {
  const { room, doctor, patient } = await consultation();
  const interpreter = await enter(room, 'interpreter');
  const tabs = [doctor, patient, interpreter];
  for (const tab of tabs) {
    for (const other of tabs) {
      if (other !== tab) await seesMovingPicture(tab, cameraTile(other.who), 15_000);
    }
    await hearsTone(tab, 2);
  }
  await leaveCall(interpreter);
  await untilAbsent(doctor, cameraTile('interpreter'), LEAVE_SEEN_WITHIN_MS);
  await untilAbsent(patient, cameraTile('interpreter'), LEAVE_SEEN_WITHIN_MS);
  await seesMovingPicture(doctor, cameraTile('patient'));
});

async function seenSoon(what: string, seen: () => Promise<boolean>): Promise<void> {
  await until({ what: `${what} is seen`, within: SWITCH_SEEN_WITHIN_MS, every: 20 }, seen);
}

/** The received track shown in `scope`, once frames of it have been decoded. */
async function decodedTrackIn(tab: Tab, scope: string): Promise<string | undefined> {
  return tab.evaluate(async (wanted: string) => {
    const probe = window.bedsideProbe;
    const shown = probe?.shown(wanted) ?? [];
    const received = (await probe?.inbound('video')) ?? [];
    return shown.find((one) =>
      received.some((stream) => stream.trackId === one.trackId && stream.framesDecoded > 0),
    )?.trackId;
  }, scope);
}

function identityIn(link: string): string {
  const claims = Buffer.from(link.split('#token=')[1]?.split('.')[1] ?? '', 'base64url').toString();
  const parsed: unknown = JSON.parse(claims);
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'sub' in parsed &&
    typeof parsed.sub === 'string'
  )
    return parsed.sub;
  throw new Error(`no identity in ${claims}`);
}
