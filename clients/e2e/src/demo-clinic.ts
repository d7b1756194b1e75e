// A running bedside with the demo clinic in a database of its own, and its people's ways in.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bedside, bedsideBinary } from './bedside.ts';
import type { ChromiumTab } from './tab.ts';

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export class DemoClinic {
  #codes: string[];

  private constructor(
    readonly bedside: Bedside,
    readonly doctor: Credentials,
    readonly patient: Credentials,
    /** The patient's link into the visit that is now. */
    readonly joinLink: string,
    codes: readonly string[],
    private readonly folder: string,
  ) {
    this.#codes = [...codes];
  }

  static async open(wish: readonly string[] = []): Promise<DemoClinic> {
    const folder = mkdtempSync(join(tmpdir(), 'bedside-clinic-'));
    const made = spawnSync(bedsideBinary(), ['demo', '--dev', '--data-dir', folder], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`bedside demo: ${made.stdout}${made.stderr}`);
    const bedside = await Bedside.start({ arguments: ['--data-dir', folder, ...wish] });
    const told = (pattern: RegExp): string => {
      const found = pattern.exec(bedside.log)?.[1];
      if (found === undefined) throw new Error(`no ${String(pattern)} in:\n${bedside.log}`);
      return found;
    };
    return new DemoClinic(
      bedside,
      {
        email: 'doctor@bedside.example',
        password: told(/doctor@bedside\.example\s+password (\S+)/),
      },
      {
        email: 'patient@bedside.example',
        password: told(/patient@bedside\.example\s+password (\S+)/),
      },
      told(/patient\s+(http\S+\/join#\S+)/),
      told(/second factor, each once: (.+)/)
        .trim()
        .split(/\s+/),
      folder,
    );
  }

  /** As the clinic's letters call it: cookies and passkeys belong to this name. */
  get url(): string {
    return `http://localhost:${this.bedside.httpPort}`;
  }

  /** What `bedside admin verify-audit` says of this clinic's data, while its server runs. */
  verifyAudit(): string {
    const checked = spawnSync(
      bedsideBinary(),
      ['admin', 'verify-audit', '--data-dir', this.folder],
      { encoding: 'utf8' },
    );
    return `${checked.stdout}${checked.stderr}`.trim();
  }

  async close(): Promise<void> {
    await this.bedside.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async signInAsPatient(tab: ChromiumTab, next = '/appointments'): Promise<void> {
    await this.#signIn(tab, this.patient, next);
    await tab.page.waitForURL(`${this.url}${next}`);
  }

  /** Each code works once: call it as seldom as there are codes. */
  async signInAsDoctor(tab: ChromiumTab, next = '/today'): Promise<void> {
    const code = this.takeDoctorsCode();
    await this.#signIn(tab, this.doctor, next);
    await tab.page
      .getByLabel('Recovery code')
      .or(tab.page.getByText('Use a recovery code'))
      .waitFor();
    if (await tab.page.getByText('Use a recovery code').isVisible()) {
      await tab.page.getByText('Use a recovery code').click();
    }
    await tab.page.getByLabel('Recovery code').fill(code);
    await tab.press('Continue');
    await tab.page.waitForURL(`${this.url}${next}`);
  }

  /** A second factor of the doctor's, which works once. */
  takeDoctorsCode(): string {
    const code = this.#codes.shift();
    if (code === undefined) throw new Error('all codes of the demo doctor are used up');
    return code;
  }

  async #signIn(tab: ChromiumTab, who: Credentials, next: string): Promise<void> {
    await tab.goto(`${this.url}/sign-in?next=${encodeURIComponent(next)}`);
    await tab.page.getByLabel('E-mail address').fill(who.email);
    await tab.page.getByLabel('Password', { exact: true }).fill(who.password);
    await tab.press('Sign in');
  }
}
