// An agent in a tab: stock livekit-client on a bare page.
import type { Tab } from '../../e2e/src/tab.ts';
import { until } from '../../e2e/src/until.ts';
import { installAgent } from '../agents/browser/agent.ts';
import type { Agent, Command, Happening } from './agent.ts';

const LOADED_WITHIN_MS = 15_000;

export class BrowserAgent implements Agent {
  private constructor(private readonly tab: Tab) {}

  static async open(tab: Tab, pageUrl: string): Promise<BrowserAgent> {
    await tab.goto(pageUrl);
    await until({ what: 'livekit-client is loaded', within: LOADED_WITHIN_MS }, () =>
      tab.evaluate(() => 'LivekitClient' in window, undefined),
    );
    await tab.evaluate(installAgent, undefined);
    return new BrowserAgent(tab);
  }

  async perform(command: Command): Promise<unknown> {
    const answer = await this.tab.evaluate(
      (given: Command) =>
        window.agent.perform(given).then(
          (value) => ({ value }),
          (error: unknown) => ({ error: String(error) }),
        ),
      command,
    );
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  }

  happenings(): Promise<readonly Happening[]> {
    return this.tab.evaluate(() => window.agent.happenings, undefined);
  }

  forget(): Promise<void> {
    return this.tab.evaluate(() => {
      window.agent.happenings.length = 0;
    }, undefined);
  }

  notes(): string {
    return this.tab.console.slice(-100).join('\n');
  }

  close(): Promise<void> {
    return this.tab.close();
  }
}
