// Whether the firewall of a closed network is up.
import { createSocket } from 'node:dgram';
/** Whether a datagram of ours reaches ourselves. */
export async function udpPasses(): Promise<boolean> {
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
