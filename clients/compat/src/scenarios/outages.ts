// The way to the server breaks, or the server goes away: everybody at once, each judged alone.
import { SignalRelay } from '../../../e2e/src/signal-relay.ts';
import { type Agent, untilHappened } from '../agent.ts';
import { arrives, type Decide, join, type Scenario, type Stage } from '../scenario.ts';
import { SDK_NAMES, type SdkName } from '../sdks.ts';
import type { Server } from '../server.ts';

/** Clients back off up to several seconds between their attempts. */
const BACK_WITHIN_MS = 30_000;

export function outages(): Scenario[] {
  return [
    {
      cells: SDK_NAMES.map((sdk) => ({ what: 'signal cut', sdk })),
      cast: SDK_NAMES,
      run: signalCut,
    },
    {
      cells: SDK_NAMES.map((sdk) => ({ what: 'server restart', sdk })),
      cast: SDK_NAMES,
      needsOwnServer: true,
      run: serverRestart,
    },
  ];
}

async function signalCut(stage: Stage, agents: readonly Agent[], decide: Decide): Promise<void> {
  const { hostname, port } = new URL(stage.server.httpUrl);
  const relay = await SignalRelay.before(hostname, Number(port));
  try {
    const through: Server = { ...stage.server, signalUrl: `ws://127.0.0.1:${relay.port}` };
    const inside = await gather(stage, through, agents);
    for (const agent of agents) await agent.forget().catch(() => undefined);
    relay.cut();
    await Promise.all(
      SDK_NAMES.map((sdk, index) =>
        decide({ what: 'signal cut', sdk }, async () => {
          const agent = await inside(index);
          await untilHappened(agent, BACK_WITHIN_MS, 'reconnected');
          await stillThere(agent, sdk, inside);
        }),
      ),
    );
  } finally {
    await relay.close();
  }
}

async function serverRestart(
  stage: Stage,
  agents: readonly Agent[],
  decide: Decide,
): Promise<void> {
  const own = await stage.ownServer();
  const inside = await gather(stage, own, agents);
  for (const agent of agents) await agent.forget().catch(() => undefined);
  await own.restart();
  await Promise.all(
    SDK_NAMES.map((sdk, index) =>
      decide({ what: 'server restart', sdk }, async () => {
        const agent = await inside(index);
        await untilHappened(agent, BACK_WITHIN_MS, 'reconnected');
        await stillThere(agent, sdk, inside);
      }),
    ),
  );
}

/** All join and publish sound; who could not is told by the function that is returned, when it is that one's turn. */
async function gather(
  stage: Stage,
  server: Server,
  agents: readonly Agent[],
): Promise<(index: number) => Promise<Agent>> {
  const room = stage.newRoom();
  const entered = await Promise.all(
    agents.map(async (agent, index) => {
      try {
        await join(agent, server, room, SDK_NAMES[index] ?? '');
        await agent.perform({ call: 'publish', kind: 'audio' });
        return undefined;
      } catch (error) {
        return error;
      }
    }),
  );
  return async (index) => {
    const agent = agents[index];
    if (agent === undefined || entered[index] !== undefined) throw entered[index];
    return agent;
  };
}

/** Hears a browser that is in the room too, and is heard by it. */
async function stillThere(
  agent: Agent,
  sdk: SdkName,
  inside: (index: number) => Promise<Agent>,
): Promise<void> {
  const partner: SdkName = sdk === 'chromium' ? 'firefox' : 'chromium';
  const other = await inside(SDK_NAMES.indexOf(partner));
  await Promise.all([arrives(agent, partner, 'audio'), arrives(other, sdk, 'audio')]);
}
