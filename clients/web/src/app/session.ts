/** Who is signed in, and what they are in the clinic that they act in. */
import type { Schemas } from '@bedside/core';
import { ApiProblem, answered, done } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api, queries } from './api.ts';
import { dropAll } from './unsaved.ts';

export type Me = Schemas['MeView'];

const ME = ['me'] as const;

export interface Session {
  /** Undefined until it is known; null for nobody. */
  readonly me: Me | null | undefined;
  readonly error: unknown;
}

export function useSession(): Session {
  const { data, error } = useQuery({ queryKey: ME, queryFn: readMe, staleTime: 60_000 });
  return { me: data, error };
}

async function readMe(): Promise<Me | null> {
  try {
    return await answered(api.GET('/v1/me'));
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) {
      return null;
    }
    throw error;
  }
}

/** After signing in: a session of somebody with one clinic acts in it at once. */
export async function beginSession(clinicId: string | null | undefined): Promise<Me | null> {
  let me = await queries.fetchQuery({ queryKey: ME, queryFn: readMe, staleTime: 0 });
  const clinic = me?.memberships.find((membership) => membership.clinic_id != null)?.clinic_id;
  if (me !== null && clinicId == null && me.clinic_id == null && clinic != null) {
    await answered(api.POST('/v1/auth/clinic', { body: { clinic_id: clinic } }));
    me = await queries.fetchQuery({ queryKey: ME, queryFn: readMe, staleTime: 0 });
  }
  return me;
}

export async function endSession(): Promise<void> {
  await done(api.POST('/v1/auth/logout'));
  dropAll();
  queries.clear();
  queries.setQueryData(ME, null);
}

export type ClinicRole = 'patient' | 'practitioner' | 'receptionist' | 'clinic_admin';

function membershipsHere(me: Me): readonly Schemas['MembershipView'][] {
  return me.memberships.filter(({ clinic_id }) => clinic_id == null || clinic_id === me.clinic_id);
}

export function hasRole(me: Me, ...roles: readonly (ClinicRole | 'platform_admin')[]): boolean {
  return membershipsHere(me).some(({ role }) => roles.some((wanted) => wanted === role));
}

export function isStaff(me: Me): boolean {
  return hasRole(me, 'practitioner', 'receptionist', 'clinic_admin');
}

export function patientOf(me: Me): string | null {
  const own = membershipsHere(me).find(({ patient_id }) => patient_id != null);
  return own?.patient_id ?? null;
}

export function practitionerOf(me: Me): string | null {
  const own = membershipsHere(me).find(({ practitioner_id }) => practitioner_id != null);
  return own?.practitioner_id ?? null;
}

/** Where somebody starts their day. */
export function homeOf(me: Me): '/today' | '/appointments' {
  return isStaff(me) ? '/today' : '/appointments';
}
