// A network whose firewall drops all UDP: data in quantity comes whole over TCP, beside a camera, and the call goes on.
import { describe, expect, test } from 'vitest';
import { filesArrive } from '../../src/files.ts';
import { seesMovingPicture } from '../../src/media.ts';
import { remoteOf } from '../../src/sdk-client.ts';
import { sdkRooms } from '../../src/sdk-rooms.ts';
import { udpPasses } from '../../src/udp-firewall.ts';

describe.each([
  ['straight to the server', '--turn=false'],
  ['through TURN', '--ice-tcp=false'],
])('data over TCP, %s', (_way, argument) => {
  const rooms = sdkRooms({ bedside: { arguments: [argument] } });

  test('files arrive whole beside a camera', { timeout: 150_000 }, async () => {
    expect(await udpPasses(), 'the firewall is up').toBe(false);
    const [doctor, patient] = await rooms().pair();
    await doctor.publishCamera({ codec: 'vp8' });
    await seesMovingPicture(patient.tab, remoteOf('first'), 25_000);
    await filesArrive(doctor, patient, [
      [1, 2_097_152],
      [1, 8_388_608],
      [4, 2_097_152],
    ]);
    await seesMovingPicture(patient.tab, remoteOf('first'), 25_000);
  });
});
