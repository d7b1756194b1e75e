/** `(state, input, now) -> state, effects` of a booking. */
import type { BookingInput, BookingState, BookingStep } from './state.ts';

export function reduceBooking(
  state: BookingState,
  input: BookingInput,
  nowMs: number,
): BookingStep {
  switch (input.kind) {
    case 'slot-chosen':
      return choose(state, input);
    case 'held':
      return state.phase === 'holding' || (state.phase === 'booking' && state.paysFirst)
        ? only({ phase: 'held', hold: input.hold, notice: null })
        : // Somebody who went back in the meantime does not want it any more.
          { state, effects: [{ kind: 'release', hold: input.hold.id }] };
    case 'refused':
      return refuse(state, input);
    case 'time-passed':
      return state.phase === 'held' && state.hold.expiresAtMs <= nowMs
        ? only({ phase: 'choosing', notice: { kind: 'expired' } })
        : only(state);
    case 'confirmed':
      return confirm(state, input.reason.trim());
    case 'booked':
      return state.phase === 'booking'
        ? only({ phase: 'booked', appointment: input.appointment, requested: input.requested })
        : only(state);
    case 'other-time':
      return giveBack(state);
    default:
      return unreachable(input);
  }
}

function choose(
  state: BookingState,
  { slot, needsApproval, paysFirst }: Extract<BookingInput, { kind: 'slot-chosen' }>,
): BookingStep {
  if (state.phase !== 'choosing') {
    return only(state);
  }
  return needsApproval || paysFirst
    ? only({ phase: 'asking', slot, paysFirst: paysFirst && !needsApproval, notice: null })
    : { state: { phase: 'holding', slot }, effects: [{ kind: 'hold', slot, reason: '' }] };
}

function refuse(
  state: BookingState,
  { error, isLost }: Extract<BookingInput, { kind: 'refused' }>,
): BookingStep {
  const notice = { kind: 'refused', error } as const;
  if (state.phase === 'holding') {
    return only({ phase: 'choosing', notice });
  }
  if (state.phase !== 'booking') {
    return only(state);
  }
  if (isLost) {
    return only({ phase: 'choosing', notice });
  }
  // The time is still ours: pressing again may work.
  return only(
    state.hold === null
      ? { phase: 'asking', slot: state.slot, paysFirst: state.paysFirst, notice }
      : { phase: 'held', hold: state.hold, notice },
  );
}

function confirm(state: BookingState, reason: string): BookingStep {
  if (state.phase === 'held') {
    const { hold } = state;
    return {
      state: { phase: 'booking', slot: hold.slot, hold, paysFirst: false },
      effects: [{ kind: 'book', slot: hold.slot, hold: hold.id, reason }],
    };
  }
  if (state.phase === 'asking') {
    const { slot, paysFirst } = state;
    return {
      state: { phase: 'booking', slot, hold: null, paysFirst },
      effects: [
        paysFirst ? { kind: 'hold', slot, reason } : { kind: 'book', slot, hold: null, reason },
      ],
    };
  }
  return only(state);
}

function giveBack(state: BookingState): BookingStep {
  const choosing: BookingState = { phase: 'choosing', notice: null };
  if (state.phase === 'held') {
    return { state: choosing, effects: [{ kind: 'release', hold: state.hold.id }] };
  }
  return state.phase === 'asking' || state.phase === 'holding' ? only(choosing) : only(state);
}

function only(state: BookingState): BookingStep {
  return { state, effects: [] };
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
