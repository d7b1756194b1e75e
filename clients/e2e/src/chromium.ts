// Debian's Chromium, headless, with an artificial camera and microphone.
import { existsSync } from 'node:fs';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type LaunchOptions,
} from 'playwright-core';
import { ChromiumTab } from './tab.ts';

export interface ChromiumWish {
  /** A .y4m or .mjpeg file to show as camera instead of Chromium's own pattern. */
  readonly cameraFile?: string;
  /** Frames a second of Chromium's own pattern. */
  readonly cameraFps?: number;
  readonly arguments?: readonly string[];
}

export async function launchChromium(wish: ChromiumWish = {}): Promise<Browser> {
  return chromium.launch(launchOptions(wish));
}

/** A browser that can be killed as by a crash: no page gets to say goodbye. */
export async function launchMortalChromium(): Promise<{
  browser: Browser;
  kill: () => Promise<void>;
}> {
  const server = await chromium.launchServer(launchOptions({}));
  return { browser: await chromium.connect(server.wsEndpoint()), kill: () => server.kill() };
}

function launchOptions(wish: ChromiumWish): LaunchOptions {
  const executablePath = process.env['CHROMIUM_BIN'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(
      `no Chromium at ${executablePath}: install it (apt-get install chromium) or set CHROMIUM_BIN`,
    );
  }
  return {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      `--use-fake-device-for-media-stream=fps=${wish.cameraFps ?? 15}`,
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-renderer-backgrounding',
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      ...(wish.cameraFile === undefined
        ? []
        : [`--use-file-for-fake-video-capture=${wish.cameraFile}`]),
      ...(wish.arguments ?? []),
    ],
  };
}

/** A tab of its own context: nothing is shared with the other participants but the browser process. */
export async function openChromiumTab(
  browser: Browser,
  who: string,
  settings: BrowserContextOptions = {},
): Promise<ChromiumTab> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 960, height: 640 },
    locale: 'en-GB',
    permissions: ['camera', 'microphone'],
    ...settings,
  });
  return ChromiumTab.of(who, await context.newPage());
}
