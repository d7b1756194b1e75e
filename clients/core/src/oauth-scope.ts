/** What a program asks for, as a sentence: the words of OAuth and of SMART's clinical scopes (SMART App Launch 2 §3.1). */
import type { Text } from './text/say.ts';
import { textOf } from './text/say.ts';

const PLAIN = {
  openid: 'consent.scope.openid',
  profile: 'consent.scope.profile',
  email: 'consent.scope.email',
  offline_access: 'consent.scope.offline_access',
  'appointments:read': 'consent.scope.appointments-read',
  'appointments:write': 'consent.scope.appointments-write',
  'people:read': 'consent.scope.people-read',
  'people:write': 'consent.scope.people-write',
  rooms: 'consent.scope.rooms',
  webhooks: 'consent.scope.webhooks',
  fhirUser: 'consent.scope.fhirUser',
  'launch/patient': 'consent.scope.launch-patient',
} as const;

const WHOSE = {
  patient: 'consent.of.patient',
  user: 'consent.of.user',
  system: 'consent.of.system',
} as const;

/** `null` for a scope that has no sentence of its own: the server's English one is shown then. */
export function scopeText(scope: string): Text | null {
  const plain = entryOf(PLAIN, scope);
  if (plain !== null) {
    return textOf(plain);
  }
  const [, level = '', resource = '', letters = ''] =
    /^(\w+)\/(\*|[A-Za-z]+)\.(\*|[a-z]+)$/.exec(scope) ?? [];
  const whose = entryOf(WHOSE, level);
  if (whose === null) {
    return null;
  }
  const may = { read: 'rs', write: 'cud', '*': 'cruds' }[letters] ?? letters;
  const reads = /[rs]/.test(may);
  const key = /[cud]/.test(may) ? (reads ? 'consent.both' : 'consent.changes') : 'consent.sees';
  const what = resource === '*' ? textOf('consent.whole') : resource;
  return textOf(key, { what, whose: textOf(whose) });
}

function entryOf<T extends object>(table: T, name: string): T[keyof T] | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- asked for just before
  return Object.hasOwn(table, name) ? table[name as keyof T] : null;
}
