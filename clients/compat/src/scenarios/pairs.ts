// Every SDK with every SDK, itself included: picture and sound, messages and calls, in both directions.
import { type Agent, untilHappened } from '../agent.ts';
import {
  arrives,
  type Cell,
  type Decide,
  join,
  type Scenario,
  type Stage,
  TOLD_WITHIN_MS,
} from '../scenario.ts';
import { SDK_NAMES, type SdkName } from '../sdks.ts';

export const PAIR_CELLS = ['audio', 'video', 'reliable data', 'lossy data', 'RPC'] as const;
/** A lossy message may be lost: one of so many has to arrive. */
const LOSSY_MESSAGES = 10;

interface Side {
  readonly sdk: SdkName;
  readonly identity: string;
  readonly agent: Agent;
}

export function pairs(): Scenario[] {
  return SDK_NAMES.flatMap((first, index) =>
    SDK_NAMES.slice(index).map((second) => pair(first, second)),
  );
}

function pair(first: SdkName, second: SdkName): Scenario {
  const directions: [SdkName, SdkName][] =
    first === second
      ? [[first, second]]
      : [
          [first, second],
          [second, first],
        ];
  return {
    cells: directions.flatMap(([sdk, to]) => PAIR_CELLS.map((what) => ({ what, sdk, to }))),
    cast: [first, second],
    run: async (stage, agents, decide) => meet(stage, first, second, agents, decide),
  };
}

async function meet(
  stage: Stage,
  first: SdkName,
  second: SdkName,
  [one, other]: readonly Agent[],
  decide: Decide,
): Promise<void> {
  if (one === undefined || other === undefined) throw new Error('two take part');
  const room = stage.newRoom();
  const left: Side = { sdk: first, identity: 'left', agent: one };
  const right: Side = { sdk: second, identity: 'right', agent: other };
  const sides = [left, right];
  // A side that cannot join or publish fails the cells that need it, and only those.
  const ready = await Promise.all(
    sides.map((side) =>
      prepare(stage, room, side).then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  );
  const bothIn = async (): Promise<void> => {
    for (const trouble of ready) if (trouble !== undefined) throw trouble;
    await Promise.all([
      untilPresent(left.agent, right.identity),
      untilPresent(right.agent, left.identity),
    ]);
  };
  // An SDK that meets itself is judged in one direction: they are the same.
  const directions: [Side, Side][] =
    first === second
      ? [[left, right]]
      : [
          [left, right],
          [right, left],
        ];
  await Promise.all(directions.map(([from, to]) => oneWay(from, to, bothIn, decide)));
}

async function prepare(stage: Stage, room: string, side: Side): Promise<void> {
  await join(side.agent, stage.server, room, side.identity);
  await side.agent.perform({ call: 'publish', kind: 'audio' });
  await side.agent.perform({ call: 'publish', kind: 'video' });
}

export async function untilPresent(agent: Agent, identity: string): Promise<void> {
  const present = await agent.perform({ call: 'participants' });
  if (Array.isArray(present) && present.includes(identity)) return;
  await untilHappened(agent, TOLD_WITHIN_MS, 'participantConnected', identity);
}

async function oneWay(
  from: Side,
  to: Side,
  bothIn: () => Promise<void>,
  decide: Decide,
): Promise<void> {
  const cell = (what: (typeof PAIR_CELLS)[number]): Cell => ({ what, sdk: from.sdk, to: to.sdk });
  const after = (trial: () => Promise<unknown>) => async () => {
    await bothIn();
    await trial();
  };
  await Promise.all(
    (['audio', 'video'] as const).map((kind) =>
      decide(
        cell(kind),
        after(() => arrives(to.agent, from.identity, kind)),
      ),
    ),
  );
  await decide(
    cell('reliable data'),
    after(async () => {
      const text = 'a reliable message';
      await from.agent.perform({ call: 'sendData', text, reliable: true, topic: 'chat' });
      await untilHappened(to.agent, TOLD_WITHIN_MS, 'data', from.identity, `chat ${text}`);
    }),
  );
  await decide(
    cell('lossy data'),
    after(async () => {
      const text = 'a lossy message';
      for (let count = 0; count < LOSSY_MESSAGES; count += 1)
        await from.agent.perform({ call: 'sendData', text, reliable: false, topic: 'pointer' });
      await untilHappened(to.agent, TOLD_WITHIN_MS, 'data', from.identity, `pointer ${text}`);
    }),
  );
  await decide(
    cell('RPC'),
    after(async () => {
      const answer = await from.agent.perform({ call: 'rpc', who: to.identity, text: 'hello' });
      if (answer !== `${from.identity}: hello`) throw new Error(`answered ${String(answer)}`);
    }),
  );
}

/** All at once in one room: everybody sees and hears everybody. */
export function mesh(cast: readonly SdkName[]): Scenario {
  return {
    cells: cast.map((sdk) => ({ what: 'mesh', sdk })),
    cast,
    run: async (stage, agents, decide) => {
      const room = stage.newRoom();
      const all = cast.map((sdk, index): Side => {
        const agent = agents[index];
        if (agent === undefined) throw new Error('an agent for each');
        return { sdk, identity: sdk, agent };
      });
      const ready = await Promise.all(
        all.map((side) =>
          prepare(stage, room, side).then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
      );
      await Promise.all(
        all.map((side) =>
          decide({ what: 'mesh', sdk: side.sdk }, async () => {
            for (const trouble of ready) if (trouble !== undefined) throw trouble;
            for (const from of all.filter((other) => other !== side)) {
              await Promise.all([
                arrives(side.agent, from.identity, 'audio'),
                arrives(side.agent, from.identity, 'video'),
              ]);
            }
          }),
        ),
      );
    },
  };
}
