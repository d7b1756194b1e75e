import { expect, it } from 'vitest';
import type { Arrivals } from './silence.ts';
import { noArrivals, SILENT_AFTER_MS, silentSince, takeSamples } from './silence.ts';

function after(...rounds: [number, Record<string, number>][]): Arrivals {
  return rounds.reduce<Arrivals>(
    (arrivals, [now, bytes]) =>
      takeSamples(
        arrivals,
        Object.entries(bytes).map(([identity, count]) => ({ identity, bytes: count })),
        now,
      ),
    noArrivals,
  );
}

it('is silent once the counter has stood still long enough, and not before', () => {
  const arrivals = after([0, { ann: 10 }], [250, { ann: 20 }], [900, { ann: 20 }]);
  expect(silentSince(arrivals, 250 + SILENT_AFTER_MS - 1)).toEqual([]);
  expect(silentSince(arrivals, 250 + SILENT_AFTER_MS)).toEqual(['ann']);
});

it('is over with the next byte', () => {
  const arrivals = after([0, { ann: 10 }], [2_000, { ann: 10 }], [2_250, { ann: 11 }]);
  expect(silentSince(arrivals, 2_250)).toEqual([]);
});

it('tells one silent person from another who is heard', () => {
  const arrivals = after([0, { ann: 1, bo: 1 }], [1_500, { ann: 1, bo: 9 }]);
  expect(silentSince(arrivals, 1_500)).toEqual(['ann']);
});

it('counts nobody whose microphone and camera are off', () => {
  const arrivals = after([0, { ann: 1 }], [500, {}], [5_000, { ann: 1 }]);
  expect(silentSince(arrivals, 5_000)).toEqual([]);
});
