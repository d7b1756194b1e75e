// Who is in the room, who speaks, who is served; and how the door answers.
import { describe, expect, test } from 'vitest';
import { seesMovingPicture } from '../../src/media.ts';
import { remoteOf, type SdkClient } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { ask } from '../../src/tab.ts';
import { pause, until } from '../../src/until.ts';

const rooms = sdkRooms();

describe('participants', () => {
  test('a second join of an identity ends the first with that reason', async () => {
    const room = rooms().newRoom();
    const first = await rooms().enter({ room, identity: 'twin' });
    const witness = await rooms().enter({ room, identity: 'witness' });
    await rooms().enter({ room, identity: 'twin' });
    const end = await first.untilEvent('disconnected', () => true, 5_000);
    expect(end.detail).toBe('2'); // DisconnectReason.DUPLICATE_IDENTITY
    await until({ what: 'the witness knows one twin', within: 3_000 }, () =>
      witness.tab.evaluate(
        () => [...window.room.remoteParticipants.keys()].join() === 'twin',
        undefined,
      ),
    );
  });

  test('who speaks is announced as speaker, and who falls silent no longer', async () => {
    const [first, second] = await rooms().pair();
    await first.publishVoice();
    await second.untilEvent('activeSpeakersChanged', (event) => event.who === 'first', 5_000);
    await first.muteMicrophone(true);
    await second.untilEvent('activeSpeakersChanged', (event) => event.who === '', 3_000);
  });

  test('who unsubscribes stops receiving, and receives again on demand', async () => {
    const [first, second] = await rooms().pair();
    await first.publishCamera({ codec: 'vp8' });
    await seesMovingPicture(second.tab, remoteOf('first'));
    await subscribe(second, false);
    await second.untilEvent('trackUnsubscribed', () => true, 5_000);
    await pause(500);
    const before = await videoBytes(second);
    await pause(1_500);
    expect((await videoBytes(second)) - before).toBe(0);
    await subscribe(second, true);
    await seesMovingPicture(second.tab, remoteOf('first'));
  });

  test('a hidden participant is seen by nobody and sees the others', async () => {
    const room = rooms().newRoom();
    const first = await rooms().enter({ room, identity: 'first' });
    const observer = await rooms().enter({
      room,
      identity: 'observer',
      grants: { roomJoin: true, room, hidden: true },
    });
    const third = await rooms().enter({ room, identity: 'third' });
    await observer.untilEvent('participantConnected', (event) => event.who === 'third');
    await first.untilEvent('participantConnected', (event) => event.who === 'third');
    expect((await first.events('participantConnected')).map((event) => event.who)).toEqual([
      'third',
    ]);
    expect(
      await third.tab.evaluate(() => [...window.room.remoteParticipants.keys()], undefined),
    ).toEqual(['first']);
  });
});

describe('at the door', () => {
  test('a refusal can be read from another origin: status, reason and CORS', async () => {
    const client = await rooms().open('visitor');
    const answer = await client.tab.evaluate(async (url: string) => {
      const response = await fetch(`${url}/rtc/validate?access_token=nonsense`);
      return { status: response.status, text: await response.text() };
    }, rooms().bedside.url);
    expect(answer.status).toBe(401);
    expect(answer.text.length).toBeGreaterThan(0);
    const join = await client.join(rooms().bedside.signalUrl, 'nonsense');
    expect(join).toMatchObject({ ok: false, status: 401 });
  });

  test('a good token validates', async () => {
    const token = rooms().bedside.token({ room: rooms().newRoom(), identity: 'visitor' });
    const response = await fetch(`${rooms().bedside.url}/rtc/validate?access_token=${token}`, {
      headers: { origin: 'http://a.example' },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('success');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('/rtc/v1 asks for a token as /rtc does', async () => {
    const response = await fetch(`${rooms().bedside.url}/rtc/v1/validate`);
    expect(response.status).toBe(401);
  });
});

function subscribe(client: SdkClient, wanted: boolean): Promise<void> {
  return client.tab.evaluate((subscribed: boolean) => {
    for (const participant of window.room.remoteParticipants.values()) {
      for (const publication of participant.trackPublications.values())
        publication.setSubscribed(subscribed);
    }
  }, wanted);
}

async function videoBytes(client: SdkClient): Promise<number> {
  return (await ask(client.tab, 'inbound', 'video')).reduce(
    (sum, one) => sum + one.bytesReceived,
    0,
  );
}
