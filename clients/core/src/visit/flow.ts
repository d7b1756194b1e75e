/** The way through a visit, from the link to the call: `(state, input) -> state, effects`. */
import type { Announcement } from '../announcement.ts';
import type { MediaChoice } from '../call-state.ts';
import { textOf } from '../text/say.ts';
import type { CheckReport, Visit } from './visit.ts';
import { endOf, isHeld, isLetIn } from './visit.ts';

export type VisitEnd = NonNullable<ReturnType<typeof endOf>>;

export type VisitState =
  | { readonly phase: 'opening' }
  | { readonly phase: 'refused'; readonly error: unknown }
  | { readonly phase: 'lobby'; readonly visit: Visit; readonly error: unknown }
  | { readonly phase: 'checking-in'; readonly visit: Visit; readonly choice: MediaChoice }
  /** `isLost`: the server does not answer; the place is kept there all the same. `isHeld`: after having been in. */
  | {
      readonly phase: 'waiting';
      readonly visit: Visit;
      readonly choice: MediaChoice;
      readonly isLost: boolean;
      readonly isHeld: boolean;
    }
  | { readonly phase: 'entering'; readonly visit: Visit; readonly choice: MediaChoice }
  | { readonly phase: 'in-call'; readonly visit: Visit; readonly choice: MediaChoice }
  | { readonly phase: 'over'; readonly visit: Visit; readonly how: VisitEnd };

export type VisitInput =
  /** `choice`: what this tab remembers of being ready, from before a reload. */
  | { readonly kind: 'opened'; readonly visit: Visit; readonly choice: MediaChoice | null }
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'visit-read'; readonly visit: Visit }
  | { readonly kind: 'lost' }
  | { readonly kind: 'ready-pressed'; readonly choice: MediaChoice; readonly report: CheckReport }
  | { readonly kind: 'check-in-failed'; readonly error: unknown }
  | { readonly kind: 'token-given'; readonly token: string }
  | { readonly kind: 'token-refused' };

export type VisitEffect =
  | { readonly kind: 'check-in'; readonly visit: Visit; readonly report: CheckReport }
  | { readonly kind: 'get-token'; readonly visit: Visit; readonly afterMs: number }
  | { readonly kind: 'connect'; readonly token: string; readonly choice: MediaChoice }
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'remember-ready'; readonly choice: MediaChoice }
  | { readonly kind: 'forget-ready' }
  | { readonly kind: 'announce'; readonly announcement: Announcement };

export interface VisitStep {
  readonly state: VisitState;
  readonly effects: readonly VisitEffect[];
}

export const firstVisitState: VisitState = { phase: 'opening' };

const TOKEN_AGAIN_AFTER_MS = 2_000;

export function reduceVisit(state: VisitState, input: VisitInput): VisitStep {
  switch (input.kind) {
    case 'opened':
      return open(input.visit, input.choice);
    case 'refused':
      return state.phase === 'opening'
        ? only({ phase: 'refused', error: input.error })
        : only(state);
    case 'visit-read':
      return read(state, input.visit);
    case 'lost':
      return state.phase === 'waiting' ? only({ ...state, isLost: true }) : only(state);
    case 'ready-pressed':
      return getReady(state, input);
    case 'check-in-failed':
      return state.phase === 'checking-in'
        ? {
            state: { phase: 'lobby', visit: state.visit, error: input.error },
            effects: [{ kind: 'forget-ready' }],
          }
        : only(state);
    case 'token-given':
      return state.phase === 'entering'
        ? {
            state: { phase: 'in-call', visit: state.visit, choice: state.choice },
            effects: [{ kind: 'connect', token: input.token, choice: state.choice }],
          }
        : only(state);
    case 'token-refused':
      return state.phase === 'entering'
        ? {
            state,
            effects: [{ kind: 'get-token', visit: state.visit, afterMs: TOKEN_AGAIN_AFTER_MS }],
          }
        : only(state);
    default:
      return unreachable(input);
  }
}

function open(visit: Visit, choice: MediaChoice | null): VisitStep {
  const how = endOf(visit);
  if (how !== null) {
    return over(visit, how);
  }
  // A place in the waiting room lives on the server: this tab only has to know that it was ready.
  if (choice === null || (visit.me.state === 'invited' && !isLetIn(visit))) {
    return only({ phase: 'lobby', visit, error: null });
  }
  return isLetIn(visit) ? enter(visit, choice) : only(waiting(visit, choice));
}

function read(state: VisitState, visit: Visit): VisitStep {
  if (!('visit' in state)) {
    return only(state);
  }
  if (visit.revision < state.visit.revision) {
    return only(state);
  }
  const how = endOf(visit);
  if (how !== null && state.phase !== 'over') {
    return over(visit, how);
  }
  switch (state.phase) {
    case 'checking-in':
    case 'waiting':
      return isLetIn(visit) ? admit(visit, state.choice) : only(afterCheckIn(state, visit));
    case 'entering':
    case 'in-call':
      return isHeld(visit) ? hold(visit, state.choice) : only({ ...state, visit });
    default:
      return only({ ...state, visit });
  }
}

type AtDoor = Extract<VisitState, { phase: 'checking-in' | 'waiting' }>;

/** An answer that was on its way while checking in may still say `invited`. */
function afterCheckIn(state: AtDoor, visit: Visit): VisitState {
  if (state.phase === 'waiting') {
    return { ...state, visit, isLost: false };
  }
  return visit.me.state === 'waiting' ? waiting(visit, state.choice) : { ...state, visit };
}

function getReady(
  state: VisitState,
  { choice, report }: Extract<VisitInput, { kind: 'ready-pressed' }>,
): VisitStep {
  if (state.phase !== 'lobby') {
    return only(state);
  }
  const { visit } = state;
  if (isLetIn(visit)) {
    const { state: entering, effects } = enter(visit, choice);
    return { state: entering, effects: [{ kind: 'remember-ready', choice }, ...effects] };
  }
  return {
    state: { phase: 'checking-in', visit, choice },
    effects: [
      { kind: 'remember-ready', choice },
      { kind: 'check-in', visit, report },
    ],
  };
}

function admit(visit: Visit, choice: MediaChoice): VisitStep {
  const { state, effects } = enter(visit, choice);
  const announcement = { text: textOf('waiting.admitted'), spokenOnly: false };
  return { state, effects: [{ kind: 'announce', announcement }, ...effects] };
}

/** Out of the call and back into the waiting room, as it is written at the door. */
function hold(visit: Visit, choice: MediaChoice): VisitStep {
  const announcement = { text: textOf('waiting.hold'), spokenOnly: false };
  return {
    state: { ...waiting(visit, choice), isHeld: true },
    effects: [{ kind: 'hang-up' }, { kind: 'announce', announcement }],
  };
}

function enter(visit: Visit, choice: MediaChoice): VisitStep {
  return {
    state: { phase: 'entering', visit, choice },
    effects: [{ kind: 'get-token', visit, afterMs: 0 }],
  };
}

function over(visit: Visit, how: VisitEnd): VisitStep {
  return {
    state: { phase: 'over', visit, how },
    effects: [{ kind: 'hang-up' }, { kind: 'forget-ready' }],
  };
}

function waiting(visit: Visit, choice: MediaChoice): Extract<VisitState, { phase: 'waiting' }> {
  return { phase: 'waiting', visit, choice, isLost: false, isHeld: false };
}

function only(state: VisitState): VisitStep {
  return { state, effects: [] };
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
