import type { CallInput } from '@bedside/core';
import { CHAT_FILE_BYTES_MAX, CHAT_FILES_BYTES_MAX } from '@bedside/core';
import { expect, it } from 'vitest';
import { RoomFiles } from './room-files.ts';

type Parts = readonly Uint8Array[];

/** A room of whom files come: what was reported of each. */
function room() {
  const reports: CallInput[] = [];
  let receive: ((name: string, size: number | undefined, parts: Parts) => void) | null = null;
  let count = 0;
  const files = new RoomFiles(
    {
      registerByteStreamHandler: (_topic, handler) => {
        receive = (name, size, parts) => {
          count += 1;
          const info = { id: `f${count}`, name, ...(size === undefined ? {} : { size }) };
          handler({ info, [Symbol.asyncIterator]: () => streamOf(parts) }, { identity: 'ann' });
        };
      },
      localParticipant: { sendFile: () => Promise.reject(new Error('no line')) },
    },
    (input) => reports.push(input),
  );
  /** Resolves once it is known what became of it. */
  const comes = async (name: string, size: number | undefined, parts: Parts) => {
    const before = reports.length;
    receive?.(name, size, parts);
    await expect
      .poll(() => reports.slice(before).some(isEnd), { interval: 1, timeout: 5_000 })
      .toBe(true);
    return reports.slice(before).find(isEnd)?.kind;
  };
  return { files, reports, comes };
}

function isEnd({ kind }: CallInput): boolean {
  return kind === 'file-arrived' || kind === 'message-settled';
}

async function* streamOf(parts: Parts): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const ten = new Uint8Array(10);

it('a file that is as it says is offered, with the type of its ending', async () => {
  const { reports, comes, files } = room();
  expect(await comes('scan.png', 20, [ten, ten])).toBe('file-arrived');
  expect(reports[0]).toMatchObject({ kind: 'file-announced', identity: 'ann', size: 20 });
  const arrived = reports.at(-1);
  const address = arrived?.kind === 'file-arrived' ? arrived.address : '';
  const blob = await (await fetch(address)).blob();
  expect([blob.type, blob.size]).toEqual(['image/png', 20]);
  files.close();
  await expect(fetch(address)).rejects.toThrow('fetch failed');
});

it.each([
  ['longer than it said', 'scan.png', 15, [ten, ten]],
  ['shorter than it said', 'scan.png', 25, [ten, ten]],
  ['of no said length', 'scan.png', undefined, [ten]],
  ['too large', 'scan.png', CHAT_FILE_BYTES_MAX + 1, [ten]],
  ['no picture, PDF or text', 'run.exe', 10, [ten]],
] as const)('a file that is %s is not', async (_why, name, size, parts) => {
  const { comes } = room();
  expect(await comes(name, size, parts)).toBe('message-settled');
});

it('no more is held than one call may hold, and what is not taken counts for nothing', async () => {
  const { comes } = room();
  const whole = [new Uint8Array(CHAT_FILE_BYTES_MAX)];
  const fit = CHAT_FILES_BYTES_MAX / CHAT_FILE_BYTES_MAX;
  for (let one = 0; one < fit; one += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await comes('scan.png', CHAT_FILE_BYTES_MAX, whole)).toBe('file-arrived');
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await comes('scan.png', CHAT_FILE_BYTES_MAX, [ten])).toBe('message-settled');
  }
  expect(await comes('scan.png', 10, [ten])).toBe('message-settled');
});

it('a file that cannot be sent is told as not delivered', async () => {
  const { files, reports } = room();
  await files.send('own-1', new File(['a'], 'a.txt'));
  expect(reports).toEqual([{ kind: 'message-settled', id: 'own-1', delivered: false }]);
});
