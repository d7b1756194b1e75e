/** A visit as the server tells it to one participant: the one state that every screen renders from. */

export type VisitPhase = 'scheduled' | 'open' | 'live' | 'paused' | 'ended';
export type ParticipantState =
  | 'invited'
  | 'waiting'
  | 'admitted'
  | 'connected'
  | 'disconnected'
  | 'left'
  | 'removed'
  | 'denied';
export type VisitRole =
  | 'patient'
  | 'practitioner'
  | 'interpreter'
  | 'relative'
  | 'clinician'
  | 'staff';

export interface VisitPerson {
  readonly id: string;
  readonly role: VisitRole;
  readonly name: string;
  readonly state: ParticipantState;
  readonly waitingSince: string | null;
}

export interface Visit {
  readonly id: string;
  readonly appointment: string;
  readonly state: VisitPhase;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly timeZone: string;
  readonly clinic: { readonly name: string; readonly phone: string | null };
  readonly practitioner: { readonly id: string; readonly name: string };
  readonly service: { readonly name: string };
  readonly message: string | null;
  readonly me: VisitPerson;
  readonly participants: readonly VisitPerson[];
  /** Since when patient and practitioner were both there for the first time. */
  readonly liveSince: string | null;
  readonly endedAt: string | null;
  readonly revision: number;
}

/** What was tried before the visit; kept with it for support. */
export type CheckOutcome = 'ok' | 'failed' | 'skipped';
export interface CheckReport {
  readonly camera: CheckOutcome;
  readonly microphone: CheckOutcome;
  readonly speaker: CheckOutcome;
  readonly network: CheckOutcome;
}

/** Who gives the visit: comes in without waiting, and may end it. A second clinician waits like everybody else. */
export function leads(visit: Visit): boolean {
  return visit.me.role === 'practitioner';
}

/** Whether it is for this person to let others in; `staff` do so without taking part. */
export function looksAfter(visit: Visit): boolean {
  return leads(visit) || visit.me.role === 'staff';
}

/** Whoever was let in stays so: a lost connection or a closed tab is no reason to wait again. */
export function isLetIn(visit: Visit): boolean {
  return leads(visit) || ['admitted', 'connected', 'disconnected', 'left'].includes(visit.me.state);
}

/** Sent back to wait by who leads the visit. */
export function isHeld(visit: Visit): boolean {
  return !leads(visit) && visit.me.state === 'waiting';
}

/** Why somebody's part in it is over, or `null`. */
export function endOf(visit: Visit): 'ended' | 'removed' | 'denied' | null {
  if (visit.me.state === 'removed' || visit.me.state === 'denied') {
    return visit.me.state;
  }
  return visit.state === 'ended' ? 'ended' : null;
}
