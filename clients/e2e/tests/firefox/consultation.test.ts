// Firefox and Chromium meet through the product's page, with the server, in a network namespace (scripts/run.mjs).
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
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
  readsMessage,
  screenTile,
  SWITCH_SEEN_WITHIN_MS,
  untilAbsent,
  untilPresent,
  writeMessage,
} from '../../src/consultation-page.ts';
import { launchFirefox, openFirefoxTab } from '../../src/firefox.ts';
import { hearsNothing, hearsTone, seesMovingPicture } from '../../src/media.ts';
import { stage } from '../../src/stage.ts';
import type { Tab } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

let bedside: Bedside;
let chromium: ChromiumBrowser;
let firefox: FirefoxBrowser;
let visits = 0;

beforeAll(async () => {
  const mediaAddress = process.env['BEDSIDE_E2E_ADDRESS'];
  if (mediaAddress === undefined)
    throw new Error('run me through scripts/run.mjs: Firefox refuses 127.0.0.1');
  bedside = await Bedside.start({ mediaAddress });
  chromium = await launchChromium();
  firefox = await launchFirefox();
});

afterAll(async () => {
  await firefox?.close();
  await chromium?.close();
  await bedside?.stop();
});

const on = stage(
  (who) =>
    who.endsWith('firefox') ? openFirefoxTab(firefox, who) : openChromiumTab(chromium, who),
  () => bedside,
);

/** The doctor on Firefox, the patient on Chromium, the former first; or the other way round. */
async function consultation(
  first: 'firefox' | 'chromium' = 'firefox',
): Promise<{ firefox: Tab; chromium: Tab }> {
  visits += 1;
  const room = `visit-${visits}`;
  const tabs = { firefox: await on.tab('on-firefox'), chromium: await on.tab('on-chromium') };
  for (const which of [first, first === 'firefox' ? 'chromium' : 'firefox'] as const) {
    const identity = `on-${which}`;
    await joinByLink(tabs[which], bedside.link({ room, identity, name: `${identity} name` }));
  }
  return tabs;
}

test.each(['firefox', 'chromium'] as const)(
  '%s first: each sees and hears the other',
  async (first) => {
    const tabs = await consultation(first);
    await seesMovingPicture(tabs.firefox, cameraTile('on-chromium'), 20_000);
    await seesMovingPicture(tabs.chromium, cameraTile('on-firefox'), 20_000);
    await hearsTone(tabs.firefox);
    await hearsTone(tabs.chromium);
  },
);

test("a chat message arrives in both directions under the sender's name", async () => {
  const tabs = await consultation();
  await writeMessage(tabs.firefox, 'How did you sleep?');
  await readsMessage(tabs.chromium, 'on-firefox name', 'How did you sleep?');
  await writeMessage(tabs.chromium, 'Well, thank you');
  await readsMessage(tabs.firefox, 'on-chromium name', 'Well, thank you');
});

test('mute and camera-off are seen within a second in both directions', async () => {
  const tabs = await consultation();
  await seesMovingPicture(tabs.firefox, cameraTile('on-chromium'), 20_000);
  await seesMovingPicture(tabs.chromium, cameraTile('on-firefox'), 20_000);
  for (const [actor, witness, identity] of [
    [tabs.firefox, tabs.chromium, 'on-firefox'],
    [tabs.chromium, tabs.firefox, 'on-chromium'],
  ] as const) {
    expect(await microphoneIsOff(witness, identity)).toBe(false);
    await actor.press(BUTTON.mute);
    await seenSoon('the mute', async () => (await microphoneIsOff(witness, identity)) === true);
    await actor.press(BUTTON.cameraOff);
    await seenSoon("the camera's end", async () => (await cameraIsOff(witness, identity)) === true);
    await hearsNothing(witness);
    await actor.press(BUTTON.cameraOn);
    await actor.press(BUTTON.unmute);
    await seesMovingPicture(witness, cameraTile(identity), 15_000);
    await hearsTone(witness);
  }
});

test("Firefox sees Chromium's screen beside its camera", async () => {
  const tabs = await consultation();
  await tabs.chromium.press(BUTTON.shareScreen);
  await untilPresent(tabs.firefox, screenTile('on-chromium'), 10_000);
  await seesMovingPicture(tabs.firefox, cameraTile('on-chromium'), 20_000);
  await until({ what: 'Firefox decodes two pictures', within: 10_000 }, () =>
    tabs.firefox.evaluate(async () => {
      const inbound = (await window.bedsideProbe?.inbound('video')) ?? [];
      return inbound.filter((one) => one.framesDecoded > 0).length === 2;
    }, undefined),
  );
});

test('a reload of Firefox brings it back into the call', async () => {
  const tabs = await consultation();
  await seesMovingPicture(tabs.chromium, cameraTile('on-firefox'), 20_000);
  await tabs.firefox.reload();
  await inCall(tabs.firefox);
  await seesMovingPicture(tabs.firefox, cameraTile('on-chromium'), 20_000);
  await seesMovingPicture(tabs.chromium, cameraTile('on-firefox'), 20_000);
});

test('each sees the other leave within two seconds', async () => {
  const tabs = await consultation();
  await untilPresent(tabs.chromium, cameraTile('on-firefox'), 5_000);
  await leaveCall(tabs.firefox);
  await untilAbsent(tabs.chromium, cameraTile('on-firefox'), LEAVE_SEEN_WITHIN_MS);
  const again = await consultation('chromium');
  await untilPresent(again.firefox, cameraTile('on-chromium'), 5_000);
  await leaveCall(again.chromium);
  await untilAbsent(again.firefox, cameraTile('on-chromium'), LEAVE_SEEN_WITHIN_MS);
});

async function seenSoon(what: string, seen: () => Promise<boolean>): Promise<void> {
  await until({ what: `${what} is seen`, within: SWITCH_SEEN_WITHIN_MS, every: 20 }, seen);
}
