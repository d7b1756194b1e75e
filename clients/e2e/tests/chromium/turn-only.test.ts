// `turn_only`: a stock client is told to relay everything, and does, with nothing set in the page.
import { expect, test } from 'vitest';
import { seesMovingPicture } from '../../src/media.ts';
import { selectedPairs } from '../../src/relayed.ts';
import { remoteOf } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';

const rooms = sdkRooms({ bedside: { arguments: ['--turn-only'] } });

test('everybody is relayed, and the server counts their allocations', async () => {
  const room = rooms().newRoom();
  const doctor = await rooms().enter({ room, identity: 'doctor' });
  const patient = await rooms().enter({ room, identity: 'patient' });
  await doctor.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(patient.tab, remoteOf('doctor'), 25_000);
  for (const client of [doctor, patient]) {
    const pairs = await selectedPairs(client.tab);
    expect(pairs.length).toBeGreaterThan(0);
    for (const pair of pairs)
      expect(pair).toMatchObject({ local: 'relay', relayProtocol: 'udp', protocol: 'udp' });
  }
  const allocations = /^bedside_turn_allocations\{shard="\d+"\} [1-9]/m;
  expect(await rooms().bedside.metrics()).toMatch(allocations);
});

test('a relayed call comes back when the server was killed and started again', async () => {
  const room = rooms().newRoom();
  const doctor = await rooms().enter({ room, identity: 'doctor' });
  const patient = await rooms().enter({ room, identity: 'patient' });
  await doctor.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(patient.tab, remoteOf('doctor'), 25_000);
  await rooms().bedside.stop('abruptly');
  await rooms().bedside.start();
  for (const client of [doctor, patient]) {
    await client.untilEvent('reconnected', () => true, 40_000);
  }
  await seesMovingPicture(patient.tab, remoteOf('doctor'), 25_000);
  const pairs = await selectedPairs(patient.tab);
  expect(new Set(pairs.map((pair) => pair.local))).toEqual(new Set(['relay']));
});
