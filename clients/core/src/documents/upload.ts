/**
 * Sends a file part by part: a few at once, each again after a broken line, and only what is missing. A file of gigabytes
 * is never in memory as a whole.
 */
import { isPassing } from '../api/problem.ts';

/** What the server told of an upload: `missing` are numbers of parts, from 0. */
export interface UploadPlan {
  readonly id: string;
  readonly partBytes: number;
  readonly parts: number;
  readonly missing: readonly number[];
}

export interface UploadPort<Bytes> {
  /** The bytes of the file from one place to before another. */
  readonly slice: (from: number, to: number) => Bytes;
  readonly send: (id: string, part: number, bytes: Bytes) => Promise<void>;
  readonly pause: (ms: number) => Promise<void>;
  /** Parts that are there, of all. */
  readonly onProgress: (done: number, all: number) => void;
  readonly isStopped: () => boolean;
}

/** Somebody stopped it: it can be gone on with. */
export class UploadStopped extends Error {
  override readonly name = 'UploadStopped';
}

const AT_ONCE = 2;
const TRIES = 5;
const PAUSE_MS = 1_000;

/** Sends what is missing of a file of `size` bytes. Fails with the first part that is refused, or cannot be sent. */
export async function sendParts<Bytes>(
  plan: UploadPlan,
  size: number,
  port: UploadPort<Bytes>,
): Promise<void> {
  const queue = [...plan.missing];
  let done = plan.parts - queue.length;
  let hasFailed = false;
  port.onProgress(done, plan.parts);
  const work = async (): Promise<void> => {
    const part = hasFailed ? undefined : queue.shift();
    if (part === undefined) {
      return;
    }
    const from = part * plan.partBytes;
    const bytes = port.slice(from, Math.min(size, from + plan.partBytes));
    await sendPart(plan.id, part, bytes, port);
    done += 1;
    port.onProgress(done, plan.parts);
    await work();
  };
  const workers = Array.from({ length: AT_ONCE }, async () => {
    try {
      await work();
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  });
  await Promise.all(workers);
}

async function sendPart<Bytes>(
  id: string,
  part: number,
  bytes: Bytes,
  port: UploadPort<Bytes>,
  tries = 1,
): Promise<void> {
  if (port.isStopped()) {
    throw new UploadStopped();
  }
  try {
    await port.send(id, part, bytes);
  } catch (error) {
    if (!isPassing(error) || tries >= TRIES) {
      throw error;
    }
    await port.pause(PAUSE_MS * 2 ** (tries - 1));
    await sendPart(id, part, bytes, port, tries + 1);
  }
}
