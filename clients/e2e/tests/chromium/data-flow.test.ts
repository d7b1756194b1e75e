// Data in quantity, as files and measured values come: nothing is missing, nothing is doubled, all in order.
import type { RemoteDataTrack } from 'livekit-client';
import { describe, expect, test } from 'vitest';
import { filesArrive } from '../../src/files.ts';
import type { RoomEventSeen } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';

const rooms = sdkRooms();

describe('data in quantity', () => {
  test('files of 0.5 to 8 MiB, and four at once, arrive whole', { timeout: 120_000 }, async () => {
    const [doctor, patient] = await rooms().pair();
    await filesArrive(doctor, patient, [
      [1, 524_288],
      [1, 2_097_152],
      [1, 8_388_608],
      [4, 2_097_152],
    ]);
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
