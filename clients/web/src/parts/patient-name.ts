/** What a patient is called. Reading it is written down, so it is asked for where it is shown. */
import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../app/api.ts';

const KEPT_FOR_MS = 300_000;

export function usePatientName(id: string | null): string {
  const { data } = useQuery({
    queryKey: ['patient', id],
    queryFn: () => answered(api.GET('/v1/patients/{id}', { params: { path: { id: id ?? '' } } })),
    enabled: id !== null,
    staleTime: KEPT_FOR_MS,
  });
  return data === undefined ? '' : fullName(data.profile);
}

/** A profile comes as an open object. */
export function fullName(profile: object): string {
  const text = (name: string): string => {
    const value: unknown = Reflect.get(profile, name);
    return typeof value === 'string' ? value : '';
  };
  return `${text('given_name')} ${text('family_name')}`.trim();
}
