import { expect, it } from 'vitest';
import { ApiProblem } from '../api/problem.ts';
import { sendParts, type UploadPlan, type UploadPort, UploadStopped } from './upload.ts';

const PLAN: UploadPlan = { id: 'doc_1', partBytes: 10, parts: 3, missing: [0, 1, 2] };
const SIZE = 25;

interface World {
  readonly sent: string[];
  readonly pauses: number[];
  readonly progress: number[];
  readonly port: UploadPort<string>;
}

function world(fail: (part: number, tries: number) => Error | null = () => null): World {
  const sent: string[] = [];
  const pauses: number[] = [];
  const progress: number[] = [];
  const tries = new Map<number, number>();
  const port: UploadPort<string> = {
    slice: (from, to) => `${from}-${to}`,
    send: async (_id, part, bytes) => {
      const count = (tries.get(part) ?? 0) + 1;
      tries.set(part, count);
      const error = fail(part, count);
      if (error !== null) {
        throw error;
      }
      sent.push(`${part}:${bytes}`);
    },
    pause: async (ms) => {
      pauses.push(ms);
    },
    onProgress: (done) => progress.push(done),
    isStopped: () => false,
  };
  return { sent, pauses, progress, port };
}

const offline = new ApiProblem({ kind: 'offline', status: 0 });

it('cuts the file, the last part shorter, and tells how far it is', async () => {
  const { sent, progress, port } = world();
  await sendParts(PLAN, SIZE, port);
  expect(sent.toSorted()).toEqual(['0:0-10', '1:10-20', '2:20-25']);
  expect(progress).toEqual([0, 1, 2, 3]);
});

it('goes on with what is missing alone', async () => {
  const { sent, progress, port } = world();
  await sendParts({ ...PLAN, missing: [2] }, SIZE, port);
  expect(sent).toEqual(['2:20-25']);
  expect(progress).toEqual([2, 3]);
});

it('sends a part again after a broken line, with growing pauses', async () => {
  const { sent, pauses, port } = world((part, tries) => (part === 1 && tries < 4 ? offline : null));
  await sendParts(PLAN, SIZE, port);
  expect(sent).toHaveLength(3);
  expect(pauses).toEqual([1_000, 2_000, 4_000]);
});

it('gives up on a line that stays away, and can be gone on with', async () => {
  const { port } = world((part) => (part === 0 ? offline : null));
  await expect(sendParts(PLAN, SIZE, port)).rejects.toBe(offline);
});

it('does not repeat what the server refuses', async () => {
  const refusal = new ApiProblem({ kind: 'file-type', status: 415 });
  const { pauses, port } = world((part) => (part === 0 ? refusal : null));
  await expect(sendParts(PLAN, SIZE, port)).rejects.toBe(refusal);
  expect(pauses).toEqual([]);
});

it('stops between parts', async () => {
  const { sent, port } = world();
  const stopped = { ...port, isStopped: () => sent.length > 0 };
  await expect(sendParts(PLAN, SIZE, stopped)).rejects.toBeInstanceOf(UploadStopped);
});
