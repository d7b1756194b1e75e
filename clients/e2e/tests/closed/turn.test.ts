// A network whose firewall drops all UDP (scripts/run.mjs makes it): nothing is set in the browser, and the call holds, through
// TURN where media may not come over TCP without it.
import { expect, test } from 'vitest';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { selectedPairs } from '../../src/relayed.ts';
import { remoteOf } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { udpPasses } from '../../src/udp-firewall.ts';

const rooms = sdkRooms({ bedside: { arguments: ['--ice-tcp=false'] } });

test('without UDP a call is seen and heard through TURN over TCP', async () => {
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
      expect(pair).toEqual({
        local: 'relay',
        relayProtocol: 'tcp',
        remote: 'host',
        protocol: 'udp',
      });
    }
  }
});
