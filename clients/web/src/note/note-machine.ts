/** Runs the core's note reducer against the API. A note with text that is not saved yet outlives the screen it is on. */
import type { Note, NoteEffect, NoteInput, NoteState, NoteText } from '@bedside/core';
import {
  ApiProblem,
  answered,
  firstNoteState,
  ifMatch,
  isUnsaved,
  readNote,
  reduceNote,
} from '@bedside/core';
import { api } from '../app/api.ts';
import { keepsUnsaved } from '../app/unsaved.ts';

/** Does what needs a fresh proof of identity, and asks for one where it is wanted. */
export type Prove = <T>(act: () => Promise<T>) => Promise<T>;

/** By appointment: those on a screen, and those with text that has to reach the server. */
const machines = new Map<string, NoteMachine>();

export function noteMachineOf(appointment: string): NoteMachine {
  return machines.get(appointment) ?? new NoteMachine(appointment);
}

export class NoteMachine {
  #prove: Prove = (act) => act();
  #state: NoteState = firstNoteState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #forget: () => void = () => undefined;
  /** Set once the session is over: what comes then is not this account's. */
  #isDropped = false;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly appointment: string) {}

  readonly snapshot = (): NoteState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0 && !machines.has(this.appointment)) {
      machines.set(this.appointment, this);
      this.#forget = keepsUnsaved({ save: this.#saveNow, drop: this.#drop });
      addEventListener('online', this.#lineIsBack);
      addEventListener('beforeunload', this.#warn);
      document.addEventListener('visibilitychange', this.#hidden);
      void this.open();
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.dispatch({ kind: 'left-field' });
    };
  };

  /** The screen that shows the note asks who it is; ends with it. */
  proveBy(prove: Prove): () => void {
    this.#prove = prove;
    return () => {
      this.#prove = (act) => act();
    };
  }

  async open(): Promise<void> {
    try {
      this.dispatch({ kind: 'opened', note: await this.#read() });
    } catch (error) {
      this.dispatch({ kind: 'not-opened', error });
    }
  }

  readonly dispatch = (input: NoteInput): void => {
    if (this.#isDropped) {
      return;
    }
    const { state, effects } = reduceNote(this.#state, input);
    this.#state = state;
    for (const effect of effects) {
      void this.#perform(effect);
    }
    for (const listener of this.#listeners) {
      listener();
    }
    if (this.#listeners.size === 0 && !isUnsaved(state)) {
      this.#end();
    }
  };

  /** Adds to the signed note. */
  async add(text: string): Promise<void> {
    const params = { path: { id: this.appointment } };
    const view = await this.#prove(() =>
      answered(api.POST('/v1/appointments/{id}/note/addenda', { params, body: { text } })),
    );
    this.dispatch({ kind: 'added', note: readNote(view) });
  }

  async #perform(effect: NoteEffect): Promise<void> {
    switch (effect.kind) {
      case 'pause':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.dispatch({ kind: 'pause-over' }), effect.ms);
        return;
      case 'save':
        await this.#save(effect.text, effect.rev);
        return;
      case 'read-other':
        await this.#readOther();
        return;
      case 'sign':
        await this.#sign(effect.rev);
        return;
      default:
        unreachable(effect);
    }
  }

  async #save(text: NoteText, rev: number | null): Promise<void> {
    clearTimeout(this.#timer);
    const params = { path: { id: this.appointment }, header: rev === null ? {} : ifMatch(rev) };
    try {
      const call = api.PUT('/v1/appointments/{id}/note', { params, body: asBody(text) });
      this.dispatch({ kind: 'saved', note: readNote(await answered(call)) });
    } catch (error) {
      this.dispatch({ kind: 'not-saved', error });
    }
  }

  async #sign(rev: number): Promise<void> {
    const params = { path: { id: this.appointment }, header: ifMatch(rev) };
    try {
      const view = await this.#prove(() =>
        answered(api.POST('/v1/appointments/{id}/note/sign', { params })),
      );
      this.dispatch({ kind: 'signed', note: readNote(view) });
    } catch (error) {
      this.dispatch({ kind: 'not-signed', error });
    }
  }

  async #readOther(): Promise<void> {
    try {
      this.dispatch({ kind: 'other-read', note: await this.#read() });
    } catch (error) {
      this.dispatch({ kind: 'other-not-read', error });
    }
  }

  /** The note, or null before its first text. */
  async #read(): Promise<Note | null> {
    const params = { path: { id: this.appointment } };
    try {
      return readNote(await answered(api.GET('/v1/appointments/{id}/note', { params })));
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) {
        return null;
      }
      throw error;
    }
  }

  readonly #lineIsBack = (): void => this.dispatch({ kind: 'line-back' });

  readonly #warn = (event: BeforeUnloadEvent): void => {
    if (isUnsaved(this.#state)) {
      event.preventDefault();
    }
  };

  /** A phone may end a page that is out of sight. */
  readonly #hidden = (): void => {
    if (document.visibilityState === 'hidden') {
      this.dispatch({ kind: 'left-field' });
    }
  };

  /** One try, at once; whether nothing is left. */
  readonly #saveNow = async (): Promise<boolean> => {
    this.dispatch({ kind: 'line-back' });
    const isOnItsWay = (): boolean => this.#state.phase === 'draft' && this.#state.sending !== null;
    if (isOnItsWay()) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (!isOnItsWay()) {
            this.#listeners.delete(look);
            resolve();
          }
        };
        this.#listeners.add(look);
      });
    }
    return !isUnsaved(this.#state);
  };

  readonly #drop = (): void => {
    this.#isDropped = true;
    this.#end();
  };

  #end(): void {
    this.#forget();
    clearTimeout(this.#timer);
    machines.delete(this.appointment);
    removeEventListener('online', this.#lineIsBack);
    removeEventListener('beforeunload', this.#warn);
    document.removeEventListener('visibilitychange', this.#hidden);
  }
}

/** The document describes a note's text as an object without fields. */
function asBody(text: NoteText): Record<string, never> {
  return JSON.parse(JSON.stringify(text));
}

function unreachable(value: never): never {
  throw new Error(`unhandled effect: ${JSON.stringify(value)}`);
}
