// The bad line does what it says; without a browser.
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { type Impairment, ImpairmentRelay } from '../../src/impairment-relay.ts';
import { pause } from '../../src/until.ts';

const LENGTH = 972;

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function socket(): Promise<Socket> {
  const one = createSocket('udp4');
  await new Promise<void>((resolve) => one.bind(0, '127.0.0.1', resolve));
  open.push(() => one.close());
  return one;
}

/** Sends `count` datagrams, one every `everyMs`, over a line; answers when each came, on the clock of the first. */
async function send(line: Impairment, count: number, everyMs: number, waitMs: number) {
  const server = await socket();
  const relay = await ImpairmentRelay.before(server.address().port);
  open.push(() => relay.close());
  relay.set(line);
  const client = await socket();
  const came: { number: number; at: number }[] = [];
  const start = performance.now();
  server.on('message', (bytes) =>
    came.push({ number: bytes.readUInt32BE(0), at: performance.now() - start }),
  );
  for (let number = 0; number < count; number += 1) {
    const bytes = Buffer.alloc(LENGTH);
    bytes.writeUInt32BE(number, 0);
    client.send(bytes, relay.port, '127.0.0.1');
    if (everyMs > 0) await pause(Math.max(0, start + everyMs * (number + 1) - performance.now()));
  }
  await pause(waitMs);
  return { came, relay };
}

describe('the impairment relay', () => {
  test('carries the rate that it is given, and loses what its queue does not hold', async () => {
    // 8,000 bits each with headers: 100 kbit/s carry one in 80 ms; 500 ms hold six, and one that finds as much.
    const { came, relay } = await send({ rateKbps: 100, queueMs: 500 }, 20, 0, 900);
    expect(came.length).toBeGreaterThanOrEqual(7);
    expect(came.length).toBeLessThanOrEqual(8);
    expect(relay.up.counts.overflowed).toBe(20 - came.length);
    const span = (came.at(-1)?.at ?? 0) - (came[0]?.at ?? 0);
    expect(span).toBeGreaterThan(80 * (came.length - 1) - 20);
  });

  test('loses the share that it is given', async () => {
    const { came } = await send({ loss: 0.3 }, 1000, 0.2, 100);
    expect(came.length).toBeGreaterThan(620);
    expect(came.length).toBeLessThan(780);
  });

  test('delays, unevenly if it is told to, and keeps the order', async () => {
    const { came } = await send({ delayMs: 100, jitterMs: 60 }, 40, 5, 300);
    expect(came.map((one) => one.number)).toEqual([...Array.from({ length: 40 }).keys()]);
    const delays = came.map((one) => one.at - 5 * one.number);
    expect(Math.min(...delays)).toBeGreaterThan(95);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(20);
  });

  test('carries what comes back to whoever asked', async () => {
    const server = await socket();
    server.on('message', (bytes, from) => server.send(bytes, from.port, from.address));
    const relay = await ImpairmentRelay.before(server.address().port);
    open.push(() => relay.close());
    const clients = [await socket(), await socket()];
    const heard = clients.map((client) => {
      const all: string[] = [];
      client.on('message', (bytes) => all.push(bytes.toString()));
      return all;
    });
    clients.forEach((client, place) => client.send(`from ${place}`, relay.port, '127.0.0.1'));
    await pause(100);
    expect(heard).toEqual([['from 0'], ['from 1']]);
  });
});
