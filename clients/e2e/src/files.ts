// Files from one participant to another, as byte streams of the stock SDK.
import type { ByteStreamReader } from 'livekit-client';
import { expect } from 'vitest';
import type { SdkClient } from './sdk-client.ts';
import { until } from './until.ts';

/** Sends files, so many at once and of so many bytes each; every one must arrive whole before the next are sent. */
export async function filesArrive(
  sender: SdkClient,
  receiver: SdkClient,
  batches: readonly (readonly [count: number, bytes: number])[],
): Promise<void> {
  await receiveFiles(receiver);
  let before = 0;
  for (const [count, bytes] of batches) {
    await sendFiles(sender, count, bytes);
    const all = before + count;
    await until({ what: `${all} files have come`, within: 60_000, every: 200 }, async () => {
      return (await receiver.events('file')).length >= all;
    });
    const files = (await receiver.events('file')).slice(before);
    expect(files.map((file) => file.detail)).toEqual(
      Array.from({ length: count }, () => `${bytes} of ${bytes}`),
    );
    before = all;
  }
}

/** Sends files at once; resolves when the sender has been told that all are sent. */
async function sendFiles(sender: SdkClient, count: number, bytes: number): Promise<void> {
  await sender.tab.evaluate(
    async (wish: { count: number; bytes: number }) => {
      const files = Array.from({ length: wish.count }, () => {
        const content = new Uint8Array(wish.bytes);
        for (let at = 0; at < content.length; at += 65_536) {
          crypto.getRandomValues(content.subarray(at, at + 65_536));
        }
        return new File([content], 'scan.jpg');
      });
      const send = (file: File) => window.room.localParticipant.sendFile(file, { topic: 'scan' });
      await Promise.all(files.map(send));
    },
    { count, bytes },
  );
}

async function receiveFiles(receiver: SdkClient): Promise<void> {
  await receiver.tab.evaluate(() => {
    const receive = async (reader: ByteStreamReader, who: string): Promise<void> => {
      let got = 0;
      for await (const chunk of reader) got += chunk.length;
      window.roomEvents.push({ name: 'file', who, detail: `${got} of ${reader.info.size}` });
    };
    window.room.registerByteStreamHandler('scan', (reader, from) => {
      void receive(reader, from.identity);
    });
  }, undefined);
}
