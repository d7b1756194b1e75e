// A TCP relay between a page and the server's HTTP port, so that a test can cut the WebSocket as a network does:
// without a close frame, and without the media (UDP) noticing.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listeningPort } from './listening-port.ts';

export class SignalRelay {
  readonly #sockets = new Set<Socket>();
  #refusing = false;
  readonly #server: Server;

  private constructor(
    server: Server,
    readonly port: number,
  ) {
    this.#server = server;
  }

  static async before(host: string, port: number): Promise<SignalRelay> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const relay = new SignalRelay(server, listeningPort(server));
    server.on('connection', (near) => relay.#join(near, connect(port, host)));
    return relay;
  }

  /** Resets every connection that is open now; new ones are accepted unless `refuse` was called. */
  cut(): number {
    const open = this.#sockets.size / 2;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    return open;
  }

  /** From now on (`true`) every new connection is reset at once, as by a server that is away. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    if (this.#refusing) {
      near.resetAndDestroy();
      far.destroy();
      return;
    }
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
