// Who may not join reads why, in the page's words; and so does who cannot reach the server.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import {
  BUTTON,
  cameraTile,
  joinByLink,
  ON_PAGE,
  untilPresent,
} from '../../src/consultation-page.ts';
import { mint } from '../../src/join-token.ts';
import { seesMovingPicture } from '../../src/media.ts';
import { stage } from '../../src/stage.ts';
import { type Tab, untilVisible, visibleText } from '../../src/tab.ts';

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
  (who) => openChromiumTab(browser, who),
  () => bedside,
);
const REFUSED_WITHIN_MS = 10_000;

/** Opens the link; resolves once the page reads `message`, without Join pressed, and makes sure that no call began. */
async function refused(link: string, message: RegExp): Promise<Tab> {
  const tab = await on.tab('visitor');
  await tab.goto(link);
  await untilVisible(tab, message, REFUSED_WITHIN_MS);
  expect(
    await tab.evaluate((call: string) => document.querySelector(call) === null, ON_PAGE.call),
  ).toBe(true);
  return tab;
}

/** The same for what the server only finds out when somebody joins. */
async function refusedAtJoining(link: string, message: RegExp): Promise<void> {
  const tab = await on.tab('visitor');
  await tab.goto(link);
  await tab.press(BUTTON.join);
  await untilVisible(tab, message, REFUSED_WITHIN_MS);
  expect(
    await tab.evaluate((call: string) => document.querySelector(call) === null, ON_PAGE.call),
  ).toBe(true);
}

test('an expired link is refused with its reason', async () => {
  await refused(
    bedside.link({ room: 'refusals', identity: 'late', ttlSeconds: -3600 }),
    /This link has expired[\s\S]*Ask your practice for a new one/,
  );
});

test('a forged signature is refused', async () => {
  const forged = mint({
    room: 'refusals',
    identity: 'intruder',
    secret: 'not the secret of this server, by far',
  });
  await refused(bedside.linkWith(forged), /This link was not accepted/);
});

test('claims changed after signing are refused', async () => {
  const [head, body = '', signature] = bedside
    .token({ room: 'refusals', identity: 'patient' })
    .split('.');
  const claims = Buffer.from(body, 'base64url').toString().replace('"patient"', '"doctor2"');
  const altered = [head, Buffer.from(claims).toString('base64url'), signature].join('.');
  await refused(bedside.linkWith(altered), /This link was not accepted/);
});

test('an unsigned token (alg none) is refused', async () => {
  const [, body] = bedside.token({ room: 'refusals', identity: 'patient' }).split('.');
  const head = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  await refused(bedside.linkWith(`${head}.${body}.AA`), /This link was not accepted/);
});

test('a token of an unknown key is refused', async () => {
  await refused(
    bedside.linkWith(mint({ room: 'refusals', identity: 'stranger', key: 'another-clinic' })),
    /This link was not accepted/,
  );
});

test('a token that does not admit to its room is refused', async () => {
  await refused(
    bedside.link({
      room: 'refusals',
      identity: 'outsider',
      grants: { room: 'refusals', roomList: true },
    }),
    /This link was not accepted|You may not join this consultation/,
  );
});

test('a token for another room leads into that room only, and never shows this one', async () => {
  const inside = await on.tab('inside');
  await joinByLink(inside, bedside.link({ room: 'right-room', identity: 'inside' }));
  const astray = await on.tab('astray');
  await joinByLink(astray, bedside.link({ room: 'wrong-room', identity: 'astray' }));
  const third = await on.tab('third');
  await joinByLink(third, bedside.link({ room: 'right-room', identity: 'third' }));
  // The third arrival is seen inside; by then, a leak into the wrong room would have been seen as well.
  await seesMovingPicture(inside, cameraTile('third'));
  expect(await tiles(astray)).toEqual(['astray']);
  expect((await tiles(inside)).toSorted()).toEqual(['inside', 'third']);
});

test('text that is no token is refused before the server is asked', async () => {
  const tab = await on.tab('visitor');
  await tab.goto(bedside.linkWith('this-is-not-a-token'));
  await untilVisible(tab, /This is not a complete link/, REFUSED_WITHIN_MS);
});

test('a token that names no room is refused before the server is asked', async () => {
  const tab = await on.tab('visitor');
  await tab.goto(bedside.link({ room: '', identity: 'lost', grants: { roomJoin: true } }));
  await untilVisible(tab, /This token names no consultation/, REFUSED_WITHIN_MS);
});

test('a missing room is said to be not open where rooms do not open by themselves', async () => {
  const strict = await Bedside.start({ arguments: ['--auto-create-rooms=false'] });
  try {
    await refusedAtJoining(
      strict.link({ room: 'nowhere', identity: 'early' }),
      /This consultation is not open/,
    );
  } finally {
    await strict.stop();
  }
});

test('a full server says so', async () => {
  const small = await Bedside.start({ arguments: ['--participants-per-room-max', '1'] });
  try {
    const first = await on.tab('first');
    await joinByLink(first, small.link({ room: 'small', identity: 'first' }));
    await refusedAtJoining(
      small.link({ room: 'small', identity: 'second' }),
      /The server is at its limit/,
    );
  } finally {
    await small.stop();
  }
});

test('a server that is away at joining gets its message, and trying again works once it is back', async () => {
  const own = await Bedside.start();
  try {
    const tab = await on.tab('visitor');
    await tab.goto(own.link({ room: 'away', identity: 'visitor' }));
    await untilPresent(tab, ON_PAGE.preview, 5_000);
    await own.stop('abruptly');
    await tab.press(BUTTON.join);
    await untilVisible(tab, /The server cannot be reached/, 20_000);
    await own.start();
    await tab.press(BUTTON.tryAgain);
    await tab.press(BUTTON.join);
    await untilPresent(tab, ON_PAGE.call, 15_000);
  } finally {
    await own.stop();
  }
});

test('a server that goes away during a call is said to be away, and the call comes back with it', async () => {
  const own = await Bedside.start();
  try {
    const doctor = await on.tab('doctor');
    const patient = await on.tab('patient');
    await joinByLink(doctor, own.link({ room: 'away', identity: 'doctor' }));
    await joinByLink(patient, own.link({ room: 'away', identity: 'patient' }));
    await seesMovingPicture(doctor, cameraTile('patient'));
    await own.stop('abruptly');
    await untilVisible(doctor, /Reconnecting/, 15_000);
    await own.start();
    await seesMovingPicture(doctor, cameraTile('patient'), 40_000);
    expect(await visibleText(doctor)).not.toMatch(/Reconnecting/);
  } finally {
    await own.stop();
  }
}, 90_000);

test('a call that falls silent says so within two seconds, and says whose fault it is', async () => {
  const own = await Bedside.start();
  try {
    const doctor = await on.tab('doctor');
    const patient = await on.tab('patient');
    await joinByLink(doctor, own.link({ room: 'silent', identity: 'doctor' }));
    await joinByLink(patient, own.link({ room: 'silent', identity: 'patient' }));
    await seesMovingPicture(doctor, cameraTile('patient'));
    await own.stop('abruptly');
    const began = performance.now();
    await untilVisible(doctor, /The clinic’s server does not answer/, 10_000);
    expect(performance.now() - began).toBeLessThan(2_500);
  } finally {
    await own.stop();
  }
}, 60_000);

test('a second tab with the same link replaces the first, which is told so', async () => {
  const link = bedside.link({ room: 'twice', identity: 'patient' });
  const first = await on.tab('first');
  await joinByLink(first, link);
  const second = await on.tab('second');
  await joinByLink(second, link);
  await untilVisible(first, /Continued in another window/, 5_000);
});

/** Whose camera tiles a page shows. */
function tiles(tab: Tab): Promise<string[]> {
  return tab.evaluate((selector: string) => {
    const found = document.querySelectorAll<HTMLElement>(selector);
    return [...found].map((tile) => tile.dataset['identity'] ?? '');
  }, ON_PAGE.personTile);
}
