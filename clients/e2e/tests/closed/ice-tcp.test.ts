// A network whose firewall drops all UDP, and a server without TURN: media comes over TCP to the port of the page (ICE-TCP).
import { expect, test } from 'vitest';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { selectedPairs } from '../../src/relayed.ts';
import { remoteOf } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { udpPasses } from '../../src/udp-firewall.ts';

const rooms = sdkRooms({ bedside: { arguments: ['--turn=false'] } });

test('without UDP a call is seen and heard over TCP, straight to the server', async () => {
  expect(await udpPasses(), 'the firewall is up').toBe(false);
  const room = rooms().newRoom();
  const doctor = await rooms().enter({ room, identity: 'doctor' });
  const patient = await rooms().enter({ room, identity: 'patient' });
  await doctor.publishCamera({ codec: 'vp8' });
  await doctor.publishVoice();
  await patient.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(patient.tab, remoteOf('doctor'), 25_000);
  await hearsTone(patient.tab);
  await seesMovingPicture(doctor.tab, remoteOf('patient'), 25_000);
  for (const client of [doctor, patient]) {
    const pairs = await selectedPairs(client.tab);
    expect(pairs.length).toBeGreaterThan(0);
    for (const pair of pairs) {
      // What the browser calls itself depends on which it learns first, our answer or its own candidate.
      expect(pair).toMatchObject({ remote: 'host', protocol: 'tcp', relayProtocol: 'undefined' });
      expect(['host', 'prflx']).toContain(pair.local);
    }
  }
  expect(await rooms().bedside.metrics()).not.toMatch(
    /^bedside_turn_allocations\{shard="\d+"\} [1-9]/m,
  );
});
