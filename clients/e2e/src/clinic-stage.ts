// What tests of a clinic's screens share: a browser, the demo clinic, and tabs on it.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchChromium, openChromiumTab } from './chromium.ts';
import { DemoClinic } from './demo-clinic.ts';
import { stage } from './stage.ts';
import type { ChromiumTab } from './tab.ts';

export interface ClinicStage {
  readonly clinic: () => DemoClinic;
  /** A tab of somebody's own, on a laptop. */
  readonly tabOf: (who: string) => Promise<ChromiumTab>;
}

/** For use at the top of a test file, whose people live in this time zone: started before its tests, ended after them. */
export function clinicStage(timezoneId: string): ClinicStage {
  let browser: Browser;
  let clinic: DemoClinic;

  beforeAll(async () => {
    browser = await launchChromium();
    clinic = await DemoClinic.open();
  });
  afterAll(async () => {
    await clinic?.close();
    await browser?.close();
  });
  const on = stage(
    (who) => openChromiumTab(browser, who, { timezoneId, viewport: { width: 1280, height: 800 } }),
    () => clinic?.bedside,
  );
  const tabOf = async (who: string): Promise<ChromiumTab> => {
    const tab = await on.tab(who);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- opened by openChromiumTab above
    return tab as ChromiumTab;
  };
  return { clinic: () => clinic, tabOf };
}
