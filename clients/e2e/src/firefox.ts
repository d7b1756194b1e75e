// Debian's Firefox ESR, headless, over WebDriver BiDi, with an artificial camera and microphone. It refuses 127.0.0.1
// candidates, so whatever it talks to must live on another address: see scripts/run.mjs.
import { existsSync } from 'node:fs';
import { launch, type Browser } from 'puppeteer-core';
import { FirefoxTab } from './tab.ts';

/** Fake devices, no questions asked, and no call to the outside world. */
const PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.gmp-manager.url': 'data:,',
  'media.gmp-gmpopenh264.enabled': false,
  'media.getusermedia.insecure.enabled': true,
  'media.devices.insecure.enabled': true,
  // Many tests are refused on one address on purpose; Firefox would make each later attempt wait longer.
  'network.websocket.delay-failed-reconnects': false,
  'app.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'services.settings.server': 'data:,',
  'browser.region.network.url': '',
};

export async function launchFirefox(): Promise<Browser> {
  const executablePath = process.env['FIREFOX_BIN'] ?? '/usr/bin/firefox-esr';
  if (!existsSync(executablePath)) {
    throw new Error(
      `no Firefox at ${executablePath}: install it (apt-get install firefox-esr) or set FIREFOX_BIN`,
    );
  }
  return launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    protocol: 'webDriverBiDi',
    acceptInsecureCerts: true,
    extraPrefsFirefox: PREFERENCES,
    defaultViewport: { width: 960, height: 640 },
  });
}

export async function openFirefoxTab(browser: Browser, who: string): Promise<FirefoxTab> {
  const context = await browser.createBrowserContext();
  // A window of its own: what is in a tab behind another is not drawn.
  return FirefoxTab.of(who, await context.newPage({ type: 'window' }));
}
