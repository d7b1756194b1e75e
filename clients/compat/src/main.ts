// Runs the suite: `tsx src/main.ts [--record] [word ...]`. With words, only scenarios one of whose cells contains one.
import { AgentPool } from './pool.ts';
import {
  disagreements,
  type Outcome,
  readKnownFaults,
  recorded,
  writeKnownFaults,
} from './known-faults.ts';
import { runAll } from './run.ts';
import { cellName, type Scenario } from './scenario.ts';
import { allScenarios } from './scenarios.ts';
import { Workshop, type SdkName } from './sdks.ts';
import { foreign, startOwn } from './server.ts';
import { documentIsCurrent, renewDocument } from './table.ts';

/** As many as two cores carry: most of the time all wait for media. */
const LANES = 3;

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const record = process.argv.includes('--record');
const elsewhere = process.env['BEDSIDE_COMPAT_SERVER'];
const mediaAddress = process.env['BEDSIDE_E2E_ADDRESS'];
if (mediaAddress === undefined)
  throw new Error('run me through scripts/run.mjs: Firefox refuses 127.0.0.1');

const every = allScenarios();
const chosen = every.filter(
  (scenario) => matches(scenario) && !(elsewhere !== undefined && scenario.needsOwnServer === true),
);
const started = performance.now();
const server = elsewhere === undefined ? await startOwn(mediaAddress, []) : foreign(elsewhere);
const workshop = new Workshop();
await workshop.open(new Set<SdkName>(chosen.flatMap(({ cast }) => cast)));
const pool = new AgentPool((sdk) => workshop.start(sdk));
const known = elsewhere === undefined ? readKnownFaults() : {};
let outcomes: Outcome[] = [];
try {
  outcomes = await runAll(chosen, { pool, server, mediaAddress, known, lanes: LANES });
} finally {
  await pool.close();
  await workshop.close();
  await server.close();
}
conclude();

function matches(scenario: Scenario): boolean {
  const names = scenario.cells.map(cellName);
  return words.length === 0 || words.some((word) => names.some((name) => name.includes(word)));
}

function conclude(): void {
  const cells = every.flatMap((scenario) => scenario.cells);
  if (record && elsewhere === undefined) {
    writeKnownFaults(recorded(outcomes, known));
    renewDocument(cells, readKnownFaults());
  }
  const faults = elsewhere === undefined ? readKnownFaults() : {};
  const wrong = disagreements(outcomes, faults, cells);
  if (!documentIsCurrent(cells, readKnownFaults()))
    wrong.push('docs/PROTOCOL-COMPATIBILITY.md is not current: npm run compat -- --record');
  const works = outcomes.filter((outcome) => outcome.works).length;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `\n${outcomes.length} cells in ${seconds} s: ${works} work, ${outcomes.length - works} do not`,
  );
  for (const sentence of wrong) console.log(`wrong: ${sentence}`);
  console.log(`${Math.max(0, outcomes.length - wrong.length)} passed, ${wrong.length} failed`);
  if (outcomes.length === 0 || wrong.length > 0) process.exitCode = 1;
}
