// The examples for embedders are run as they stand in examples/: their tokens join, their room opens, and what happens
// in it reaches them.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join as path } from 'node:path';
import { listeningPort } from '../../../e2e/src/listening-port.ts';
import { until } from '../../../e2e/src/until.ts';
import type { Agent } from '../agent.ts';
import type { Cell, ExampleName, Scenario, Stage } from '../scenario.ts';
import { INSTALLED, REPOSITORY } from '../sdks.ts';
import type { Server } from '../server.ts';

/** A cold interpreter on a busy machine included. */
const SAID_WITHIN_MS = 20_000;
/** No line has a word like this. */
const ENDED = ' ended ';

const COMMANDS: Readonly<Record<ExampleName, readonly string[]>> = {
  'Node example': [process.execPath, path(REPOSITORY, 'examples', 'node', 'open-room.mjs')],
  'Python example': [
    path(INSTALLED, 'venv', 'bin', 'python'),
    path(REPOSITORY, 'examples', 'python', 'open_room.py'),
  ],
  'Go example': [path(INSTALLED, 'example-go')],
  'Rust example': [path(INSTALLED, 'example-rust', 'debug', 'bedside-example')],
};

export const EXAMPLE_NAMES: readonly ExampleName[] = [
  'Node example',
  'Python example',
  'Go example',
  'Rust example',
];

export function examples(): Scenario[] {
  return EXAMPLE_NAMES.flatMap((sdk) => [tokens(sdk), roomAndWebhooks(sdk)]);
}

function tokens(sdk: ExampleName): Scenario {
  const cell: Cell = { what: 'tokens join', sdk };
  return {
    cells: [cell],
    cast: ['go'],
    run: (stage, [agent], decide) =>
      decide(cell, async () => {
        const example = await Example.start(sdk, stage.server, stage.newRoom());
        try {
          await joinWith(await example.said(/^token doctor (\S+)$/m), stage.server, agent);
        } finally {
          await example.stop();
        }
      }),
  };
}

function roomAndWebhooks(sdk: ExampleName): Scenario {
  const opens: Cell = { what: 'opens a room', sdk };
  const hears: Cell = { what: 'hears webhooks', sdk };
  return {
    cells: [opens, hears],
    cast: ['go'],
    needsOwnServer: true,
    run: async (stage, [agent], decide) => {
      const port = await freePort();
      const started = start(stage, sdk, port);
      const room = started.then(([example]) => example.said(/^room \S+ (RM_\S+)$/m));
      await decide(opens, () => room);
      await decide(hears, async () => {
        const [example, own] = await started;
        await room;
        await joinWith(await example.said(/^token doctor (\S+)$/m), own, agent);
        await example.said(/^event participant_joined (\S+) doctor$/m);
      });
      await started.then(
        ([example]) => example.stop(),
        () => undefined,
      );
    },
  };
}

async function start(stage: Stage, sdk: ExampleName, port: number): Promise<[Example, Server]> {
  const own = await stage.ownServer('--webhook-urls', `http://127.0.0.1:${port}/`);
  return [await Example.start(sdk, own, stage.newRoom(), port), own];
}

async function joinWith(token: string, server: Server, agent: Agent | undefined): Promise<void> {
  if (agent === undefined) throw new Error('one takes part');
  await agent.perform({ call: 'join', url: server.signalUrl, token });
}

class Example {
  #said = '';
  #ended = false;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  static async start(
    sdk: ExampleName,
    server: Server,
    room: string,
    port?: number,
  ): Promise<Example> {
    const [command = '', ...parameters] = COMMANDS[sdk];
    const child = spawn(command, [...parameters, room], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BEDSIDE_URL: server.httpUrl,
        BEDSIDE_API_KEY: server.key,
        BEDSIDE_API_SECRET: server.secret,
        WEBHOOK_PORT: String(port ?? (await freePort())),
      },
    });
    const example = new Example(child);
    child.on('error', (error) => {
      example.#said += error.message;
      example.#ended = true;
    });
    child.on('exit', () => (example.#ended = true));
    return example;
  }

  /** Waits for a line, and resolves to what its group matched. */
  async said(line: RegExp): Promise<string> {
    const found = await until({ what: String(line), within: SAID_WITHIN_MS, every: 100 }, () => {
      const [, word] = line.exec(this.#said) ?? [];
      return word ?? (this.#ended ? ENDED : undefined);
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said: ${this.#end()}`, { cause: error });
    });
    if (found === ENDED) throw new Error(`it ended: ${this.#end()}`);
    return found;
  }

  #end(): string {
    return this.#said
      .replaceAll(/^token (\w+) .*$/gm, 'token $1 ...')
      .replaceAll('\n', ' ')
      .slice(-200);
  }

  async stop(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = listeningPort(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
