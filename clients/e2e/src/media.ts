// What "sees" and "hears" mean: the oracles of the browser tests. tests/selfcheck shows each of them failing when it
// should.
import { ask, type Tab } from './tab.ts';
import type { Inbound } from './probe.ts';
import { pause, until } from './until.ts';

/** Energy (normalised amplitude squared, in seconds) that a tone must add within the listening time. */
export const TONE_ENERGY_MIN = 0.005;
/** Energy under which a second of audio counts as silence: comfort noise and decoder dithering stay far below. */
export const SILENCE_ENERGY_MAX = 0.0001;
/** Changes between drawn frames that make a moving picture. A still one changes a few times, while its quality grows. */
const CHANGES_MIN = 8;
/** Long enough for three beeps of Chromium's artificial microphone, which beeps once a second. */
export const LISTENING_MS = 3_000;

/** One moving picture, as found by {@link seesMovingPicture}. */
export interface MovingPicture {
  readonly trackId: string;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Resolves once a video element inside `scope` shows a remote track that decodes new frames and whose drawn pixels
 * change from frame to frame.
 */
export async function seesMovingPicture(
  tab: Tab,
  scope: string,
  within = 10_000,
): Promise<MovingPicture> {
  let last = 'no video element with a live track';
  const what = () => `${tab.who} sees a moving picture in ${scope} (${last})`;
  const deadline = performance.now() + within;
  while (performance.now() < deadline) {
    for (const shown of await ask(tab, 'shown', scope)) {
      const before = await decoding(tab, shown.trackId);
      if (before === undefined) {
        last = `track ${shown.trackId} is not a received one`;
        continue;
      }
      const change = await ask(tab, 'pictureChange', shown.trackId, 4_000, CHANGES_MIN);
      const after = await decoding(tab, shown.trackId);
      const frames = (after?.framesDecoded ?? 0) - before.framesDecoded;
      last = `${frames} frames decoded, ${change.changes} of ${change.compared} changed, brightness ${change.brightness}`;
      if (
        after !== undefined &&
        frames > 0 &&
        change.changes >= CHANGES_MIN &&
        change.brightness > 4
      ) {
        return {
          trackId: shown.trackId,
          codec: after.codec,
          width: after.frameWidth,
          height: after.frameHeight,
        };
      }
    }
    await pause(100);
  }
  throw new Error(`not within ${within} ms: ${what()}`);
}

/** Resolves once at least `frames` more frames of `trackId` were decoded than at the call. */
export async function decodesMoreFrames(
  tab: Tab,
  trackId: string,
  frames: number,
  within: number,
): Promise<void> {
  const start = (await decoding(tab, trackId))?.framesDecoded ?? 0;
  await until(
    { what: `${tab.who} decodes ${frames} more frames of ${trackId}`, within },
    async () => {
      const now = (await decoding(tab, trackId))?.framesDecoded ?? 0;
      return now - start >= frames;
    },
  );
}

/** Resolves as soon as `voices` received audio tracks brought a tone's energy within one listening time. */
export async function hearsTone(tab: Tab, voices = 1, within = 15_000): Promise<void> {
  const deadline = performance.now() + within;
  let heard: number[] = [];
  while (performance.now() < deadline) {
    const before = await energyTotals(tab);
    const listened = performance.now() + LISTENING_MS;
    while (performance.now() < listened) {
      await pause(200);
      heard = await energiesSince(tab, before);
      if (heard.filter((energy) => energy > TONE_ENERGY_MIN).length >= voices) return;
    }
  }
  throw new Error(
    `not within ${within} ms: ${tab.who} hears ${voices} tones (energies ${heard.join(', ') || 'none'})`,
  );
}

/** Resolves once a whole listening time passed in which no received audio track brought energy. */
export async function hearsNothing(tab: Tab, within = 10_000): Promise<void> {
  const deadline = performance.now() + within;
  let heard: number[] = [];
  while (performance.now() < deadline) {
    heard = await energies(tab, LISTENING_MS);
    if (heard.every((energy) => energy < SILENCE_ENERGY_MAX)) return;
  }
  throw new Error(
    `not within ${within} ms: ${tab.who} hears silence (energies ${heard.join(', ')})`,
  );
}

/** The energy each received audio track adds in `ms`. */
export async function energies(tab: Tab, ms: number): Promise<number[]> {
  const before = await energyTotals(tab);
  await pause(ms);
  return energiesSince(tab, before);
}

async function energyTotals(tab: Tab): Promise<Map<string, number>> {
  const received = await ask(tab, 'inbound', 'audio');
  return new Map(received.map((one) => [keyOf(one), one.totalAudioEnergy]));
}

async function energiesSince(tab: Tab, before: Map<string, number>): Promise<number[]> {
  const received = await ask(tab, 'inbound', 'audio');
  return received.map((one) => one.totalAudioEnergy - (before.get(keyOf(one)) ?? 0));
}

function keyOf(inbound: Inbound): string {
  return `${inbound.connection}/${inbound.ssrc}`;
}

async function decoding(tab: Tab, trackId: string): Promise<Inbound | undefined> {
  return (await ask(tab, 'inbound', 'video')).find((one) => one.trackId === trackId);
}
