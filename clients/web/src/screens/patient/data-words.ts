/** The sentences of words that the server may add to: what is not known yet is said to be so. */
const KINDS = ['export', 'erasure'] as const;
const STATES = ['requested', 'approved', 'refused', 'done'] as const;
const ROLES = [
  'practitioner',
  'receptionist',
  'clinic_admin',
  'platform_admin',
  'patient',
  'service',
] as const;

export function requestKindKey(
  kind: string,
): `data.kind.${(typeof KINDS)[number]}` | 'common.unknown' {
  const known = KINDS.find((one) => one === kind);
  return known === undefined ? 'common.unknown' : `data.kind.${known}`;
}

export function requestStateKey(
  state: string,
): `data.state.${(typeof STATES)[number]}` | 'common.unknown' {
  const known = STATES.find((one) => one === state);
  return known === undefined ? 'common.unknown' : `data.state.${known}`;
}

export function roleKey(role: string): `staff.role.${(typeof ROLES)[number]}` | 'common.unknown' {
  const known = ROLES.find((one) => one === role);
  return known === undefined ? 'common.unknown' : `staff.role.${known}`;
}
