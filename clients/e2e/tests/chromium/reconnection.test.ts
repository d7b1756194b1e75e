// A signal socket may die, a browser may crash: the room stays right.
import { describe, expect, test } from 'vitest';
import { launchMortalChromium, openChromiumTab } from '../../src/chromium.ts';
import { decodesMoreFrames, hearsTone, seesMovingPicture } from '../../src/media.ts';
import { remoteOf, SdkClient } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { SignalRelay } from '../../src/signal-relay.ts';
import { ask } from '../../src/tab.ts';
import { until } from '../../src/until.ts';

const rooms = sdkRooms();

describe('reconnection', () => {
  test('a killed WebSocket is resumed while the media flows on over the same connections', async () => {
    const room = rooms().newRoom();
    const relay = await SignalRelay.before('127.0.0.1', rooms().bedside.httpPort);
    try {
      const sender = await rooms().enter({ room, identity: 'sender' });
      await sender.publishCamera({ codec: 'vp8' });
      const viewer = await rooms().enter(
        { room, identity: 'viewer' },
        `ws://127.0.0.1:${relay.port}`,
      );
      const { trackId } = await seesMovingPicture(viewer.tab, remoteOf('sender'));
      const connectionsBefore = await ask(viewer.tab, 'connectionStates');
      expect(relay.cut()).toBeGreaterThan(0);
      await viewer.untilEvent('signalReconnecting', () => true);
      await decodesMoreFrames(viewer.tab, trackId, 5, 3_000);
      await viewer.untilEvent('reconnected', () => true, 20_000);
      await decodesMoreFrames(viewer.tab, trackId, 15, 5_000);
      expect(await ask(viewer.tab, 'connectionStates')).toHaveLength(connectionsBefore.length);
      expect(await viewer.events('reconnecting')).toEqual([]);
      expect(await sender.events('participantDisconnected')).toEqual([]);
    } finally {
      await relay.close();
    }
  });

  test('what happened while the WebSocket was away is known after resuming', async () => {
    const room = rooms().newRoom();
    const relay = await SignalRelay.before('127.0.0.1', rooms().bedside.httpPort);
    try {
      const goer = await rooms().enter({ room, identity: 'goer' });
      const viewer = await rooms().enter(
        { room, identity: 'viewer' },
        `ws://127.0.0.1:${relay.port}`,
      );
      relay.refuse(true);
      relay.cut();
      await viewer.untilEvent('signalReconnecting', () => true);
      await goer.leave();
      const comer = await rooms().enter({ room, identity: 'comer' });
      await comer.publishMicrophone();
      relay.refuse(false);
      await viewer.untilEvent('reconnected', () => true, 30_000);
      await until({ what: 'the viewer knows who left and who came', within: 5_000 }, () =>
        viewer.tab.evaluate(
          () => [...window.room.remoteParticipants.keys()].join() === 'comer',
          undefined,
        ),
      );
      await hearsTone(viewer.tab);
    } finally {
      await relay.close();
    }
  });

  test('a full reconnect brings back what was published and subscribed', async () => {
    const [first, second] = await rooms().pair();
    await first.publishCamera({ codec: 'vp8' });
    await second.publishMicrophone();
    await seesMovingPicture(second.tab, remoteOf('first'));
    await first.tab.evaluate(() => window.room.simulateScenario('full-reconnect'), undefined);
    await first.untilEvent('reconnected', () => true, 20_000);
    await seesMovingPicture(second.tab, remoteOf('first'), 15_000);
    await hearsTone(first.tab);
  });

  test('a browser that crashes is gone from the room within half a minute', async () => {
    const room = rooms().newRoom();
    const witness = await rooms().enter({ room, identity: 'witness' });
    const mortal = await launchMortalChromium();
    const tab = await openChromiumTab(mortal.browser, 'crashing');
    const crashing = await SdkClient.open(tab, rooms().pages.url);
    await crashing.joined(
      rooms().bedside.signalUrl,
      rooms().bedside.token({ room, identity: 'crashing' }),
    );
    await crashing.publishMicrophone();
    await witness.untilEvent('trackSubscribed', (event) => event.who === 'crashing');
    await mortal.kill();
    await witness.untilEvent(
      'participantDisconnected',
      (event) => event.who === 'crashing',
      30_000,
    );
  });
});

// Last on purpose: by now the log has seen every scenario above, at debug level.
test("neither a token nor a line of SDP is in the server's log", () => {
  const { tokens, bedside } = rooms();
  // The control: the log has told what happened, so it could have told a secret.
  expect(tokens.length).toBeGreaterThan(4);
  expect(bedside.log).toMatch(/participant joined/);
  const signatures = tokens.map((token) => token.split('.')[2] ?? '');
  expect(signatures.filter((signature) => bedside.log.includes(signature))).toEqual([]);
  expect(bedside.log).not.toMatch(/access_token=|a=ice-pwd|a=fingerprint|a=candidate/);
});
