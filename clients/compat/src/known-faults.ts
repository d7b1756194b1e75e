// The list of what does not work yet. A run fails when the list is wrong in either direction, so that progress is
// recorded and nothing is passed over in silence.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cell, cellName } from './scenario.ts';

const FILE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'known-faults.json');

export type Outcome = { readonly cell: Cell } & (
  | { readonly works: true }
  | { readonly works: false; readonly why: string }
);

/**
 * What is known not to work, by the name of its cell, with the reason. One that begins with `sometimes:` is a fault that
 * depends on timing: either outcome agrees with it.
 */
export type KnownFaults = Readonly<Record<string, string>>;

export function isUnsteady(why: string | undefined): boolean {
  return why?.startsWith('sometimes:') ?? false;
}

export function readKnownFaults(): KnownFaults {
  const read: unknown = JSON.parse(readFileSync(FILE, 'utf8'));
  if (typeof read !== 'object' || read === null) throw new Error(`${FILE} is no table`);
  return Object.fromEntries(Object.entries(read).map(([name, why]) => [name, String(why)]));
}

export function writeKnownFaults(faults: KnownFaults): void {
  writeFileSync(FILE, `${JSON.stringify(faults, null, 2)}\n`);
}

/** Where `outcomes` and `known` disagree, as sentences; empty if the list is right. */
export function disagreements(
  outcomes: readonly Outcome[],
  known: KnownFaults,
  all: readonly Cell[],
): string[] {
  const names = new Set(all.map(cellName));
  const stale = Object.keys(known)
    .filter((name) => !names.has(name))
    .map((name) => `${name}: listed as a known fault, but nothing is called so`);
  const wrong = outcomes.flatMap((outcome) => {
    const name = cellName(outcome.cell);
    if (outcome.works && name in known && !isUnsteady(known[name]))
      return [`${name}: works, but is listed as a known fault (${known[name]}): take it off`];
    if (!outcome.works && !(name in known)) return [`${name}: ${outcome.why}`];
    return [];
  });
  return [...stale, ...wrong];
}

/** The list as `outcomes` say it has to be. Reasons that somebody wrote are kept; cells that were not run, too. */
export function recorded(outcomes: readonly Outcome[], known: KnownFaults): KnownFaults {
  const faults: Record<string, string> = { ...known };
  for (const outcome of outcomes) {
    const name = cellName(outcome.cell);
    if (isUnsteady(faults[name])) continue;
    if (outcome.works) delete faults[name];
    else faults[name] ??= outcome.why;
  }
  return faults;
}
