// The port the system chose for a server that listens on TCP.
import type { Server } from 'node:net';

export function listeningPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listens on no TCP port');
  return address.port;
}
