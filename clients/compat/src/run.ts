// Runs scenarios, a few at a time, and collects what each decided.
import type { Agent } from './agent.ts';
import type { KnownFaults, Outcome } from './known-faults.ts';
import type { AgentPool } from './pool.ts';
import { cellName, type Decide, type Scenario, type Stage } from './scenario.ts';
import { type OwnServer, type Server, startOwn } from './server.ts';

export interface Theatre {
  readonly pool: AgentPool;
  readonly server: Server;
  readonly mediaAddress: string;
  readonly known: KnownFaults;
  readonly lanes: number;
}

/** A scenario that takes longer is given up: its cells have failed. */
const SCENARIO_WITHIN_MS = 150_000;

export async function runAll(scenarios: readonly Scenario[], theatre: Theatre): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = [...scenarios];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      outcomes.push(...(await runOne(next, theatre)));
  };
  await Promise.all(Array.from({ length: theatre.lanes }, lane));
  return outcomes;
}

/** What fails without being known to is tried once more: a busy machine may be late, a fault is there again. */
async function runOne(scenario: Scenario, theatre: Theatre): Promise<Outcome[]> {
  const first = await attempt(scenario, theatre);
  const isSurprise = first.some(({ cell, works }) => !works && !(cellName(cell) in theatre.known));
  if (!isSurprise) return first;
  console.log(
    `     once more: ${first
      .filter(({ works }) => !works)
      .map(why)
      .join('; ')}`,
  );
  const second = await attempt(scenario, theatre);
  return first.map((before) => {
    const again = second.find(({ cell }) => cellName(cell) === cellName(before.cell));
    return before.works || again === undefined ? before : again;
  });
}

async function attempt(scenario: Scenario, theatre: Theatre): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const own: OwnServer[] = [];
  const started = performance.now();
  const decide: Decide = async (cell, trial) => {
    const outcome: Outcome = await trial().then(
      () => ({ cell, works: true }) as const,
      (error: unknown) => ({ cell, works: false, why: briefly(error) }) as const,
    );
    outcomes.set(cellName(cell), outcome);
  };
  let trouble = 'it was never decided';
  let seconds = 0;
  await theatre.pool
    .lend(scenario.cast, async (agents: Agent[]) => {
      const stage: Stage = {
        server: theatre.server,
        newRoom,
        ownServer: async (...more) => {
          const server = await startOwn(theatre.mediaAddress, more);
          own.push(server);
          return server;
        },
      };
      const begun = performance.now();
      await withinTime(scenario.run(stage, agents, decide));
      seconds = (performance.now() - begun) / 1000;
    })
    .catch((error: unknown) => {
      trouble = briefly(error);
    });
  await Promise.all(own.map((server) => server.close()));
  const all = scenario.cells.map(
    (cell): Outcome => outcomes.get(cellName(cell)) ?? { cell, works: false, why: trouble },
  );
  print(scenario, all, theatre.known, seconds, (performance.now() - started) / 1000);
  return all;
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the scenario took too long')), SCENARIO_WITHIN_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function print(
  scenario: Scenario,
  outcomes: readonly Outcome[],
  known: KnownFaults,
  seconds: number,
  whole: number,
): void {
  const failed = outcomes.filter(({ works }) => !works);
  const names = [...new Set(scenario.cells.map(({ what }) => what))].join(', ');
  const state =
    failed.length === 0 ? 'ok  ' : `${outcomes.length - failed.length}/${outcomes.length} `;
  console.log(
    `${state} ${names} [${scenario.cast.join(', ')}] ${seconds.toFixed(1)} s of ${whole.toFixed(1)}`,
  );
  for (const outcome of failed) {
    const isKnown = cellName(outcome.cell) in known;
    console.log(`     ${isKnown ? 'known' : 'NEW'}: ${why(outcome)}`);
  }
}

function why(outcome: Outcome): string {
  return `${cellName(outcome.cell)}: ${outcome.works ? 'works' : outcome.why}`;
}

function briefly(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return said.split('\n').slice(0, 2).join(' ').slice(0, 300);
}

let rooms = 0;
function newRoom(): string {
  rooms += 1;
  return `compat-${process.pid}-${rooms}`;
}
