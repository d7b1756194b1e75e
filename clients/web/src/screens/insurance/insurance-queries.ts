/** What is asked about insurance. Whoever reads it is written down. */
import { answered } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../app/api.ts';

/** Insurers of a clinic are few; a patient has at most twenty coverages. */
const ALL = 200;

export const payersQuery = queryOptions({
  queryKey: ['payers'],
  queryFn: async () => {
    const query = { limit: ALL };
    return (await answered(api.GET('/v1/payers', { params: { query } }))).items;
  },
});

/** Newest first. */
export const coveragesOf = (patient: string) =>
  queryOptions({
    queryKey: ['coverages', patient],
    queryFn: async () => {
      const query = { patient, limit: ALL };
      return (await answered(api.GET('/v1/coverages', { params: { query } }))).items;
    },
  });

export const claimQuery = (id: string) =>
  queryOptions({
    queryKey: ['claims', 'one', id],
    queryFn: () => answered(api.GET('/v1/insurance-claims/{id}', { params: { path: { id } } })),
  });

/** The newest of a patient's. */
export const claimsOfPatient = (patient: string) =>
  queryOptions({
    queryKey: ['claims', 'patient', patient],
    queryFn: async () => {
      const query = { patient, limit: ALL };
      return (await answered(api.GET('/v1/insurance-claims', { params: { query } }))).items;
    },
  });

/** Null while the visit has none. */
export const claimOfVisit = (appointment: string) =>
  queryOptions({
    queryKey: ['claims', 'visit', appointment],
    queryFn: async () => {
      const query = { appointment };
      const found = await answered(api.GET('/v1/insurance-claims', { params: { query } }));
      return found.items[0] ?? null;
    },
  });
