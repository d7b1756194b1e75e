// Runs browser tests: `node scripts/run.mjs [project ...] [-- vitest options]`.
//
// Firefox refuses 127.0.0.1 candidates: its project runs in a network namespace of its own (namespace.mjs). `closed` runs in one
// without UDP. The other projects run as they are.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { inNamespace, NAMESPACE_ENVIRONMENT } from './namespace.mjs';

const IN_NAMESPACE = new Set(['firefox']);
/** In one whose firewall drops all UDP. */
const IN_CLOSED_NAMESPACE = new Set(['closed']);

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
);
const given = process.argv.slice(2);
const split = given.indexOf('--');
const projects = split < 0 ? given : given.slice(0, split);
const options = split < 0 ? [] : given.slice(split + 1);

const scratch = mkdtempSync(join(tmpdir(), 'bedside-e2e-'));
const countsFile = join(scratch, 'counts');
writeFileSync(countsFile, '');
const started = performance.now();
let failed = false;
const outside = projects.filter(
  (name) => !IN_NAMESPACE.has(name) && !IN_CLOSED_NAMESPACE.has(name),
);
const closed = projects.filter((name) => IN_CLOSED_NAMESPACE.has(name));
const inside = projects.filter((name) => IN_NAMESPACE.has(name));
if (outside.length > 0) run(process.execPath, argumentsFor(outside), {});
if (inside.length > 0)
  run(...inNamespace(process.execPath, argumentsFor(inside)), NAMESPACE_ENVIRONMENT);
if (closed.length > 0) run(...inNamespace(process.execPath, argumentsFor(closed), true), {});
closingLine();
process.exitCode = failed ? 1 : 0;

function argumentsFor(names) {
  return [vitest, 'run', ...names.flatMap((name) => ['--project', name]), ...options];
}

function run(command, parameters, environment) {
  const result = spawnSync(command, parameters, {
    cwd: here,
    stdio: 'inherit',
    env: { ...process.env, BEDSIDE_E2E_COUNTS: countsFile, ...environment },
  });
  if (result.error !== undefined) console.error(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) failed = true;
}

/** One sentence over all parts. A part that told nothing, or ran no test, has failed. */
function closingLine() {
  const parts = readFileSync(countsFile, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  rmSync(scratch, { recursive: true, force: true });
  const sum = (name) => parts.reduce((total, part) => total + part[name], 0);
  const broken = sum('brokenFiles');
  const total = sum('passed') + sum('failed') + sum('skipped');
  if (total === 0 || broken > 0) failed = true;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `\nbrowser tests: ${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped of ${total}` +
      `${broken > 0 ? `, ${broken} files broken` : ''} in ${seconds} s`,
  );
}
