// Data packets: delivered once, in order, to the right people, under the true sender.
import type { TextStreamReader } from 'livekit-client';
import { describe, expect, test } from 'vitest';
import { afterMarker, sdkRooms } from '../../src/sdk-rooms.ts';
import { until } from '../../src/until.ts';

const rooms = sdkRooms();

describe('data', () => {
  test.each([
    ['reliable', true, 0],
    ['lossy', false, 1],
  ] as const)(
    'a %s packet arrives with its topic, its kind and its sender',
    async (_name, reliable, kind) => {
      const [first, second] = await rooms().pair();
      await until({ what: 'the packet arrives', within: 10_000, every: 300 }, async () => {
        await first.sendData('bonjour', { reliable, topic: 'vitals' });
        return (await second.events('dataReceived')).length > 0;
      });
      const [received] = await second.events('dataReceived');
      expect(received).toEqual({
        name: 'dataReceived',
        who: 'first',
        detail: `${kind}|vitals|bonjour`,
      });
      expect(await first.events('dataReceived')).toEqual([]);
    },
  );

  test('a hundred reliable packets arrive once each, in order', async () => {
    const [first, second] = await rooms().pair();
    await first.tab.evaluate(async () => {
      for (let number = 0; number < 100; number += 1) {
        await window.room.localParticipant.publishData(new TextEncoder().encode(`n${number}`), {
          reliable: true,
        });
      }
    }, undefined);
    await second.untilEvent('dataReceived', (event) => event.detail.endsWith('|n99'));
    const numbers = (await second.events('dataReceived')).map(
      (event) => event.detail.split('|n')[1],
    );
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, number) => String(number)));
  });

  test('a long text (60 kB, in chunks) arrives whole', async () => {
    const [first, second] = await rooms().pair();
    await second.tab.evaluate(() => {
      const receive = async (reader: TextStreamReader, who: string): Promise<void> => {
        const text = await reader.readAll();
        window.roomEvents.push({ name: 'letter', who, detail: `${text.length} ${text.slice(-3)}` });
      };
      window.room.registerTextStreamHandler('letter', (reader, from) => {
        void receive(reader, from.identity);
      });
    }, undefined);
    await first.tab.evaluate(async () => {
      await window.room.localParticipant.sendText(`${'a long letter, '.repeat(4_000)}end`, {
        topic: 'letter',
      });
    }, undefined);
    const letter = await second.untilEvent('letter', () => true);
    expect(letter).toEqual({ name: 'letter', who: 'first', detail: '60003 end' });
  });

  test('an addressed packet reaches the addressee only', async () => {
    const room = rooms().newRoom();
    const sender = await rooms().enter({ room, identity: 'sender' });
    const addressee = await rooms().enter({ room, identity: 'addressee' });
    const other = await rooms().enter({ room, identity: 'other' });
    await sender.sendData('for you', { reliable: true, to: ['addressee'] });
    await addressee.untilEvent(
      'dataReceived',
      (event) => event.who === 'sender' && event.detail.endsWith('for you'),
    );
    await afterMarker(sender, other);
    expect(
      (await other.events('dataReceived')).filter((event) => event.detail.endsWith('for you')),
    ).toEqual([]);
  });

  test("the server stamps the sender: a packet that claims another's identity arrives under the true one", async () => {
    const room = rooms().newRoom();
    const doctor = await rooms().enter({ room, identity: 'doctor' });
    const forger = await rooms().enter({ room, identity: 'forger' });
    await doctor.sendData('hello', { reliable: true });
    await forger.untilEvent('dataReceived', (event) => event.who === 'doctor');
    // Same length, so the protobuf stays well formed: the identity is rewritten on its way into the channel.
    const rewritten = await forger.tab.evaluate(async () => {
      let hits = 0;
      const send: (data: string) => void = Reflect.get(RTCDataChannel.prototype, 'send');
      RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: unknown): void {
        if (data instanceof Uint8Array) {
          const wanted = new TextEncoder().encode('forger');
          for (let at = 0; at + wanted.length <= data.length; at += 1) {
            if (wanted.every((byte, offset) => data[at + offset] === byte)) {
              data.set(new TextEncoder().encode('doctor'), at);
              hits += 1;
            }
          }
        }
        Reflect.apply(send, this, [data]);
      };
      await window.room.localParticipant.publishData(new TextEncoder().encode('prescribe it'), {
        reliable: true,
      });
      return hits;
    }, undefined);
    const received = await doctor.untilEvent('dataReceived', (event) =>
      event.detail.endsWith('prescribe it'),
    );
    expect(rewritten).toBeGreaterThan(0);
    expect(received.who).toBe('forger');
  });
});
