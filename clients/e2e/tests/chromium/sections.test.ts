// Tracks come and go for as long as a session lasts: none is lost, and the descriptions do not grow with it.
import { expect, test } from 'vitest';
import { publishKept, unpublishKept } from '../../src/kept-picture.ts';
import { seesMovingPicture } from '../../src/media.ts';
import { remoteOf } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { ask } from '../../src/tab.ts';
import { pause, until } from '../../src/until.ts';

const rooms = sdkRooms();

test.each([0, 3_000])(
  'a track that was taken back is seen again when it is published again %i ms later',
  async (later) => {
    const [first, second] = await rooms().pair();
    await publishKept(first.tab);
    await seesMovingPicture(second.tab, remoteOf('first'));
    const takenBack = unpublishKept(first.tab);
    if (later > 0) {
      await takenBack;
      await pause(later);
    }
    await publishKept(first.tab);
    await takenBack;
    await until({ what: 'the picture is announced as a new track', within: 5_000 }, () =>
      second.tab.evaluate(
        () => window.room.remoteParticipants.get('first')?.trackPublications.size === 1,
        undefined,
      ),
    );
    await seesMovingPicture(second.tab, remoteOf('first'));
  },
);

test('camera and microphone go on and off 120 times, and neither side has grown', async () => {
  const cycles = 120;
  const [first, second] = await rooms().pair();
  await first.tab.evaluate(async (times: number) => {
    const { Track } = window.LivekitClient;
    const { localParticipant } = window.room;
    for (let cycle = 0; cycle < times; cycle += 1) {
      const [camera, microphone] = await window.LivekitClient.createLocalTracks({
        audio: true,
        video: true,
      }).then((tracks) => tracks.map((track) => track.mediaStreamTrack).toReversed());
      if (camera === undefined || microphone === undefined) throw new Error('no devices');
      await Promise.all([
        localParticipant.publishTrack(camera, { source: Track.Source.Camera, simulcast: true }),
        localParticipant.publishTrack(microphone, { source: Track.Source.Microphone }),
      ]);
      await localParticipant.unpublishTrack(camera, true);
      await localParticipant.unpublishTrack(microphone, true);
    }
  }, cycles);
  await first.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(second.tab, remoteOf('first'));
  expect(await first.events('disconnected')).toEqual([]);
  for (const client of [first, second]) {
    // Data channels, camera, microphone, and what was on its way out while the next came.
    expect(Math.max(...(await ask(client.tab, 'sections')))).toBeLessThan(10);
  }
}, 300_000);

test('who subscribes again sees again, each time', async () => {
  const [first, second] = await rooms().pair();
  await first.publishCamera({ codec: 'vp8' });
  for (let time = 0; time < 5; time += 1) {
    await seesMovingPicture(second.tab, remoteOf('first'));
    const before = (await second.events('trackSubscribed')).length;
    for (const wanted of [false, true]) {
      await second.tab.evaluate((subscribed: boolean) => {
        const sender = window.room.remoteParticipants.get('first');
        for (const publication of sender?.trackPublications.values() ?? [])
          publication.setSubscribed(subscribed);
      }, wanted);
    }
    // Until then the page shows the element of the track that ends.
    await until({ what: 'the track is announced again', within: 10_000 }, async () => {
      return (await second.events('trackSubscribed')).length > before;
    });
  }
  await seesMovingPicture(second.tab, remoteOf('first'));
  expect(await second.events('trackSubscriptionFailed')).toEqual([]);
});
