// A call that is watched while its line is made worse: one sends a costly picture and a tone, one receives them over an
// impairment relay, and twice a second the receiver's statistics are read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { Bedside } from './bedside.ts';
import { launchChromium, openChromiumTab } from './chromium.ts';
import { filmCostly } from './costly-film.ts';
import { type Impairment, ImpairmentRelay, reachBy } from './impairment-relay.ts';
import { seesMovingPicture } from './media.ts';
import { type PageServer, servePages } from './page-server.ts';
import type { Inbound } from './probe.ts';
import { remoteOf, SdkClient } from './sdk-client.ts';
import { ask, type ChromiumTab } from './tab.ts';
import { pause } from './until.ts';

const ARTIFACTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'artifacts');
const SAMPLE_MS = 500;

/** What the receiver's statistics say of a time. */
export interface Watched {
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly freezes: number;
  /** Share of the time, freezes that have not ended by then included. */
  readonly frozen: number;
  readonly longestStillMs: number;
  /** Share of the sound that was made up. */
  readonly concealed: number;
  readonly kbps: number;
  /** Heights of the picture, as they followed one another. */
  readonly heights: readonly number[];
}

interface Sample {
  readonly at: number;
  readonly video: Inbound;
  readonly audio: Inbound;
}

export class WatchedCall {
  readonly #closing: (() => unknown)[] = [];
  readonly #samples: Sample[] = [];
  #tabs: { sender: SdkClient; viewer: SdkClient } | undefined;
  #lines: { sender: ImpairmentRelay; viewer: ImpairmentRelay } | undefined;

  /** The server, two browsers and a call over clean lines. */
  static async start(): Promise<WatchedCall> {
    const call = new WatchedCall();
    try {
      await call.#start();
    } catch (error) {
      await call.close();
      throw error;
    }
    return call;
  }

  async #start(): Promise<void> {
    const port = await freeUdpPort();
    const bedside = await Bedside.start({
      logFilter: 'warn',
      mediaPort: port,
      arguments: ['--shards', '1'],
    });
    this.#closing.push(() => bedside.stop());
    const films = mkdtempSync(join(tmpdir(), 'bedside-costly-'));
    this.#closing.push(() => rmSync(films, { recursive: true, force: true }));
    const cameraFile = join(films, 'costly.y4m');
    filmCostly(cameraFile);
    const pages = await servePages();
    this.#closing.push(() => pages.close());
    const [sending, viewing] = [await launchChromium({ cameraFile }), await launchChromium()];
    this.#closing.push(
      () => sending.close(),
      () => viewing.close(),
    );
    const lines = {
      sender: await ImpairmentRelay.before(port, 1),
      viewer: await ImpairmentRelay.before(port, 3),
    };
    this.#closing.push(
      () => lines.sender.close(),
      () => lines.viewer.close(),
    );
    this.#lines = lines;
    const enter = async (browser: Browser, identity: string, line: ImpairmentRelay) => {
      const client = await open(browser, identity, pages, line);
      await client.joined(bedside.signalUrl, bedside.token({ room: 'quality', identity }));
      return client;
    };
    const sender = await enter(sending, 'sender', lines.sender);
    const viewer = await enter(viewing, 'viewer', lines.viewer);
    this.#tabs = { sender, viewer };
    await sender.publishVoice({ channels: 1 });
    await publishCostly(sender);
    await seesMovingPicture(viewer.tab, remoteOf('sender'), 30_000);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed()) await close();
  }

  /** The line between the viewer and the server. */
  setLine(up: Impairment, down: Impairment = up): void {
    this.#lines?.viewer.set(up, down);
  }

  setSendersLine(line: Impairment): void {
    this.#lines?.sender.set(line);
  }

  /** Watches for so long, and tells what was seen in the last `counted` seconds of it. */
  async watch(seconds: number, counted = seconds): Promise<Watched> {
    const end = performance.now() + 1000 * seconds;
    const from = end - 1000 * counted;
    while (performance.now() < end) {
      await this.#sample();
      await pause(SAMPLE_MS);
    }
    await this.#sample();
    return told(this.#samples.filter((sample) => sample.at >= from));
  }

  async #sample(): Promise<void> {
    const tab = this.#tabs?.viewer.tab;
    if (tab === undefined) throw new Error('the call has not begun');
    const [video] = await ask(tab, 'inbound', 'video');
    const [audio] = await ask(tab, 'inbound', 'audio');
    if (video === undefined || audio === undefined) throw new Error('nothing is received');
    this.#samples.push({ at: performance.now(), video, audio });
  }

  /** Keeps all samples: `artifacts/quality-<name>.csv`, in the form of the simulator's. */
  keep(name: string, figures: Record<string, Watched>): void {
    mkdirSync(ARTIFACTS, { recursive: true });
    const [first] = this.#samples;
    const lines = this.#samples.slice(1).map((sample, place) => {
      const before = this.#samples[place] ?? sample;
      const seconds = (sample.at - before.at) / 1000;
      const kbps = (8 * bytesBetween(before, sample)) / seconds / 1000;
      const fps = (sample.video.framesDecoded - before.video.framesDecoded) / seconds;
      const at = (sample.at - (first?.at ?? 0)) / 1000;
      const stood = sample.video.framesDecoded === before.video.framesDecoded ? 1000 * seconds : 0;
      const layer = sample.video.frameHeight;
      return [at.toFixed(1), kbps.toFixed(0), fps.toFixed(0), layer, stood.toFixed(0)].join();
    });
    writeFileSync(
      join(ARTIFACTS, `quality-${name}.csv`),
      ['s,kbps,fps,layer,stood_ms', ...lines, ''].join('\n'),
    );
    writeFileSync(join(ARTIFACTS, `quality-${name}.json`), `${JSON.stringify(figures, null, 2)}\n`);
    console.log(name, JSON.stringify(figures));
    this.#samples.length = 0;
  }
}

async function open(
  browser: Browser,
  who: string,
  pages: PageServer,
  line: ImpairmentRelay,
): Promise<SdkClient> {
  const tab: ChromiumTab = await openChromiumTab(browser, who);
  await tab.page.addInitScript(reachBy, { server: line.serverPort, relay: line.port });
  return SdkClient.open(tab, pages.url);
}

/** 540p in three layers, as large as a real camera's. */
function publishCostly(sender: SdkClient): Promise<void> {
  return sender.tab.evaluate(async () => {
    const { createLocalVideoTrack, VideoPreset } = window.LivekitClient;
    const resolution = { width: 960, height: 540, frameRate: 15 };
    const track = await createLocalVideoTrack({ resolution });
    await window.room.localParticipant.publishTrack(track, {
      videoCodec: 'vp8',
      backupCodec: false,
      simulcast: true,
      videoEncoding: { maxBitrate: 1_200_000, maxFramerate: 15 },
      videoSimulcastLayers: [
        new VideoPreset(240, 136, 90_000, 15),
        new VideoPreset(480, 270, 300_000, 15),
      ],
    });
  }, undefined);
}

function bytesBetween(before: Sample, after: Sample): number {
  return (
    after.video.bytesReceived -
    before.video.bytesReceived +
    after.audio.bytesReceived -
    before.audio.bytesReceived
  );
}

function told(samples: readonly Sample[]): Watched {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was watched');
  const seconds = (last.at - first.at) / 1000;
  const made =
    last.audio.concealedSamples -
    last.audio.silentConcealedSamples -
    (first.audio.concealedSamples - first.audio.silentConcealedSamples);
  const received = last.audio.totalSamplesReceived - first.audio.totalSamplesReceived;
  let [still, longest] = [0, 0];
  const heights: number[] = [];
  samples.forEach((sample, place) => {
    const before = samples[place - 1];
    const moved = before !== undefined && sample.video.framesDecoded > before.video.framesDecoded;
    still = moved || before === undefined ? 0 : still + sample.at - before.at;
    longest = Math.max(longest, still);
    if (heights.at(-1) !== sample.video.frameHeight) heights.push(sample.video.frameHeight);
  });
  const ended = last.video.totalFreezesDuration - first.video.totalFreezesDuration;
  return {
    seconds: round(seconds, 1),
    framesPerSecond: round((last.video.framesDecoded - first.video.framesDecoded) / seconds, 1),
    freezes: last.video.freezeCount - first.video.freezeCount,
    frozen: round(Math.min(1, (ended + still / 1000) / seconds), 3),
    longestStillMs: Math.round(longest),
    concealed: round(received > 0 ? made / received : 1, 4),
    kbps: Math.round((8 * bytesBetween(first, last)) / seconds / 1000),
    heights,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** A port that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
