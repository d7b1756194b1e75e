/** Runs the core's booking reducer and performs its effects. */
import type { BookingEffect, BookingInput, BookingState, Slot } from '@bedside/core';
import { ApiProblem, answered, done, firstBooking, reduceBooking } from '@bedside/core';
import { api } from '../../app/api.ts';

/** Problems after which the time is not ours any more. */
const LOST: ReadonlySet<string> = new Set([
  'slot-taken',
  'slot-refused',
  'hold-expired',
  'not-possible',
  'not-found',
]);

export class BookingMachine {
  #state: BookingState = firstBooking;
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly service: string,
    /** For whom. */
    private readonly patient: string,
  ) {}

  readonly snapshot = (): BookingState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly dispatch = (input: BookingInput): void => {
    const { state, effects } = reduceBooking(this.#state, input, Date.now());
    this.#state = state;
    for (const effect of effects) {
      void this.#perform(effect);
    }
    for (const listener of this.#listeners) {
      listener();
    }
  };

  async #perform(effect: BookingEffect): Promise<void> {
    try {
      switch (effect.kind) {
        case 'hold':
          await this.#hold(effect.slot, effect.reason);
          return;
        case 'release':
          await done(api.DELETE('/v1/holds/{id}', { params: { path: { id: effect.hold } } }));
          return;
        case 'book':
          await this.#book(effect);
          return;
        default:
          unreachable(effect);
      }
    } catch (error) {
      // A hold that cannot be given back ends by itself.
      if (effect.kind !== 'release') {
        const isLost = error instanceof ApiProblem && LOST.has(error.kind);
        this.dispatch({ kind: 'refused', error, isLost });
      }
    }
  }

  async #hold(slot: Slot, reason: string): Promise<void> {
    const { service, patient } = this;
    const body = {
      service,
      patient,
      start: slot.start,
      practitioner: slot.practitioner,
      ...(reason === '' ? {} : { reason }),
    };
    const held = await answered(api.POST('/v1/holds', { body }));
    const expiresAtMs = new Date(held.expires_at ?? held.start).getTime();
    this.dispatch({
      kind: 'held',
      hold: { id: held.id, slot: { ...slot, end: held.end }, expiresAtMs },
    });
  }

  async #book({ slot, hold, reason }: Extract<BookingEffect, { kind: 'book' }>): Promise<void> {
    const why = reason === '' ? {} : { reason };
    const what =
      hold === null
        ? {
            service: this.service,
            patient: this.patient,
            practitioner: slot.practitioner,
            start: slot.start,
          }
        : { hold_id: hold };
    const params = { header: { 'Idempotency-Key': crypto.randomUUID() } };
    const booked = await answered(
      api.POST('/v1/appointments', { params, body: { ...what, ...why } }),
    );
    const requested = booked.state === 'requested';
    this.dispatch({ kind: 'booked', appointment: booked.id, requested });
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled effect: ${JSON.stringify(value)}`);
}
