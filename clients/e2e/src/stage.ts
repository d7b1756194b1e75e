// Who takes part in one test: opens the tabs, closes them, and keeps what they saw when the test failed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import type { Bedside } from './bedside.ts';
import { ask, type Tab } from './tab.ts';

const ARTIFACTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'artifacts');

export interface Stage {
  /** Opens a tab for `who`; it is closed after the test. */
  tab(who: string): Promise<Tab>;
}

/**
 * For use at the top of a test file. After each test its tabs are closed; when it failed, screenshots, consoles,
 * statistics and the server's log go to `artifacts/<test>/` first.
 */
export function stage(
  open: (who: string) => Promise<Tab>,
  bedside: () => Bedside | undefined,
): Stage {
  const tabs: Tab[] = [];
  afterEach(async ({ task }) => {
    const now = tabs.splice(0);
    if (task.result?.state === 'fail') await keep(task.name, now, bedside());
    await Promise.all(now.map((tab) => tab.close().catch(() => undefined)));
  });
  return {
    async tab(who) {
      const tab = await open(who);
      tabs.push(tab);
      return tab;
    },
  };
}

async function keep(
  test: string,
  tabs: readonly Tab[],
  bedside: Bedside | undefined,
): Promise<void> {
  const folder = join(ARTIFACTS, test.replaceAll(/[^\w-]+/g, '-').slice(0, 100));
  mkdirSync(folder, { recursive: true });
  if (bedside !== undefined) writeFileSync(join(folder, 'bedside.log'), bedside.log);
  for (const tab of tabs) {
    writeFileSync(join(folder, `${tab.who}.console.log`), `${tab.console.join('\n')}\n`);
    await tab.screenshot(`${join(folder, tab.who)}.png`).catch(() => undefined);
    const statistics = await Promise.all([
      ask(tab, 'connectionStates'),
      ask(tab, 'inbound', 'video'),
      ask(tab, 'inbound', 'audio'),
      ask(tab, 'outbound', 'video'),
      ask(tab, 'outbound', 'audio'),
      ask(tab, 'marks'),
    ]).catch((error: unknown) => String(error));
    writeFileSync(join(folder, `${tab.who}.statistics.json`), JSON.stringify(statistics, null, 2));
  }
}
