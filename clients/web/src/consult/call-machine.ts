/** Holds the page's state, runs the core's reducer, and performs its effects. */
import type { CallEffect, CallInput, CallState } from '@bedside/core';
import { initialState, reduce } from '@bedside/core';
import type { CapturedMedia, MediaLink } from '@bedside/media-web';
import { askAboutToken, nothingCaptured } from '@bedside/media-web';
import { Announcements } from './announcements.ts';
import { forgetCall, forgetToken, rememberCall, rememberToken } from './session-memory.ts';

export interface Tokens {
  /** Whether the tab remembers the token over a reload; a visit asks for another one instead. */
  readonly remembers: boolean;
  /** Asks for another token before a call that was lost is joined again. */
  readonly freshToken: (() => Promise<string>) | null;
}

export class CallMachine {
  readonly announcements = new Announcements();
  #state: CallState = initialState;
  #link: MediaLink | null = null;
  /** Grows with every connection asked for or given up: what an older one reports is void. */
  #generation = 0;
  #captured: CapturedMedia = nothingCaptured;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  /** `server`: where calls go, such as `https://clinic.example`. */
  constructor(
    private readonly server: string,
    private readonly tokens: Tokens = { remembers: true, freshToken: null },
  ) {}

  readonly snapshot = (): CallState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly dispatch = (input: CallInput): void => {
    const step = reduce(this.#state, input, Date.now());
    this.#state = step.state;
    for (const effect of step.effects) {
      this.#perform(effect);
    }
    for (const listener of this.#listeners) {
      listener();
    }
  };

  /** The lobby's tracks, for the call that is about to be joined. */
  handOver(captured: CapturedMedia): void {
    this.#captured = captured;
  }

  get link(): MediaLink | null {
    return this.#link;
  }

  #perform(effect: CallEffect): void {
    switch (effect.kind) {
      case 'connect':
        void this.#connect(effect);
        return;
      case 'disconnect':
        this.#dropLink();
        return;
      case 'check-token':
        void this.#check(effect.token);
        return;
      case 'schedule-retry':
        clearTimeout(this.#retry);
        this.#retry = setTimeout(this.#retryNow, effect.afterMs);
        return;
      case 'show-hand':
        void this.#link?.showHand(effect.raised);
        return;
      case 'switch-device':
        void this.#link?.switchDevice(effect.device, effect.on);
        return;
      case 'send-message':
        void this.#link?.sendMessage(effect.id, effect.text);
        return;
      case 'start-sound':
        void this.#link?.startSound();
        return;
      case 'announce':
        this.announcements.show(effect.announcement);
        return;
      case 'remember-token':
      case 'forget-token':
      case 'remember-call':
      case 'forget-call':
        if (this.tokens.remembers) {
          remember(effect);
        }
        return;
      default:
        unreachable(effect);
    }
  }

  /** A line that comes back need not wait for the end of the pause. */
  readonly lineIsBack = (): void => {
    if (this.#state.phase === 'in-call' && (this.#state.retry?.atMs ?? 0) > Date.now()) {
      this.#retryNow();
    }
  };

  readonly #retryNow = (): void => {
    clearTimeout(this.#retry);
    this.dispatch({ kind: 'retry-due' });
  };

  async #check(token: string): Promise<void> {
    const failure = await askAboutToken(this.server, token);
    const { phase } = this.#state;
    if (failure !== null && phase === 'lobby' && this.#state.invitation.token === token) {
      this.dispatch({ kind: 'join-failed', failure });
    }
  }

  async #connect(effect: Extract<CallEffect, { kind: 'connect' }>): Promise<void> {
    this.#endLink();
    const generation = this.#generation;
    const captured = this.#captured;
    this.#captured = nothingCaptured;
    let link: MediaLink;
    try {
      const { RoomLink } = await import('@bedside/media-web/room-link');
      link = new RoomLink(this.server, (input) => this.#hear(generation, input));
    } catch {
      // The code of the call itself comes from the server too.
      captured.microphone?.stop();
      captured.camera?.stop();
      this.#hear(generation, { kind: 'join-failed', failure: { kind: 'unreachable' } });
      return;
    }
    if (generation !== this.#generation) {
      captured.microphone?.stop();
      captured.camera?.stop();
      return;
    }
    this.#link = link;
    const token = await this.#newest(effect.token);
    if (generation !== this.#generation) {
      // Somebody left while the token was asked for: nothing of theirs may be sent any more.
      captured.microphone?.stop();
      captured.camera?.stop();
      return;
    }
    await link.connect(token, effect.choice, captured);
  }

  /** The token of a call that was lost may be too old by now. */
  async #newest(token: string): Promise<string> {
    const { freshToken } = this.tokens;
    if (freshToken === null || this.#state.phase !== 'in-call') {
      return token;
    }
    return freshToken().catch(() => token);
  }

  #hear(generation: number, input: CallInput): void {
    if (generation !== this.#generation) {
      return;
    }
    if (input.kind === 'join-failed' || input.kind === 'disconnected') {
      this.#endLink();
    }
    this.dispatch(input);
    if (this.#state.phase !== 'in-call' && this.#state.phase !== 'joining') {
      this.#link = null;
    }
  }

  #dropLink(): void {
    clearTimeout(this.#retry);
    this.#endLink();
    this.#link = null;
  }

  /** Stays at hand for the screen, which shows the call while the next link is made. */
  #endLink(): void {
    this.#generation += 1;
    this.#link?.close();
  }
}

type Memory = Extract<
  CallEffect,
  { kind: 'remember-token' | 'forget-token' | 'remember-call' | 'forget-call' }
>;

function remember(effect: Memory): void {
  switch (effect.kind) {
    case 'remember-token':
      rememberToken(effect.token);
      return;
    case 'forget-token':
      forgetToken();
      return;
    case 'remember-call':
      rememberCall(effect.choice);
      return;
    case 'forget-call':
      forgetCall();
      return;
    default:
      unreachable(effect);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled effect: ${JSON.stringify(value)}`);
}
