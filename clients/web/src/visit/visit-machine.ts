/** Runs the core's visit reducer: asks the server how things stand, performs the effects, holds camera and call. */
import type {
  MediaChoice,
  Visit,
  VisitApi,
  VisitEffect,
  VisitInput,
  VisitState,
} from '@bedside/core';
import { ApiProblem, firstVisitState, isPassing, reduceVisit } from '@bedside/core';
import { Preview } from '@bedside/media-web';
import { CallMachine } from '../consult/call-machine.ts';
import type { VisitMemory } from './visit-memory.ts';

/** Who waits wants to know soon; who talks has the media server for the news. */
const ASK_EVERY_MS = { waiting: 2_000, otherwise: 4_000 } as const;

export class VisitMachine {
  readonly calls: CallMachine;
  readonly preview = new Preview({ microphone: true, camera: true });
  #state: VisitState = firstVisitState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly api: VisitApi,
    readonly server: string,
    private readonly memory: VisitMemory,
  ) {
    this.calls = new CallMachine(server, {
      remembers: false,
      freshToken: async () => {
        const visit = this.visit;
        if (visit === null) {
          throw new ApiProblem({ kind: 'not-found', status: 404 });
        }
        return (await this.api.getToken(visit.id)).token;
      },
    });
  }

  readonly snapshot = (): VisitState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get visit(): Visit | null {
    return 'visit' in this.#state ? this.#state.visit : null;
  }

  /** Opens the visit; while nothing answers, again and again. */
  async open(read: () => Promise<Visit>): Promise<void> {
    this.#isClosed = false;
    try {
      const visit = await read();
      this.dispatch({ kind: 'opened', visit, choice: this.memory.ready(visit.id) });
      this.#plan();
    } catch (error) {
      if (this.#isClosed) {
        return;
      }
      if (isPassing(error)) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.open(read), ASK_EVERY_MS.waiting);
      }
      this.dispatch({ kind: 'refused', error });
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.preview.close();
    this.calls.dispatch({ kind: 'leave-pressed' });
  }

  readonly dispatch = (input: VisitInput): void => {
    if (this.#isClosed) {
      // An answer that comes after its page is gone must not lead anybody into a call.
      return;
    }
    const { state, effects } = reduceVisit(this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      void this.#perform(effect);
    }
    for (const listener of this.#listeners) {
      listener();
    }
  };

  /** What an act of the leader answers is news like any other. */
  readonly took = (visit: Visit): void => this.dispatch({ kind: 'visit-read', visit });

  async #perform(effect: VisitEffect): Promise<void> {
    switch (effect.kind) {
      case 'check-in':
        await this.#checkIn(effect);
        return;
      case 'get-token':
        await this.#getToken(effect);
        return;
      case 'connect':
        this.#connect(effect.token, effect.choice);
        return;
      case 'hang-up':
        this.preview.close();
        this.calls.dispatch({ kind: 'leave-pressed' });
        return;
      case 'remember-ready':
        this.memory.rememberReady(this.visit?.id ?? '', effect.choice);
        return;
      case 'forget-ready':
        this.memory.forgetReady();
        return;
      case 'announce':
        this.calls.announcements.show(effect.announcement);
        return;
      default:
        unreachable(effect);
    }
  }

  async #checkIn({ visit, report }: Extract<VisitEffect, { kind: 'check-in' }>): Promise<void> {
    try {
      this.took(await this.api.checkIn(visit.id, report, navigator.userAgent));
      this.#plan();
    } catch (error) {
      this.dispatch({ kind: 'check-in-failed', error });
    }
  }

  async #getToken({ visit, afterMs }: Extract<VisitEffect, { kind: 'get-token' }>): Promise<void> {
    if (afterMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, afterMs));
    }
    try {
      const { token } = await this.api.getToken(visit.id);
      this.dispatch({ kind: 'token-given', token });
    } catch (error) {
      // What will not pass is said, and not tried for ever.
      this.dispatch(isPassing(error) ? { kind: 'token-refused' } : { kind: 'refused', error });
    }
  }

  #connect(token: string, choice: MediaChoice): void {
    const { microphone, camera } = this.preview.snapshot();
    const captured = this.preview.handOver();
    const now = {
      microphone: captured.microphone === null ? choice.microphone : microphone.wanted,
      camera: captured.camera === null ? choice.camera && camera.wanted : camera.wanted,
    };
    this.calls.dispatch({ kind: 'token-offered', text: token });
    this.calls.handOver(captured);
    this.calls.dispatch({ kind: 'join-pressed', choice: now });
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const { phase } = this.#state;
    if (this.#isClosed || phase === 'over' || phase === 'refused') {
      return;
    }
    const pause = phase === 'waiting' ? ASK_EVERY_MS.waiting : ASK_EVERY_MS.otherwise;
    this.#timer = setTimeout(() => void this.#look(), pause);
  }

  async #look(): Promise<void> {
    const { visit } = this;
    if (visit !== null) {
      try {
        this.took(await this.api.read(visit.id));
      } catch {
        this.dispatch({ kind: 'lost' });
      }
    }
    this.#plan();
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled effect: ${JSON.stringify(value)}`);
}
