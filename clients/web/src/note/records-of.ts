/** What is signed about a patient, page by page. Whoever reads it is written down, so it is asked for when it is wanted. */
import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../app/api.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | null;
}

/** More is on no screen of ours. */
const PAGES_MAX = 10;

async function all<T>(
  read: (after: string | undefined) => Promise<Page<T>>,
  after?: string,
  pages = 1,
): Promise<readonly T[]> {
  const { items, next } = await read(after);
  return next == null || pages === PAGES_MAX
    ? items
    : [...items, ...(await all(read, next, pages + 1))];
}

export const prescriptionsOf = (patient: string) =>
  queryOptions({
    queryKey: ['prescriptions', patient],
    queryFn: () =>
      all<Schemas['PrescriptionView']>((after) => {
        const query = { limit: 200, ...(after === undefined ? {} : { after }) };
        const params = { path: { id: patient }, query };
        return answered(api.GET('/v1/patients/{id}/prescriptions', { params }));
      }),
  });

export const notesOf = (patient: string) =>
  queryOptions({
    queryKey: ['notes', patient],
    queryFn: () =>
      all<Schemas['NoteView']>((after) => {
        const query = { limit: 200, ...(after === undefined ? {} : { after }) };
        const params = { path: { id: patient }, query };
        return answered(api.GET('/v1/patients/{id}/notes', { params }));
      }),
  });

export const appointmentOf = (appointment: string) =>
  queryOptions({
    queryKey: ['appointment', appointment],
    queryFn: () =>
      answered(api.GET('/v1/appointments/{id}', { params: { path: { id: appointment } } })),
  });

export const patientQuery = (patient: string) =>
  queryOptions({
    queryKey: ['patient', patient],
    queryFn: () => answered(api.GET('/v1/patients/{id}', { params: { path: { id: patient } } })),
    staleTime: 300_000,
  });
