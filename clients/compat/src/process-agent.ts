// An agent in a process of its own that speaks JSON lines: Node, Python, Go.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Agent, Command, Happening } from './agent.ts';

/** Beyond the SDKs' own time-outs, so that their words are heard first. */
const ANSWER_WITHIN_MS = 75_000;
const NOTES_MAX = 20_000;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class ProcessAgent implements Agent {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  #happenings: Happening[] = [];
  #notes = '';
  #ended: string | undefined;
  #asked = 0;

  constructor(command: string, parameters: readonly string[], directory: string) {
    this.#process = spawn(command, parameters, { cwd: directory });
    this.#process.on('error', (error) => this.#end(error.message));
    this.#process.on('exit', (code, signal) =>
      this.#end(`ended with ${signal ?? `status ${code}`}`),
    );
    this.#process.stdin.on('error', () => undefined);
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#notes = (this.#notes + text).slice(-NOTES_MAX);
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(line));
  }

  async happenings(): Promise<readonly Happening[]> {
    if (this.#ended !== undefined) throw new Error(`the agent ${this.#ended}`);
    return this.#happenings;
  }

  notes(): string {
    return this.#notes;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  async forget(): Promise<void> {
    this.#happenings = [];
  }

  perform(command: Command): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(new Error(`the agent ${this.#ended}`));
    const id = (this.#asked += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(id)?.reject(new Error(`${command.call}: no answer`)),
        ANSWER_WITHIN_MS,
      );
      this.#waiting.set(id, {
        resolve: (value) => (clearTimeout(timer), resolve(value)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      this.#process.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await gone;
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #end(how: string): void {
    this.#ended ??= how;
    for (const id of this.#waiting.keys()) this.#settle(id)?.reject(new Error(`the agent ${how}`));
  }

  #take(line: string): void {
    const told = parsed(line);
    if (told === undefined) {
      this.#notes = `${this.#notes}${line}\n`.slice(-NOTES_MAX);
    } else if ('event' in told) {
      this.#happenings.push(told);
    } else if (told.error === undefined) {
      this.#settle(told.id)?.resolve(told.value);
    } else {
      this.#settle(told.id)?.reject(new Error(told.error));
    }
  }
}

type Told = Happening | { readonly id: number; readonly value?: unknown; readonly error?: string };

/** SDKs write to standard output too: what is no reply and no event is a note. */
function parsed(line: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return 'event' in value || 'id' in value ? (value as Told) : undefined;
  } catch {
    return undefined;
  }
}
