// A call holds when nothing but TURN is left: over UDP on a port of its own, over TCP and over TLS on the port of the page.
// (Over UDP on the media port: turn-only.test.ts.)
import { afterAll, expect, test } from 'vitest';
import { hearsTone, seesMovingPicture } from '../../src/media.ts';
import { relayOnly, selectedPairs, type Transport } from '../../src/relayed.ts';
import { remoteOf, type SdkClient } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { makeCertificate } from '../../src/test-certificate.ts';

const certificate = makeCertificate();
afterAll(() => {
  certificate.remove();
});

const rooms = sdkRooms({
  bedside: {
    arguments: [
      '--tls-cert-file',
      certificate.certFile,
      '--tls-key-file',
      certificate.keyFile,
      '--turn-host',
      'localhost',
      '--turn-udp-port',
      '0',
    ],
  },
  chromium: { arguments: [certificate.chromiumArgument] },
});

async function enterThrough(
  transport: Transport,
  room: string,
  identity: string,
): Promise<SdkClient> {
  const client = await rooms().open(identity);
  await relayOnly(client.tab, transport);
  await client.joined(rooms().bedside.signalUrl, rooms().bedside.token({ room, identity }));
  return client;
}

test.each(['udp', 'tcp', 'tls'] as const)(
  'a call through TURN over %s is seen and heard',
  async (transport) => {
    const room = rooms().newRoom();
    const doctor = await enterThrough(transport, room, 'doctor');
    const patient = await enterThrough(transport, room, 'patient');
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
          relayProtocol: transport,
          remote: 'host',
          protocol: 'udp',
        });
      }
    }
  },
);

test('who can come directly is not relayed, though TURN is there', async () => {
  const room = rooms().newRoom();
  const doctor = await rooms().enter({ room, identity: 'doctor' });
  const patient = await rooms().enter({ room, identity: 'patient' });
  await doctor.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(patient.tab, remoteOf('doctor'), 25_000);
  for (const client of [doctor, patient]) {
    const pairs = await selectedPairs(client.tab);
    expect(pairs.length).toBeGreaterThan(0);
    for (const pair of pairs) {
      expect(['host', 'prflx']).toContain(pair.local);
      expect(pair.protocol).toBe('udp');
    }
  }
});

test('someone behind a closed network meets someone who comes directly', async () => {
  const room = rooms().newRoom();
  const doctor = await rooms().enter({ room, identity: 'doctor' });
  const patient = await enterThrough('tls', room, 'patient');
  await doctor.publishCamera({ codec: 'vp8' });
  await patient.publishCamera({ codec: 'vp8' });
  await seesMovingPicture(patient.tab, remoteOf('doctor'), 25_000);
  await seesMovingPicture(doctor.tab, remoteOf('patient'), 25_000);
});
