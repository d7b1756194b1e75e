// One browser tab, whichever library drives it: what the scenarios need and no more.
import { installProbe, type Probe } from './probe.ts';
import { until } from './until.ts';
import type { Page as PlaywrightPage } from 'playwright-core';
import type { ElementHandle, Page as PuppeteerPage } from 'puppeteer-core';

type Key = 'Enter' | 'Tab' | 'Escape';

export interface Tab {
  /** Who sits in front of it, for messages and artifacts. */
  readonly who: string;
  /** What the page wrote to its console, uncaught errors included. */
  readonly console: readonly string[];
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs `task` in the page. It is sent as text: it may use its argument and the page's globals, nothing else. */
  evaluate<A, R>(task: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  /** Presses the button of this accessible name, as a screen reader would call it, once it can be pressed. */
  press(button: string): Promise<void>;
  /** Types into a field as a person would. */
  type(selector: string, text: string): Promise<void>;
  key(key: Key): Promise<void>;
  /** The tab is closed as a person closes it. */
  close(): Promise<void>;
  screenshot(path: `${string}.png`): Promise<void>;
}

/** Runs first in every document. Functions that tsx has compiled call `__name`, also when they are sent as text. */
const PRELUDE = `globalThis.__name ??= (named) => named; (${installProbe.toString()})();`;

const PRESS_PATIENCE_MS = 15_000;

export class ChromiumTab implements Tab {
  readonly console: string[] = [];

  private constructor(
    readonly who: string,
    readonly page: PlaywrightPage,
  ) {}

  static async of(who: string, page: PlaywrightPage): Promise<ChromiumTab> {
    const tab = new ChromiumTab(who, page);
    page.on('console', (message) => tab.console.push(line(message.type(), message.text())));
    page.on('pageerror', (error) => tab.console.push(line('uncaught', error.message)));
    await page.addInitScript({ content: PRELUDE });
    return tab;
  }

  async goto(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
  }

  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
  }

  evaluate<A, R>(task: (argument: A) => R | Promise<R>, argument: A): Promise<R> {
    // Playwright's argument type unwraps handles, of which we pass none: it is `A` itself.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.page.evaluate(task as (argument: unknown) => R | Promise<R>, argument as unknown);
  }

  async press(button: string): Promise<void> {
    await this.page
      .getByRole('button', { name: button, exact: true })
      .click({ timeout: PRESS_PATIENCE_MS });
  }

  async type(selector: string, text: string): Promise<void> {
    await this.page.locator(selector).first().fill(text, { timeout: PRESS_PATIENCE_MS });
  }

  async key(key: Key): Promise<void> {
    await this.page.keyboard.press(key);
  }

  async close(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
  }

  async screenshot(path: `${string}.png`): Promise<void> {
    await this.page.screenshot({ path });
  }
}

export class FirefoxTab implements Tab {
  readonly console: string[] = [];

  private constructor(
    readonly who: string,
    readonly page: PuppeteerPage,
  ) {}

  static async of(who: string, page: PuppeteerPage): Promise<FirefoxTab> {
    const tab = new FirefoxTab(who, page);
    page.on('console', (message) => tab.console.push(line(message.type(), message.text())));
    page.on('pageerror', (error) => tab.console.push(line('uncaught', String(error))));
    await page.evaluateOnNewDocument(PRELUDE);
    return tab;
  }

  async goto(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
  }

  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
  }

  evaluate<A, R>(task: (argument: A) => R | Promise<R>, argument: A): Promise<R> {
    // As above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.page.evaluate(task as (argument: unknown) => R | Promise<R>, argument);
  }

  async press(button: string): Promise<void> {
    // Not through a locator or an accessibility query: the first waits for frames in which the button stands still, the
    // second walks the whole document, and beside a call on a busy machine Firefox took seconds for each.
    await until(
      { what: `${this.who} presses "${button}"`, within: PRESS_PATIENCE_MS, every: 20 },
      async () => {
        const found = await this.page.evaluateHandle(readyButton, button);
        try {
          // What the page found is an element or null; the library only knows of nodes.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          const element = found.asElement() as ElementHandle | null;
          await element?.click();
          return element !== null;
        } finally {
          await found.dispose();
        }
      },
    );
  }

  async type(selector: string, text: string): Promise<void> {
    await this.page.locator(selector).setTimeout(PRESS_PATIENCE_MS).fill(text);
  }

  async key(key: Key): Promise<void> {
    await this.page.keyboard.press(key);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  async screenshot(path: `${string}.png`): Promise<void> {
    await this.page.screenshot({ path });
  }
}

/**
 * The visible button of this accessible name (label, or text without what is hidden from screen readers), once it can be
 * pressed and stands still for a moment: a press on a moving button falls beside it. Runs in the page.
 */
async function readyButton(name: string): Promise<Element | null> {
  const nameOf = (one: Element): string => {
    const copy = document.createElement('div');
    copy.append(one.cloneNode(true));
    for (const hidden of copy.querySelectorAll('[aria-hidden="true"]')) hidden.remove();
    return (one.getAttribute('aria-label') ?? copy.textContent ?? '').trim();
  };
  const place = (one: Element): string => JSON.stringify(one.getBoundingClientRect());
  const found = [...document.querySelectorAll('button, [role="button"]')].find(
    (one) => one.checkVisibility() && nameOf(one) === name,
  );
  if (found === undefined || found.matches(':disabled, [aria-disabled="true"]')) return null;
  const before = place(found);
  await new Promise((resolve) => setTimeout(resolve, 50));
  return place(found) === before ? found : null;
}

function line(kind: string, text: string): string {
  const redacted = text.replaceAll(/access_token=[^&\s]+/g, 'access_token=(redacted)');
  return `${new Date().toISOString()} ${kind}: ${redacted}`;
}

/** Asks the probe in the page; `question` runs there with the probe's result only. */
export function ask<K extends keyof Probe>(
  tab: Tab,
  question: K,
  ...parameters: Parameters<Probe[K]>
): Promise<Awaited<ReturnType<Probe[K]>>> {
  type Answer = Awaited<ReturnType<Probe[K]>>;
  return tab.evaluate(
    (call: { question: string; parameters: readonly unknown[] }) => {
      const method: unknown = Reflect.get(window.bedsideProbe ?? {}, call.question);
      if (typeof method !== 'function') throw new Error(`no probe answers ${call.question}`);
      const answer: Answer | Promise<Answer> = Reflect.apply(method, undefined, call.parameters);
      return answer;
    },
    { question, parameters },
  );
}

/** All text a person can read on the page. */
export function visibleText(tab: Tab): Promise<string> {
  return tab.evaluate(() => document.body?.innerText ?? '', undefined);
}

/** Waits until the page shows text that matches `pattern`; resolves to the whole visible text. */
export async function untilVisible(tab: Tab, pattern: RegExp, within: number): Promise<string> {
  let seen = '';
  try {
    return await until({ what: `${tab.who} reads ${String(pattern)}`, within }, async () => {
      seen = await visibleText(tab);
      return pattern.test(seen) ? seen : undefined;
    });
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\nthe page reads:\n${seen}`,
      { cause: error },
    );
  }
}
