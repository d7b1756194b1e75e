import { describe, expect, it } from 'vitest';
import { reduceBooking } from './reducer.ts';
import type { BookingInput, BookingState } from './state.ts';
import { firstBooking } from './state.ts';

const slot = { start: '2026-11-27T09:00:00Z', end: '2026-11-27T09:30:00Z', practitioner: 'prac_1' };
const hold = { id: 'apt_1', slot, expiresAtMs: 600_000 };
const chosen = { kind: 'slot-chosen', slot, needsApproval: false, paysFirst: false } as const;

function after(...inputs: BookingInput[]): BookingState {
  return inputs.reduce<BookingState>(
    (state, input) => reduceBooking(state, input, 0).state,
    firstBooking,
  );
}

describe('choosing a time', () => {
  it('asks the server to keep it', () => {
    expect(reduceBooking(firstBooking, chosen, 0)).toEqual({
      state: { phase: 'holding', slot },
      effects: [{ kind: 'hold', slot, reason: '' }],
    });
  });

  it('does nothing while another one is being kept', () => {
    expect(reduceBooking(after(chosen), chosen, 0).effects).toEqual([]);
  });

  it('that somebody else took leads back with the reason', () => {
    const state = after(chosen, { kind: 'refused', error: 'taken', isLost: true });
    expect(state).toEqual({ phase: 'choosing', notice: { kind: 'refused', error: 'taken' } });
  });

  it('needs no hold where the clinic approves visits', () => {
    expect(reduceBooking(firstBooking, { ...chosen, needsApproval: true }, 0)).toEqual({
      state: { phase: 'asking', slot, paysFirst: false, notice: null },
      effects: [],
    });
  });
});

describe('a time that is paid first', () => {
  const asking = after({ ...chosen, paysFirst: true });
  const confirmed = { kind: 'confirmed', reason: ' cough ' } as const;

  it('is kept together with the reason, and then paid', () => {
    const { state, effects } = reduceBooking(asking, confirmed, 0);
    expect(effects).toEqual([{ kind: 'hold', slot, reason: 'cough' }]);
    expect(reduceBooking(state, { kind: 'held', hold }, 0)).toEqual({
      state: { phase: 'held', hold, notice: null },
      effects: [],
    });
  });

  it('can be tried again where it could not be kept, and is given up where somebody else has it', () => {
    const { state } = reduceBooking(asking, confirmed, 0);
    const refused = { kind: 'refused', error: 'offline', isLost: false } as const;
    expect(reduceBooking(state, refused, 0).state).toMatchObject({
      phase: 'asking',
      paysFirst: true,
      notice: { kind: 'refused' },
    });
    expect(reduceBooking(state, { ...refused, isLost: true }, 0).state.phase).toBe('choosing');
  });

  it('is only asked for where the clinic approves it', () => {
    const both = after({ ...chosen, paysFirst: true, needsApproval: true });
    expect(reduceBooking(both, confirmed, 0).effects).toMatchObject([{ kind: 'book' }]);
  });
});

describe('a time that is kept', () => {
  const held = after(chosen, { kind: 'held', hold });

  it('is booked with its hold and the reason, trimmed', () => {
    expect(reduceBooking(held, { kind: 'confirmed', reason: ' cough ' }, 0).effects).toEqual([
      { kind: 'book', slot, hold: 'apt_1', reason: 'cough' },
    ]);
  });

  it('is given back when another one is wanted', () => {
    expect(reduceBooking(held, { kind: 'other-time' }, 0)).toEqual({
      state: { phase: 'choosing', notice: null },
      effects: [{ kind: 'release', hold: 'apt_1' }],
    });
  });

  it('is lost by the clock, and says so', () => {
    expect(reduceBooking(held, { kind: 'time-passed' }, 599_999).state).toBe(held);
    expect(reduceBooking(held, { kind: 'time-passed' }, 600_000).state).toEqual({
      phase: 'choosing',
      notice: { kind: 'expired' },
    });
  });

  it('stays ours when booking failed for a moment, and is lost when the server says so', () => {
    const confirmed = { kind: 'confirmed', reason: '' } as const;
    const booking = reduceBooking(held, confirmed, 0).state;
    const passing = { kind: 'refused', error: 'away', isLost: false } as const;
    expect(reduceBooking(booking, passing, 0).state).toMatchObject({ phase: 'held', hold });
    const lost = { kind: 'refused', error: 'gone', isLost: true } as const;
    expect(reduceBooking(booking, lost, 0).state).toMatchObject({ phase: 'choosing' });
  });
});

it('gives a hold back that arrives after the person went back', () => {
  const step = reduceBooking(after(chosen, { kind: 'other-time' }), { kind: 'held', hold }, 0);
  expect(step.effects).toEqual([{ kind: 'release', hold: 'apt_1' }]);
});

it('is booked once the server says so', () => {
  const state = after(
    chosen,
    { kind: 'held', hold },
    { kind: 'confirmed', reason: '' },
    { kind: 'booked', appointment: 'apt_1', requested: false },
  );
  expect(state).toEqual({ phase: 'booked', appointment: 'apt_1', requested: false });
});
