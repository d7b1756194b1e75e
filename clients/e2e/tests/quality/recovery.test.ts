// How long a call that broke is broken. The figures stand in docs/PERFORMANCE.md.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { Bedside } from '../../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../../src/chromium.ts';
import { ImpairmentRelay, reachBy } from '../../src/impairment-relay.ts';
import { seesMovingPicture } from '../../src/media.ts';
import { type PageServer, servePages } from '../../src/page-server.ts';
import { remoteOf, SdkClient } from '../../src/sdk-client.ts';
import { SignalRelay } from '../../src/signal-relay.ts';
import { pause } from '../../src/until.ts';
import { freeUdpPort } from '../../src/watched-call.ts';

/** Breaks of each kind: a few in every run; twenty for figures. */
const ROUNDS = Number(process.env['BEDSIDE_E2E_ROUNDS'] ?? 4);
const SETTLES_MS = 1_000;

interface Recovery {
  /** Until the server said something over a new socket. */
  readonly signalMs: number;
  /** Until the SDK called itself connected again: it waits 2 s for the media whatever the server does. */
  readonly sdkMs: number;
  /** Until a frame was shown on an element that was not there before. */
  readonly newPictureMs: number;
  /** The longest time between two frames. */
  readonly stillMs: number;
}

let bedside: Bedside;
let browser: Browser;
let pages: PageServer;
let signal: SignalRelay;
let media: ImpairmentRelay;
let viewer: SdkClient;

beforeAll(async () => {
  const mediaPort = await freeUdpPort();
  bedside = await Bedside.start({
    logFilter: 'warn',
    mediaPort,
    arguments: ['--shards', '1'],
  });
  pages = await servePages();
  browser = await launchChromium();
  signal = await SignalRelay.before('127.0.0.1', bedside.httpPort);
  media = await ImpairmentRelay.before(mediaPort);
  const sender = await open('sender');
  await sender.joined(bedside.signalUrl, bedside.token({ room: 'recovery', identity: 'sender' }));
  await sender.publishCamera({ codec: 'vp8' });
  viewer = await open('viewer');
  const token = bedside.token({ room: 'recovery', identity: 'viewer' });
  await viewer.joined(`ws://127.0.0.1:${signal.port}`, token);
  await seesMovingPicture(viewer.tab, remoteOf('sender'));
});
afterAll(async () => {
  media?.close();
  await signal?.close();
  await browser?.close();
  await pages?.close();
  await bedside?.stop();
});

describe('a call that breaks is whole again', () => {
  test('after its signal socket was cut, without a gap in the picture', {
    timeout: 180_000,
  }, async () => {
    const calm = await rounds(() => undefined, 2_000, 3);
    const cut = await rounds(() => void signal.cut(), 4_000);
    tell('signal cut', {
      signal: cut.map(signalOf),
      sdk: cut.map(sdkOf),
      still: cut.map(stillOf),
      calm: calm.map(stillOf),
    });
    expect(percentile(cut.map(signalOf), 95)).toBeLessThan(5_000);
    expect(percentile(cut.map(stillOf), 95)).toBeLessThan(1_000);
  });

  test('after its address changed', { timeout: 240_000 }, async () => {
    const moved = await rounds(() => media.move(), 6_000);
    tell('address changed', { still: moved.map(stillOf) });
    expect(percentile(moved.map(stillOf), 95)).toBeLessThan(5_900);
  });

  test('after it had to join anew', { timeout: 240_000 }, async () => {
    const anew = await rounds(
      () => viewer.tab.evaluate(() => window.room.simulateScenario('full-reconnect'), undefined),
      5_000,
    );
    const picture = anew.map(({ newPictureMs }) => newPictureMs);
    tell('joined anew', { signal: anew.map(signalOf), sdk: anew.map(sdkOf), picture });
    expect(percentile(picture, 95)).toBeLessThan(5_000);
  });
});

const signalOf = ({ signalMs }: Recovery): number => signalMs;
const sdkOf = ({ sdkMs }: Recovery): number => sdkMs;
const stillOf = ({ stillMs }: Recovery): number => stillMs;

/** Breaks it that often, and watches the viewer each time for so long. */
async function rounds(
  breakIt: () => unknown,
  watchedMs: number,
  count = ROUNDS,
): Promise<Recovery[]> {
  const seen: Recovery[] = [];
  for (let round = 0; round < count; round += 1) {
    const recovery = viewer.tab.evaluate(watch, watchedMs);
    await breakIt();
    seen.push(await recovery);
    await pause(SETTLES_MS);
  }
  return seen;
}

/** In the page. What did not happen took for ever. */
async function watch(ms: number): Promise<Recovery> {
  const from = performance.now();
  const before = new Set(document.querySelectorAll('#remote video'));
  const known = new Set<Element>();
  const never = Number.POSITIVE_INFINITY;
  const seen = { signalMs: never, sdkMs: never, newPictureMs: never };
  let [last, stillMs] = [from, 0];
  const onBack = (): void => {
    seen.sdkMs = Math.min(seen.sdkMs, performance.now() - from);
  };
  window.room.on('reconnected', onBack);
  while (performance.now() - from < ms) {
    for (const video of document.querySelectorAll<HTMLVideoElement>('#remote video')) {
      if (known.has(video)) continue;
      known.add(video);
      const onFrame = (): void => {
        const now = performance.now();
        stillMs = Math.max(stillMs, now - last);
        last = now;
        if (!before.has(video)) seen.newPictureMs = Math.min(seen.newPictureMs, now - from);
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  window.room.off('reconnected', onBack);
  const heard = (window.bedsideProbe?.marks() ?? []).filter(
    ({ name, at }) => at > from && /^socket \d+ first message$/.test(name),
  );
  seen.signalMs = Math.min(...heard.map(({ at }) => at - from));
  return { ...seen, stillMs: Math.max(stillMs, performance.now() - last) };
}

function tell(what: string, figures: Readonly<Record<string, readonly number[]>>): void {
  const told = Object.entries(figures).map(([name, all]) => {
    const [p50, p95] = [50, 95].map((share) => Math.round(percentile(all, share)));
    return `${name} p50 ${p50}, p95 ${p95} ms`;
  });
  console.log(`${what}: ${told.join('; ')}`);
}

function percentile(all: readonly number[], share: number): number {
  const sorted = all.toSorted((one, other) => one - other);
  return sorted[Math.ceil((share / 100) * sorted.length) - 1] ?? Number.NaN;
}

async function open(who: string): Promise<SdkClient> {
  const tab = await openChromiumTab(browser, who);
  await tab.page.addInitScript(reachBy, { server: media.serverPort, relay: media.port });
  return SdkClient.open(tab, pages.url);
}
