// A bad line on this machine: a UDP relay between a browser and the server, with rate, queue, loss, delay and jitter.
//
//   browser ─► queue, rate ─► loss ─► delay, jitter ─► server          and the same way back
//
// Each browser socket gets a socket of its own towards the server. A seed decides what is lost; the clock is the
// machine's, so a busy machine adds to the delay and never to the rate.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** The conditions of one direction; what is left out is perfect. */
export interface Impairment {
  readonly rateKbps?: number;
  /** How much may wait for the rate; beyond, the newest is lost. */
  readonly queueMs?: number;
  /** Share that is lost, 0..1. */
  readonly loss?: number;
  readonly delayMs?: number;
  /** Each datagram takes up to this much longer; none overtakes another. */
  readonly jitterMs?: number;
}

export interface Counts {
  carried: number;
  /** By the dice. */
  lost: number;
  /** For want of room in the queue. */
  overflowed: number;
}

/** The queue of a home router. */
const QUEUE_MS = 250;
/** IPv4 and UDP headers take their share of a line. */
const HEADER_BYTES = 28;

/** One direction, shared by all who use the relay. */
class Way {
  readonly counts: Counts = { carried: 0, lost: 0, overflowed: 0 };
  #impairment: Impairment = {};
  readonly #random: () => number;
  /** Waiting for the rate: bits each, and what then happens. */
  readonly #queue: { bits: number; leave: () => void }[] = [];
  #waitingBits = 0;
  /** Bits of the first that have left by `#at`. */
  #leftBits = 0;
  #at = 0;
  #timer: NodeJS.Timeout | undefined;
  /** On the way, in the order of arrival; timers of different lengths would not keep it. */
  readonly #flying: { at: number; deliver: () => void }[] = [];
  #landing: NodeJS.Timeout | undefined;

  constructor(seed: number) {
    this.#random = dice(seed);
  }

  set(impairment: Impairment): void {
    this.#advance();
    this.#impairment = impairment;
    this.#advance();
  }

  carry(bytes: number, deliver: () => void): void {
    const { rateKbps, queueMs } = this.#impairment;
    if (rateKbps === undefined && this.#queue.length === 0) {
      this.#fly(deliver);
      return;
    }
    this.#advance();
    const waitsMs = rateKbps === undefined ? 0 : (this.#waitingBits - this.#leftBits) / rateKbps;
    if (waitsMs > (queueMs ?? QUEUE_MS)) {
      this.counts.overflowed += 1;
      return;
    }
    const bits = 8 * (bytes + HEADER_BYTES);
    this.#waitingBits += bits;
    this.#queue.push({ bits, leave: () => this.#fly(deliver) });
    this.#advance();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#landing);
    this.#queue.length = 0;
    this.#flying.length = 0;
  }

  /** Lets leave what has had its time on the line, and wakes when the next has. */
  #advance(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    // An idle line earns nothing.
    if (this.#queue.length > 0)
      this.#leftBits += (now - this.#at) * (this.#impairment.rateKbps ?? Number.POSITIVE_INFINITY);
    this.#at = now;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (first.bits > this.#leftBits) break;
      this.#queue.shift();
      this.#leftBits -= first.bits;
      this.#waitingBits -= first.bits;
      first.leave();
    }
    const first = this.#queue[0];
    if (first === undefined) {
      this.#leftBits = 0;
      return;
    }
    const rate = this.#impairment.rateKbps ?? Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => this.#advance(), (first.bits - this.#leftBits) / rate);
  }

  #fly(deliver: () => void): void {
    const { loss = 0, delayMs = 0, jitterMs = 0 } = this.#impairment;
    const [lost, late] = [this.#random() < loss, this.#random()];
    if (lost) {
      this.counts.lost += 1;
      return;
    }
    this.counts.carried += 1;
    const at = performance.now() + delayMs + jitterMs * late;
    this.#flying.push({ at: Math.max(at, this.#flying.at(-1)?.at ?? 0), deliver });
    this.#land();
  }

  /** Delivers what has arrived, and wakes for the next. */
  #land(): void {
    clearTimeout(this.#landing);
    const now = performance.now();
    // A timer is good for a millisecond.
    for (let first = this.#flying[0]; first !== undefined; first = this.#flying[0]) {
      if (first.at > now + 0.5) {
        this.#landing = setTimeout(() => this.#land(), first.at - now);
        return;
      }
      this.#flying.shift();
      first.deliver();
    }
  }
}

export class ImpairmentRelay {
  /** To the server, and from it. */
  readonly up: Way;
  readonly down: Way;
  readonly #near: Socket;
  readonly #far = new Map<string, Socket>();

  private constructor(
    near: Socket,
    readonly port: number,
    readonly serverPort: number,
    seed: number,
  ) {
    this.#near = near;
    this.up = new Way(seed);
    this.down = new Way(seed + 1);
  }

  /** A relay before a UDP port of this machine. */
  static async before(serverPort: number, seed = 1): Promise<ImpairmentRelay> {
    const near = createSocket('udp4');
    await new Promise<void>((resolve) => near.bind(0, '127.0.0.1', resolve));
    const relay = new ImpairmentRelay(near, near.address().port, serverPort, seed);
    near.on('message', (bytes, from) => relay.#fromBrowser(bytes, from));
    return relay;
  }

  /** Sets the directions to the server and from it; one alone stands for both. */
  set(up: Impairment, down: Impairment = up): void {
    this.up.set(up);
    this.down.set(down);
  }

  /** From now on the browser comes from other ports, as after a restart of its router; what is sent to the old ones is lost. */
  move(): void {
    for (const socket of this.#far.values()) socket.close();
    this.#far.clear();
  }

  close(): void {
    for (const way of [this.up, this.down]) way.close();
    for (const socket of [this.#near, ...this.#far.values()]) socket.close();
    this.#far.clear();
  }

  #fromBrowser(bytes: Buffer, from: RemoteInfo): void {
    const far = this.#farOf(from);
    this.up.carry(bytes.length, () => send(far, bytes, this.serverPort, '127.0.0.1'));
  }

  #farOf(from: RemoteInfo): Socket {
    const name = `${from.address}:${from.port}`;
    const known = this.#far.get(name);
    if (known !== undefined) return known;
    const far = createSocket('udp4');
    this.#far.set(name, far);
    far.on('message', (bytes) =>
      // A browser may send from any address of this machine.
      this.down.carry(bytes.length, () => send(this.#near, bytes, from.port, from.address)),
    );
    return far;
  }
}

/** What is under way when a socket closes is lost, as on any line. */
function send(socket: Socket, bytes: Buffer, port: number, address: string): void {
  try {
    socket.send(bytes, port, address, () => {});
  } catch {
    // ERR_SOCKET_DGRAM_NOT_RUNNING
  }
}

/** Mulberry32: enough for losing packets. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Sent to a page as text: from now on its connections reach the server's `port` by way of `relay`. */
export function reachBy(ports: { server: number; relay: number }): void {
  const candidate = new RegExp(`^(a=candidate:.* 127\\.0\\.0\\.1) ${ports.server} `, 'gm');
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      const sdp = (description.sdp ?? '').replaceAll(candidate, `$1 ${ports.relay} `);
      return super.setRemoteDescription({ type: description.type, sdp });
    }
  };
}
