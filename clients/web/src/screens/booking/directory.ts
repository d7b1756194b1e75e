/** What the screens of booking ask the directory for. */
import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../app/api.ts';

export type Found = Schemas['FoundPractitionerView'];
export type Service = Schemas['ServiceView'];

export const clinicsQuery = queryOptions({
  queryKey: ['clinics'],
  queryFn: () => answered(api.GET('/v1/clinics')),
});

export const servicesQuery = (clinic: string) =>
  queryOptions({
    queryKey: ['services', clinic],
    queryFn: () => answered(api.GET('/v1/services', { params: { query: { clinic } } })),
    enabled: clinic !== '',
  });

export const practitionerQuery = (id: string) =>
  queryOptions({
    queryKey: ['practitioner', id],
    queryFn: () => answered(api.GET('/v1/practitioners/{id}', { params: { path: { id } } })),
    staleTime: 300_000,
  });

export const serviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['service', id],
    queryFn: () => answered(api.GET('/v1/services/{id}', { params: { path: { id } } })),
    staleTime: 300_000,
    enabled: id !== '',
  });

/** Names of public cards come as an open object. */
export function nameOf(profile: object): string {
  const name: unknown = Reflect.get(profile, 'display_name');
  return typeof name === 'string' ? name : '';
}

export function listOf(profile: object, field: 'specialties' | 'languages'): string[] {
  const list: unknown = Reflect.get(profile, field);
  return Array.isArray(list) ? list.map(String) : [];
}
