// Stock livekit-client with one peer connection, and every kind of trouble that it can order in development.
import { expect, test } from 'vitest';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { remoteOf, type SdkClient } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { ask } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

const rooms = sdkRooms();

async function hasOneConnection(client: SdkClient): Promise<void> {
  expect(await ask(client.tab, 'connectionStates')).toEqual(['connected']);
}

/** Publishes a camera as one more source; resolves to the publication's sid. */
function publishAs(client: SdkClient, source: 'screen_share' | 'camera'): Promise<string> {
  return client.tab.evaluate(async (wanted: string) => {
    const { createLocalVideoTrack, Track } = window.LivekitClient;
    const track = await createLocalVideoTrack({ resolution: { width: 320, height: 180 } });
    const publication = await window.room.localParticipant.publishTrack(track.mediaStreamTrack, {
      source: wanted === 'camera' ? Track.Source.Camera : Track.Source.ScreenShare,
      simulcast: false,
    });
    return publication.trackSid;
  }, source);
}

/** How many different pictures of `identity` move. */
async function picturesMove(client: SdkClient, count: number): Promise<void> {
  await until({ what: `${client.tab.who} decodes ${count} pictures`, within: 20_000 }, async () => {
    const inbound = await ask(client.tab, 'inbound', 'video');
    return inbound.filter((one) => one.framesDecoded > 10).length >= count;
  });
}

test('camera, microphone, screen and data go both ways over one connection each', async () => {
  const [first, second] = await rooms().pair();
  for (const client of [first, second]) {
    await client.publishCamera({ codec: 'vp8', simulcast: true });
    await client.publishVoice();
    await publishAs(client, 'screen_share');
  }
  await seesMovingPicture(second.tab, remoteOf('first'));
  await seesMovingPicture(first.tab, remoteOf('second'));
  await hearsTone(first.tab);
  await hearsTone(second.tab);
  await picturesMove(first, 2);
  await first.sendData('hello', { reliable: true });
  await second.untilEvent('dataReceived', (event) => event.detail.endsWith('hello'));
  await first.muteMicrophone(true);
  await second.untilEvent('trackMuted', (event) => event.who === 'first');
  await hasOneConnection(first);
  await hasOneConnection(second);
  // More than what is offered from the beginning: sections are asked for.
  const room = await first.tab.evaluate(() => window.room.name, undefined);
  const third = await rooms().enter({ room, identity: 'third' });
  await picturesMove(third, 4);
  await hasOneConnection(third);
  expect(await third.events('trackSubscriptionFailed')).toEqual([]);
});

const RESUMES = [
  'signal-reconnect',
  'migration',
  'disconnect-signal-on-resume',
  'disconnect-signal-on-resume-no-messages',
] as const;
// livekit-client lets the resume of `resume-reconnect` fail, and joins anew then.
const JOINS_ANEW = [
  'resume-reconnect',
  'node-failure',
  'leave-full-reconnect',
  'force-tcp',
] as const;

test('every scenario of simulateScenario is lived through', async () => {
  const [first, second] = await rooms().pair();
  await first.publishCamera({ codec: 'vp8' });
  await second.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(first.tab, remoteOf('second'));
  const order = (scenario: string, argument?: number): Promise<void> =>
    first.tab.evaluate(
      (given: { scenario: string; argument?: number }) =>
        window.room.simulateScenario(
          // A name of the test's own list. Type arguments are no use in what is sent as text.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          given.scenario as Parameters<typeof window.room.simulateScenario>[0],
          given.argument,
        ),
      argument === undefined ? { scenario } : { scenario, argument },
    );

  await order('speaker');
  await second.untilEvent('activeSpeakersChanged', (event) => event.who === 'first');

  await order('subscriber-bandwidth', 60_000);
  await until({ what: 'the picture is let go of', within: 15_000 }, async () => {
    const before = (await ask(first.tab, 'inbound', 'video'))[0]?.framesDecoded ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return ((await ask(first.tab, 'inbound', 'video'))[0]?.framesDecoded ?? 0) < before + 8;
  });
  await order('subscriber-bandwidth', 0);
  await seesMovingPicture(first.tab, remoteOf('second'), 20_000);

  for (const scenario of [...RESUMES, ...JOINS_ANEW]) {
    const sid = await first.tab.evaluate(() => window.room.localParticipant.sid, undefined);
    const before = (await first.events('reconnected')).length;
    await order(scenario);
    await until({ what: `${scenario} is over`, within: 30_000 }, async () => {
      return (await first.events('reconnected')).length > before;
    });
    await seesMovingPicture(first.tab, remoteOf('second'), 20_000);
    await seesMovingPicture(second.tab, remoteOf('first'), 20_000);
    const now = await first.tab.evaluate(() => window.room.localParticipant.sid, undefined);
    expect(now === sid, `${scenario} keeps the participant`).toBe(
      (RESUMES as readonly string[]).includes(scenario),
    );
  }

  await order('server-leave');
  await first.untilEvent('disconnected', () => true);
  await second.untilEvent('participantDisconnected', (event) => event.who === 'first');
}, 240_000);
