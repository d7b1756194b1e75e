// Agents are lent to scenarios and used again: starting one costs more than most scenarios.
import type { Agent } from './agent.ts';
import type { SdkName } from './sdks.ts';

/** Of each SDK at a time: enough for every lane to have a browser as its partner. */
const OF_EACH_MAX = 3;

interface Waiting {
  readonly sdks: readonly SdkName[];
  go(): void;
}

export class AgentPool {
  readonly #idle = new Map<SdkName, Agent[]>();
  readonly #lent = new Map<SdkName, number>();
  #waiting: Waiting[] = [];

  constructor(private readonly start: (sdk: SdkName) => Promise<Agent>) {}

  /**
   * Lends one agent for each entry to `work`, all of them at once so that no two borrowers wait for each other. They have
   * left their room afterwards; whoever cannot is replaced.
   */
  async lend<T>(sdks: readonly SdkName[], work: (agents: Agent[]) => Promise<T>): Promise<T> {
    await this.#reserve(sdks);
    const agents: Agent[] = [];
    try {
      for (const sdk of sdks) agents.push(this.#idle.get(sdk)?.pop() ?? (await this.start(sdk)));
      return await work(agents);
    } finally {
      await Promise.all(agents.map((agent, index) => this.#takeBack(sdks[index], agent)));
      for (const sdk of sdks) this.#lent.set(sdk, (this.#lent.get(sdk) ?? 0) - 1);
      this.#serveNext();
    }
  }

  async close(): Promise<void> {
    for (const agents of this.#idle.values())
      await Promise.all(agents.map((agent) => agent.close().catch(() => undefined)));
    this.#idle.clear();
  }

  async #takeBack(sdk: SdkName | undefined, agent: Agent): Promise<void> {
    const isWell = await Promise.race([
      agent
        .perform({ call: 'leave' })
        .then(() => agent.forget())
        .then(() => true)
        .catch((error: unknown) =>
          // Whoever was refused is in no room, and well.
          String(error).includes('not in a room') ? agent.forget().then(() => true) : false,
        ),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), LEFT_WITHIN_MS)),
    ]).catch(() => false);
    if (!isWell || sdk === undefined) await agent.close().catch(() => undefined);
    else this.#idle.set(sdk, [...(this.#idle.get(sdk) ?? []), agent]);
  }

  #reserve(sdks: readonly SdkName[]): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ sdks, go: resolve });
      this.#serveNext();
    });
  }

  #serveNext(): void {
    const still: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const wanted = new Map<SdkName, number>();
      for (const sdk of waiting.sdks) wanted.set(sdk, (wanted.get(sdk) ?? 0) + 1);
      const fits = [...wanted].every(
        ([sdk, count]) => (this.#lent.get(sdk) ?? 0) + count <= OF_EACH_MAX,
      );
      if (!fits) {
        still.push(waiting);
        continue;
      }
      for (const [sdk, count] of wanted) this.#lent.set(sdk, (this.#lent.get(sdk) ?? 0) + count);
      waiting.go();
    }
    this.#waiting = still;
  }
}

const LEFT_WITHIN_MS = 5_000;
