// What Chromium can send goes through: each codec, simulcast, Opus with and without RED.
import { describe, expect, test } from 'vitest';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { remoteOf, type SdkClient } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { ask } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

const rooms = sdkRooms();

async function senderAndReceiver(): Promise<{ sender: SdkClient; receiver: SdkClient }> {
  const room = rooms().newRoom();
  const sender = await rooms().enter({ room, identity: 'sender' });
  const receiver = await rooms().enter({ room, identity: 'receiver' });
  return { sender, receiver };
}

describe('video', () => {
  test.each([
    ['vp8', 'video/VP8'],
    ['h264', 'video/H264'],
    ['vp9', 'video/VP9'],
    ['av1', 'video/AV1'],
  ] as const)('%s is sent, forwarded and decoded as %s', async (codec, mime) => {
    const { sender, receiver } = await senderAndReceiver();
    await sender.publishCamera({ codec });
    const picture = await seesMovingPicture(receiver.tab, remoteOf('sender'), 20_000);
    expect(picture.codec).toBe(mime);
    const sent = await ask(sender.tab, 'outbound', 'video');
    expect(new Set(sent.filter((one) => one.bytesSent > 0).map((one) => one.codec))).toEqual(
      new Set([mime]),
    );
  });

  test('VP8 is published as simulcast of three layers, and the highest is decoded', async () => {
    const { sender, receiver } = await senderAndReceiver();
    await sender.publishCamera({ codec: 'vp8', simulcast: true, width: 960, height: 540 });
    await until({ what: 'all three layers are encoded and sent', within: 25_000 }, async () => {
      const sent = await ask(sender.tab, 'outbound', 'video');
      const live = sent.filter(
        (one) => one.codec === 'video/VP8' && one.framesEncoded > 0 && one.bytesSent > 0,
      );
      return (
        live
          .map((one) => one.rid)
          .toSorted()
          .join() === 'f,h,q'
      );
    });
    const picture = await seesMovingPicture(receiver.tab, remoteOf('sender'));
    expect(picture.codec).toBe('video/VP8');
    await until({ what: 'the receiver decodes the highest layer', within: 15_000 }, async () =>
      (await ask(receiver.tab, 'inbound', 'video')).some(
        (one) => one.frameWidth === 960 && one.frameHeight === 540,
      ),
    );
    expect(await ask(receiver.tab, 'inbound', 'video')).toHaveLength(1);
  });

  test('H264 simulcast passes as well', async () => {
    const { sender, receiver } = await senderAndReceiver();
    await sender.publishCamera({ codec: 'h264', simulcast: true, width: 960, height: 540 });
    const picture = await seesMovingPicture(receiver.tab, remoteOf('sender'), 20_000);
    expect(picture.codec).toBe('video/H264');
  });

  test('a picture returns each time its camera is published again', async () => {
    const { sender, receiver } = await senderAndReceiver();
    for (const codec of ['vp8', 'h264', 'vp8'] as const) {
      await sender.publishCamera({ codec });
      await seesMovingPicture(receiver.tab, remoteOf('sender'), 15_000);
      await sender.unpublishAll();
      await until(
        { what: 'the picture is taken away', within: 3_000 },
        async () => (await ask(receiver.tab, 'shown', remoteOf('sender'))).length === 0,
      );
    }
  });

  test('who comes late sees and hears what is already published', async () => {
    const room = rooms().newRoom();
    const sender = await rooms().enter({ room, identity: 'sender' });
    await sender.publishCamera({ codec: 'vp8' });
    await sender.publishMicrophone();
    const late = await rooms().enter({ room, identity: 'late' });
    await seesMovingPicture(late.tab, remoteOf('sender'));
    await hearsTone(late.tab);
  });
});

describe('audio', () => {
  // A screen's sound, an instrument, an electronic stethoscope: without processing a browser sends two channels.
  test.each([
    ['one channel', { channels: 1 }],
    ['two channels', { channels: 2 }],
    ['two channels without RED', { channels: 2, red: false }],
  ] as const)('a tone of %s is heard', async (_name, wish) => {
    const { sender, receiver } = await senderAndReceiver();
    await sender.publishVoice(wish);
    await hearsTone(receiver.tab);
  });

  // With RED the receiver's statistics name the wrapping or what is wrapped, as the browser pleases.
  test.each([
    ['with RED', true, /^audio\/(red|opus)$/],
    ['without RED', false, /^audio\/opus$/],
  ])('Opus %s is heard', async (_name, red, codec) => {
    const { sender, receiver } = await senderAndReceiver();
    await sender.publishMicrophone({ red });
    await hearsTone(receiver.tab);
    const received = await ask(receiver.tab, 'inbound', 'audio');
    expect(received).toHaveLength(1);
    expect(received[0]?.codec).toMatch(codec);
  });
});
