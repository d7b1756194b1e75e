/// <reference types="vite/client" />
import type { PartName } from '@bedside/core';
import { LANGUAGES } from '@bedside/core';
import { expect, it } from 'vitest';

// Vite reads the options where they stand: they cannot be named once.
const sources: Readonly<Record<string, string>> = {
  ...import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
  ...import.meta.glob<string>(
    ['../../../core/src/**/*.ts', '!../../../core/src/text/**', '!../../../core/src/**/*.test.ts'],
    { query: '?raw', import: 'default', eager: true },
  ),
};

/** What is rendered before which parts are there: as `saying` in the router, `main` and the lazy note say it. */
const PARTS_OF: readonly (readonly [RegExp, readonly PartName[]])[] = [
  [/core\/src\/api\//, []],
  [/core\/src\/oauth-scope/, ['account']],
  [/core\/src\//, ['visit']],
  [/\/(app|parts)\/|main|home-screen/, []],
  [/\/(consult|visit)\//, ['visit']],
  [/\/note\//, ['records', 'care']],
  [/\/screens\/care\/series-dialog/, ['care']],
  [/\/screens\/care\//, ['booking', 'records', 'care']],
  [/\/screens\/account\//, ['account']],
  [/\/screens\/booking\//, ['booking']],
  [/\/screens\/insurance\//, ['booking', 'insurance']],
  [/\/screens\/intake\//, ['booking', 'intake']],
  [/\/documents\//, ['care']],
  [/\/screens\/patient\//, ['booking', 'money', 'care']],
  [/\/screens\/money\//, ['booking', 'money']],
  [/\/screens\/clinic\//, ['booking', 'visit', 'clinic', 'money', 'care']],
];

/** Which part each sentence is in. */
async function partOfEach(): Promise<ReadonlyMap<string, PartName>> {
  const parts = [
    'first',
    'account',
    'booking',
    'visit',
    'records',
    'clinic',
    'money',
    'care',
    'intake',
    'insurance',
  ] as const;
  const found = await Promise.all(
    parts.map(async (part) =>
      Object.keys(await LANGUAGES[0].parts[part]()).map((key) => [key, part] as const),
    ),
  );
  return new Map(found.flat());
}

/** The sentences that a file says: those it names, and those whose names it puts together. */
function saidIn(source: string, keys: readonly string[]): string[] {
  const named = new Set([...source.matchAll(/'([\w-]+(?:\.[\w-]+)+)'/g)].map(([, key]) => key));
  const beginnings = [...source.matchAll(/`([\w-]+\.(?:[\w-]+\.)*)\$\{/g)].map(([, text]) => text);
  return keys.filter(
    (key) =>
      named.has(key) || beginnings.some((text) => text !== undefined && key.startsWith(text)),
  );
}

it('every sentence of the catalogue is said somewhere', async () => {
  const keys = [...(await partOfEach()).keys()];
  const said = new Set(Object.values(sources).flatMap((source) => saidIn(source, keys)));
  expect(keys.length).toBeGreaterThan(400);
  expect(keys.filter((key) => !said.has(key))).toEqual([]);
});

it('no code says a sentence whose part need not be there', async () => {
  const parts = await partOfEach();
  const early = Object.entries(sources).flatMap(([file, source]) => {
    const there = PARTS_OF.find(([path]) => path.test(file))?.[1] ?? [];
    return saidIn(source, [...parts.keys()])
      .filter((key) => {
        const part = parts.get(key) ?? 'first';
        return part !== 'first' && !there.includes(part);
      })
      .map((key) => `${file}: ${key}`);
  });
  expect(early).toEqual([]);
});
