// Data in quantity, as files and measured values come: nothing is missing, nothing is doubled, all in order.
import type { ByteStreamReader, RemoteDataTrack } from 'livekit-client';
import { describe, expect, test } from 'vitest';
import type { RoomEventSeen, SdkClient } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { until } from '../../src/until.ts';

const rooms = sdkRooms();

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

describe('data in quantity', () => {
  test('files of 0.5 to 8 MiB, and four at once, arrive whole', { timeout: 120_000 }, async () => {
    const [doctor, patient] = await rooms().pair();
    await receiveFiles(patient);
    let before = 0;
    for (const [count, bytes] of [
      [1, 524_288],
      [1, 2_097_152],
      [1, 8_388_608],
      [4, 2_097_152],
    ] as const) {
      await sendFiles(doctor, count, bytes);
      const all = before + count;
      await until({ what: `${all} files have come`, within: 60_000, every: 200 }, async () => {
        return (await patient.events('file')).length >= all;
      });
      const files = (await patient.events('file')).slice(before);
      expect(files.map((file) => file.detail)).toEqual(
        Array.from({ length: count }, () => `${bytes} of ${bytes}`),
      );
      before = all;
    }
  });

  test.each([
    ['in one burst', 3000, 0],
    ['at 600 in a second', 3000, 600],
  ] as const)(
    'three thousand small messages %s arrive in order',
    { timeout: 60_000 },
    async (_name, count, rate) => {
      const [monitor, doctor] = await rooms().pair();
      await monitor.tab.evaluate(
        async (wish: { count: number; rate: number }) => {
          const start = performance.now();
          for (let number = 0; number < wish.count; number += 1) {
            while (wish.rate > 0 && ((performance.now() - start) * wish.rate) / 1000 < number) {
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
            await window.room.localParticipant.publishData(
              new TextEncoder().encode(`n${number}`.padEnd(40)),
              { reliable: true },
            );
          }
        },
        { count, rate },
      );
      const isLast = (event: RoomEventSeen) => event.detail.includes(`|n${count - 1} `);
      await doctor.untilEvent('dataReceived', isLast, 30_000);
      const numbers = (await doctor.events('dataReceived')).map((event) =>
        Number(event.detail.split('|n')[1]),
      );
      expect(numbers).toEqual(Array.from({ length: count }, (_, number) => number));
    },
  );

  test('a procedure of another participant is called and answers', async () => {
    const [doctor, patient] = await rooms().pair();
    await patient.tab.evaluate(() => {
      window.room.registerRpcMethod(
        'pain',
        async (call) => `${call.callerIdentity}: ${call.payload}`,
      );
    }, undefined);
    const answer = await doctor.tab.evaluate(
      () =>
        window.room.localParticipant.performRpc({
          destinationIdentity: 'second',
          method: 'pain',
          payload: 'x'.repeat(10_000),
        }),
      undefined,
    );
    expect(answer).toBe(`first: ${'x'.repeat(10_000)}`);
  });

  test('frames of a data track reach a subscriber, until it is taken back', async () => {
    const [monitor, doctor] = await rooms().pair();
    await doctor.tab.evaluate(() => {
      const read = async (track: RemoteDataTrack): Promise<void> => {
        const reader = track.subscribe().getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          const detail = new TextDecoder().decode(next.value.payload);
          window.roomEvents.push({ name: 'frame', who: track.publisherIdentity, detail });
        }
        window.roomEvents.push({ name: 'trackEnded', who: track.publisherIdentity, detail: '' });
      };
      window.room.on('dataTrackPublished', (track) => void read(track));
    }, undefined);
    await monitor.tab.evaluate(async () => {
      const track = await window.room.localParticipant.publishDataTrack({ name: 'pulse' });
      for (let number = 0; number < 100; number += 1) {
        await track.tryPush({ payload: new TextEncoder().encode(`beat ${number}`) });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await track.unpublish();
    }, undefined);
    const frame = await doctor.untilEvent('frame', (event) => event.detail === 'beat 99');
    expect(frame.who).toBe('first');
    await doctor.untilEvent('trackEnded', () => true);
  });
});
