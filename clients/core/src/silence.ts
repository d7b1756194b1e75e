/** Finds out from counters that nothing arrives any more. Pure: samples and the time come in. */

/** Without a byte for this long somebody counts as silent. Even a quiet microphone sends every 0.4 s. */
export const SILENT_AFTER_MS = 1_100;

/** The bytes received so far from somebody whose microphone or camera is on. */
export interface Sample {
  readonly identity: string;
  readonly bytes: number;
}

/** When each person's counter last grew. */
export type Arrivals = ReadonlyMap<string, { readonly bytes: number; readonly grewAtMs: number }>;

export const noArrivals: Arrivals = new Map();

/** Takes the newest samples in. Who is not in them sends nothing on purpose, and is forgotten. */
export function takeSamples(before: Arrivals, samples: readonly Sample[], nowMs: number): Arrivals {
  return new Map(
    samples.map(({ identity, bytes }) => {
      const known = before.get(identity);
      const stands = known !== undefined && known.bytes === bytes;
      return [identity, { bytes, grewAtMs: stands ? known.grewAtMs : nowMs }];
    }),
  );
}

export function silentSince(arrivals: Arrivals, nowMs: number): readonly string[] {
  return [...arrivals]
    .filter(([, { grewAtMs }]) => nowMs - grewAtMs >= SILENT_AFTER_MS)
    .map(([identity]) => identity);
}
