// What a token does not permit, the server refuses, whatever the SDK believes.
import { describe, expect, test } from 'vitest';
import { hearsTone } from '../../src/media.ts';
import { afterMarker, sdkRooms } from '../../src/sdk-rooms.ts';
import { ask } from '../../src/tab.ts';
import { pause } from '../../src/until.ts';

const rooms = sdkRooms();

/** What the SDK says when the server refuses a track; its own check would have said "insufficient permissions". */
const UNANSWERED = /no response from server/;

describe('permissions', () => {
  test('canPublish=false: the server refuses a track that the SDK offers nevertheless', async () => {
    const [first, second] = await rooms().pair({ canPublish: false, canPublishData: true });
    await first.believeInAllPermissions();
    await expect(first.publishCamera({ codec: 'vp8' })).rejects.toThrow(UNANSWERED);
    await afterMarker(first, second);
    expect(await second.events('trackPublished')).toEqual([]);
    expect(await second.events('trackSubscribed')).toEqual([]);
  });

  test('canPublishSources=[microphone]: the voice passes, the camera is refused', async () => {
    const [first, second] = await rooms().pair({ canPublishSources: ['microphone'] });
    await first.believeInAllPermissions();
    await first.publishMicrophone();
    await expect(first.publishCamera({ codec: 'vp8' })).rejects.toThrow(UNANSWERED);
    await hearsTone(second.tab);
    expect((await second.events('trackPublished')).map((event) => event.detail)).toEqual([
      'microphone',
    ]);
  });

  test('canSubscribe=false: nothing is received', async () => {
    const [first, second] = await rooms().pair({ canSubscribe: false });
    await second.publishMicrophone();
    await second.publishCamera({ codec: 'vp8' });
    await afterMarker(second, first).catch(() => undefined);
    await pause(2_000);
    const received = [
      ...(await ask(first.tab, 'inbound', 'video')),
      ...(await ask(first.tab, 'inbound', 'audio')),
    ];
    expect(received.filter((one) => one.packetsReceived > 0)).toEqual([]);
  });

  test('canPublishData=false: data goes nowhere', async () => {
    const room = rooms().newRoom();
    const mute = await rooms().enter({
      room,
      identity: 'mute',
      grants: { roomJoin: true, room, canPublishData: false },
    });
    const talker = await rooms().enter({ room, identity: 'talker' });
    const listener = await rooms().enter({ room, identity: 'listener' });
    await mute.believeInAllPermissions();
    await mute.sendData('forbidden', { reliable: true }).catch(() => undefined);
    await pause(1_000);
    await afterMarker(talker, listener);
    expect((await listener.events('dataReceived')).filter((event) => event.who === 'mute')).toEqual(
      [],
    );
  });

  test('attributes, metadata and name change with canUpdateOwnMetadata and are seen by the other', async () => {
    const [first, second] = await rooms().pair({ canUpdateOwnMetadata: true });
    await first.tab.evaluate(async () => {
      await window.room.localParticipant.setAttributes({ language: 'fr' });
      await window.room.localParticipant.setMetadata('bed 7');
      await window.room.localParticipant.setName('Dr. Amara Osei');
    }, undefined);
    await second.untilEvent(
      'attributesChanged',
      (event) => event.who === 'first' && event.detail === '{"language":"fr"}',
    );
    await second.untilEvent(
      'metadataChanged',
      (event) => event.who === 'first' && event.detail === 'bed 7',
    );
    await second.untilEvent(
      'nameChanged',
      (event) => event.who === 'first' && event.detail === 'Dr. Amara Osei',
    );
  });

  test('without canUpdateOwnMetadata the change is refused and unseen', async () => {
    const [first, second] = await rooms().pair();
    await first.believeInAllPermissions();
    await expect(
      first.tab.evaluate(
        () => window.room.localParticipant.setAttributes({ role: 'doctor' }),
        undefined,
      ),
    ).rejects.toThrow(/does not allow/);
    await afterMarker(first, second);
    expect(await second.events('attributesChanged')).toEqual([]);
  });
});
