// A call of real browsers on bad lines: what the receiver's own statistics say. The figures stand in docs/QUALITY.md.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WatchedCall } from '../../src/watched-call.ts';

let call: WatchedCall;
beforeAll(async () => {
  call = await WatchedCall.start();
  // Encoders and estimates find their level.
  await call.watch(8);
});
afterAll(() => call?.close());

describe('on a bad line', () => {
  test('the line drops to 150 kbit/s for 20 s and comes back', async () => {
    call.setLine({});
    const before = await call.watch(4);
    call.setLine({ rateKbps: 150 });
    const narrow = await call.watch(20);
    call.setLine({});
    const after = await call.watch(14, 6);
    call.keep('drop', { before, narrow, after });
    expect(before.framesPerSecond).toBeGreaterThan(5);
    expect(narrow.concealed).toBeLessThan(0.2);
    expect(after.framesPerSecond).toBeGreaterThan(5);
    expect(after.frozen).toBeLessThan(0.3);
  });

  test('5 and 15 of a hundred are lost', async () => {
    call.setLine({ loss: 0.05, delayMs: 25 });
    const five = await call.watch(12, 10);
    call.setLine({ loss: 0.15, delayMs: 25 });
    const fifteen = await call.watch(12, 10);
    call.setLine({});
    await call.watch(4);
    call.keep('loss', { five, fifteen });
    expect(five.framesPerSecond).toBeGreaterThan(3);
    expect(five.concealed).toBeLessThan(0.05);
    expect(fifteen.concealed).toBeLessThan(0.15);
  });

  test('the way takes 300 ms there and back, unevenly', async () => {
    call.setLine({ delayMs: 120, jitterMs: 60 });
    const far = await call.watch(16, 10);
    call.setLine({});
    await call.watch(3);
    call.keep('far', { far });
    expect(far.framesPerSecond).toBeGreaterThan(3);
    expect(far.concealed).toBeLessThan(0.05);
  });

  test("the sender's own line is narrow", async () => {
    call.setSendersLine({ rateKbps: 250 });
    const narrow = await call.watch(16, 8);
    call.setSendersLine({});
    call.keep('uplink', { narrow });
    expect(narrow.concealed).toBeLessThan(0.2);
    expect(narrow.framesPerSecond).toBeGreaterThan(1);
  });
});
