// A running bedside: started with ports of its own, awaited until ready, stopped at the end; its log is kept.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEV_KEY, DEV_SECRET, mint, type TokenWish } from './join-token.ts';
import { listeningPort } from './listening-port.ts';
import { until } from './until.ts';

/** How to start it. */
export interface BedsideWish {
  /** Where media is received; anything but 127.0.0.1 starts it with keys of its own instead of `--dev`. */
  readonly mediaAddress?: string;
  /** The port of the first shard; any free one if not wished. */
  readonly mediaPort?: number;
  /** What the log tells; `BEDSIDE_LOG_FILTER` if not wished. */
  readonly logFilter?: string;
  /** `{port}` stands for its HTTP port. */
  readonly arguments?: readonly string[];
}

const PRODUCTION_KEY = 'browser-tests';
const PRODUCTION_SECRET = 'a-secret-of-the-browser-tests-that-is-long-enough';
const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 15_000;

export class Bedside {
  #process: ChildProcess | undefined;
  #log = '';
  readonly #mediaAddress: string;
  readonly #mediaPort: number;
  readonly #logFilter: string;
  readonly #extra: readonly string[];
  /** Where it keeps its data unless its arguments say otherwise: kept over a restart, removed with this process. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'bedside-e2e-'));

  private constructor(
    readonly httpPort: number,
    readonly adminPort: number,
    wish: BedsideWish,
  ) {
    this.#mediaAddress = wish.mediaAddress ?? '127.0.0.1';
    this.#mediaPort = wish.mediaPort ?? 0;
    this.#logFilter =
      wish.logFilter ?? process.env['BEDSIDE_LOG_FILTER'] ?? 'info,signaling=debug,sfu=debug';
    this.#extra = wish.arguments ?? [];
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  static async start(wish: BedsideWish = {}): Promise<Bedside> {
    const bedside = new Bedside(await freePort(), await freePort(), wish);
    await bedside.start();
    return bedside;
  }

  /** Where the page is: a secure context for every browser. */
  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  get signalUrl(): string {
    const isTls = this.#extra.includes('--tls-cert-file');
    return `${isTls ? 'wss' : 'ws'}://127.0.0.1:${this.httpPort}`;
  }

  get log(): string {
    return this.#log;
  }

  /** Whether it runs in development mode, with devkey / secret. */
  get isDev(): boolean {
    return this.#mediaAddress === '127.0.0.1';
  }

  get key(): string {
    return this.isDev ? DEV_KEY : PRODUCTION_KEY;
  }

  get secret(): string {
    return this.isDev ? DEV_SECRET : PRODUCTION_SECRET;
  }

  token(wish: TokenWish): string {
    return mint({ key: this.key, secret: this.secret, ...wish });
  }

  /** A join link as `bedside token mint --url` and `--dev` print them. */
  link(wish: TokenWish): string {
    return this.linkWith(this.token(wish));
  }

  linkWith(token: string): string {
    return `${this.url}/#token=${token}`;
  }

  /** The links that `--dev` printed, in the order printed. */
  printedLinks(): string[] {
    return [...this.#log.matchAll(/https?:\/\/[^\s"']+#token=[\w.-]+/g)].map((match) => match[0]);
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}/metrics`);
    return response.text();
  }

  /** Starts it (again) on the same ports. */
  async start(): Promise<void> {
    const keys = this.isDev ? ['--dev'] : ['--api-keys', `${PRODUCTION_KEY}: ${PRODUCTION_SECRET}`];
    const parameters = [
      'all',
      ...keys,
      '--http',
      `127.0.0.1:${this.httpPort}`,
      '--admin',
      `127.0.0.1:${this.adminPort}`,
      '--sfu-udp-bind',
      this.#mediaAddress,
      '--sfu-udp-port',
      String(this.#mediaPort),
      '--log-filter',
      this.#logFilter,
      ...this.#extra.map((one) => one.replace('{port}', String(this.httpPort))),
    ];
    const child = spawn(bedsideBinary(), parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environmentWithoutSettings(),
        NO_COLOR: '1',
        RUST_BACKTRACE: '1',
        BEDSIDE_DATA_DIR: this.#folder,
      },
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
    let ended: string | undefined;
    child.on('error', (error) => (ended = error.message));
    child.on('exit', (code, signal) => (ended ??= `exit ${code ?? signal}`));
    await until({ what: 'bedside is ready', within: READY_WITHIN_MS, every: 30 }, async () => {
      if (ended !== undefined) throw new Error(`bedside ended at start: ${ended}\n${this.#log}`);
      return (await fetch(`http://127.0.0.1:${this.adminPort}/readyz`)).ok;
    }).catch((error: unknown) => {
      child.kill('SIGKILL');
      throw new Error(`${String(error)}\nlog of bedside:\n${this.#log}`, { cause: error });
    });
  }

  /** Ends it: gracefully, or as a power cut would. Resolves once the process is gone. */
  async stop(how: 'gracefully' | 'abruptly' = 'gracefully'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(how === 'gracefully' ? 'SIGTERM' : 'SIGKILL');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await gone;
    clearTimeout(timer);
  }
}

/** `BEDSIDE_BIN`, or what cargo built last. */
export function bedsideBinary(): string {
  const chosen = process.env['BEDSIDE_BIN'];
  const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  const candidates =
    chosen === undefined
      ? ['release', 'debug'].map((profile) => join(root, 'target', profile, 'bedside'))
      : [chosen];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      `no bedside at ${candidates.join(' or ')}: run \`cargo build\` first, or set BEDSIDE_BIN`,
    );
  }
  return found;
}

/** The caller's own `BEDSIDE_...` must not set up the server under test. */
function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('BEDSIDE_')),
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = listeningPort(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
