/** Holds the page's state, runs the core's reducer, and performs its effects. */
import type { CallEffect, CallInput, CallState } from '@bedside/core';
import { initialState, reduce } from '@bedside/core';
import { Announcements } from './announcements.ts';
import type { MediaLink } from './call/media-link.ts';
import { type CapturedMedia, nothingCaptured } from './captured-media.ts';
import { forgetCall, forgetToken, rememberCall, rememberToken } from './session-memory.ts';

export class CallMachine {
  readonly announcements = new Announcements();
  #state: CallState = initialState;
  #link: MediaLink | null = null;
  /** Grows with every connection asked for or given up: what an older one reports is void. */
  #generation = 0;
  #captured: CapturedMedia = nothingCaptured;
  readonly #listeners = new Set<() => void>();

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

  async #connect(effect: Extract<CallEffect, { kind: 'connect' }>): Promise<void> {
    this.#dropLink();
    const generation = this.#generation;
    const captured = this.#captured;
    this.#captured = nothingCaptured;
    let link: MediaLink;
    try {
      const { RoomLink } = await import('./call/room-link.ts');
      link = new RoomLink((input) => this.#hear(generation, input));
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
    await link.connect(effect.token, effect.choice, captured);
  }

  #hear(generation: number, input: CallInput): void {
    if (generation !== this.#generation) {
      return;
    }
    if (input.kind === 'join-failed' || input.kind === 'disconnected') {
      this.#dropLink();
    }
    this.dispatch(input);
  }

  #dropLink(): void {
    this.#generation += 1;
    this.#link?.close();
    this.#link = null;
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled effect: ${JSON.stringify(value)}`);
}
