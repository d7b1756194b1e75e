// The SDKs that meet, and how a participant on each is started.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { launchChromium, openChromiumTab } from '../../e2e/src/chromium.ts';
import { launchFirefox, openFirefoxTab } from '../../e2e/src/firefox.ts';
import { type PageServer, servePages } from '../../e2e/src/page-server.ts';
import type { Agent } from './agent.ts';
import { BrowserAgent } from './browser-agent.ts';
import { ProcessAgent } from './process-agent.ts';

export const SDK_NAMES = ['chromium', 'firefox', 'node', 'python', 'go'] as const;
export type SdkName = (typeof SDK_NAMES)[number];

export interface SdkAbout {
  readonly title: string;
  /** Its package, a key of `sdks.json`. */
  readonly package: string;
}

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
/** Where the project's sources begin. */
export const REPOSITORY = dirname(dirname(HERE));
/** Where `scripts/install.sh` puts what it installs and builds. */
export const INSTALLED = join(REPOSITORY, 'target', 'compat');

/** Every version that the suite pins. */
export const VERSIONS: Readonly<Record<string, string>> = pinned();

export const SDKS: Readonly<Record<SdkName, SdkAbout>> = {
  chromium: { title: 'JavaScript, Chromium', package: 'livekit-client' },
  firefox: { title: 'JavaScript, Firefox ESR', package: 'livekit-client' },
  node: { title: 'Node', package: '@livekit/rtc-node' },
  python: { title: 'Python', package: 'livekit' },
  go: { title: 'Go', package: 'github.com/livekit/server-sdk-go/v2' },
};

/** Starts agents; browsers are shared by their tabs. */
export class Workshop {
  #pages: PageServer | undefined;
  #chromium: ChromiumBrowser | undefined;
  #firefox: FirefoxBrowser | undefined;

  /** Starts what is slow to start, so that no scenario waits for it. */
  async open(names: ReadonlySet<SdkName>): Promise<void> {
    this.#pages = await servePages();
    if (names.has('chromium')) this.#chromium = await launchChromium();
    if (names.has('firefox')) this.#firefox = await launchFirefox();
  }

  async start(sdk: SdkName): Promise<Agent> {
    switch (sdk) {
      case 'chromium':
        return this.#inTab(this.#chromium && (await openChromiumTab(this.#chromium, sdk)));
      case 'firefox':
        return this.#inTab(this.#firefox && (await openFirefoxTab(this.#firefox, sdk)));
      case 'node': {
        const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
        const script = join(HERE, 'agents', 'node', 'agent.ts');
        return new ProcessAgent(process.execPath, ['--import', loader, script], HERE);
      }
      case 'python': {
        const script = join(HERE, 'agents', 'python', 'agent.py');
        return new ProcessAgent(installed('venv/bin/python'), ['-u', script], HERE);
      }
      case 'go':
        return new ProcessAgent(installed('agent-go'), [], HERE);
      default:
        return sdk satisfies never;
    }
  }

  async close(): Promise<void> {
    await this.#firefox?.close();
    await this.#chromium?.close();
    await this.#pages?.close();
  }

  #inTab(tab: Parameters<typeof BrowserAgent.open>[0] | undefined): Promise<Agent> {
    if (tab === undefined || this.#pages === undefined) throw new Error('no such browser is open');
    return BrowserAgent.open(tab, this.#pages.url);
  }
}

function installed(path: string): string {
  const whole = join(INSTALLED, path);
  if (!existsSync(whole)) throw new Error(`no ${whole}: run clients/compat/scripts/install.sh`);
  return whole;
}

function pinned(): Record<string, string> {
  const read: unknown = JSON.parse(readFileSync(join(HERE, 'sdks.json'), 'utf8'));
  if (typeof read !== 'object' || read === null) throw new Error('sdks.json is no table');
  return Object.fromEntries(Object.entries(read).map(([name, version]) => [name, String(version)]));
}
