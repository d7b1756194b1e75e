/** What the states of an appointment are called. */
const STATES = [
  'requested',
  'held',
  'booked',
  'checked_in',
  'in_progress',
  'completed',
  'cancelled',
  'no_show',
  'expired',
  'entered_in_error',
] as const;

export function stateKey(
  state: string,
): `appts.state.${(typeof STATES)[number]}` | 'common.unknown' {
  const known = STATES.find((one) => one === state);
  return known === undefined ? 'common.unknown' : `appts.state.${known}`;
}
