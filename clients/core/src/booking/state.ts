/** Choosing a time and booking it, as states. A hold is kept by the server; the countdown only shows it. */

export interface Slot {
  readonly start: string;
  readonly end: string;
  readonly practitioner: string;
}

/** A time that the server keeps for us until an instant. */
export interface Hold {
  readonly id: string;
  readonly slot: Slot;
  readonly expiresAtMs: number;
}

export type BookingState =
  | { readonly phase: 'choosing'; readonly notice: BookingNotice | null }
  | { readonly phase: 'holding'; readonly slot: Slot }
  | { readonly phase: 'held'; readonly hold: Hold; readonly notice: BookingNotice | null }
  /**
   * Nothing is kept yet: visits that the clinic approves are asked for without a hold, and a time that is paid first is kept
   * together with the reason, which is said before.
   */
  | {
      readonly phase: 'asking';
      readonly slot: Slot;
      readonly paysFirst: boolean;
      readonly notice: BookingNotice | null;
    }
  /** `paysFirst`: the time is being kept; it is booked by the money. */
  | {
      readonly phase: 'booking';
      readonly slot: Slot;
      readonly hold: Hold | null;
      readonly paysFirst: boolean;
    }
  | { readonly phase: 'booked'; readonly appointment: string; readonly requested: boolean };

export type BookingNotice =
  | { readonly kind: 'expired' }
  | { readonly kind: 'refused'; readonly error: unknown };

export type BookingInput =
  | {
      readonly kind: 'slot-chosen';
      readonly slot: Slot;
      readonly needsApproval: boolean;
      readonly paysFirst: boolean;
    }
  | { readonly kind: 'held'; readonly hold: Hold }
  | { readonly kind: 'refused'; readonly error: unknown; readonly isLost: boolean }
  | { readonly kind: 'time-passed' }
  | { readonly kind: 'confirmed'; readonly reason: string }
  | { readonly kind: 'booked'; readonly appointment: string; readonly requested: boolean }
  | { readonly kind: 'other-time' };

export type BookingEffect =
  /** `reason`: empty where it is said later, or not at all. */
  | { readonly kind: 'hold'; readonly slot: Slot; readonly reason: string }
  | { readonly kind: 'release'; readonly hold: string }
  | {
      readonly kind: 'book';
      readonly slot: Slot;
      readonly hold: string | null;
      readonly reason: string;
    };

export interface BookingStep {
  readonly state: BookingState;
  readonly effects: readonly BookingEffect[];
}

export const firstBooking: BookingState = { phase: 'choosing', notice: null };
