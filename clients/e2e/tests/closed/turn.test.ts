// A network whose firewall drops all UDP (scripts/run.mjs makes it): nothing is set in the browser, and the call holds.
import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { selectedPairs } from '../../src/relayed.ts';
import { remoteOf } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';

const rooms = sdkRooms();

/** Whether a datagram of ours reaches ourselves. */
async function udpPasses(): Promise<boolean> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const arrived = new Promise<boolean>((resolve) => {
    socket.once('message', () => {
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
    setTimeout(() => {
      resolve(false);
    }, 500);
  });
  socket.send('x', socket.address().port, '127.0.0.1', () => undefined);
  const passes = await arrived;
  socket.close();
  return passes;
}

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
    for (const pair of await selectedPairs(client.tab)) {
      expect(pair).toEqual({ local: 'relay', relayProtocol: 'tcp', remote: 'host' });
    }
  }
});
