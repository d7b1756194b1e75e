/** The sentences of what goes out; a word that a newer server knows is said to be unknown. */
const KINDS = ['email', 'sms', 'webhook', 'event'] as const;
export const JOB_STATES = [
  'waiting',
  'sending',
  'sent',
  'delivered',
  'skipped',
  'failed',
  'unknown',
] as const;

export function jobKindKey(kind: string): `jobs.kind.${(typeof KINDS)[number]}` | 'common.unknown' {
  const known = KINDS.find((one) => one === kind);
  return known === undefined ? 'common.unknown' : `jobs.kind.${known}`;
}

export function jobStateKey(
  state: string,
): `jobs.state.${(typeof JOB_STATES)[number]}` | 'common.unknown' {
  const known = JOB_STATES.find((one) => one === state);
  return known === undefined ? 'common.unknown' : `jobs.state.${known}`;
}

/** What may be sent again: the rest is on its way, or has arrived. */
export function canReplay({ kind, state }: { readonly kind: string; readonly state: string }) {
  return state === 'failed' || state === 'unknown' || kind === 'event';
}
