/** What is known of documents. Listing and reading are written down. */
import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../app/api.ts';

/** What a document can be, as the `accept` of an input. */
export const DOCUMENT_TYPES =
  '.pdf,.jpg,.jpeg,.png,.webp,.heic,.txt,application/pdf,image/*,text/plain';

export type Document = Schemas['DocumentView'];

export const documentQuery = (id: string) =>
  queryOptions({
    queryKey: ['document', id],
    queryFn: () => answered(api.GET('/v1/documents/{id}', { params: { path: { id } } })),
  });

export const recordingsOf = (appointment: string) =>
  queryOptions({
    queryKey: ['recordings', appointment],
    queryFn: async () => {
      const params = { path: { id: appointment }, query: { limit: 200 } };
      return (await answered(api.GET('/v1/appointments/{id}/recordings', { params }))).items;
    },
  });

export const documentsOf = (patient: string) =>
  queryOptions({
    queryKey: ['documents', patient],
    queryFn: async () => {
      const params = { path: { id: patient }, query: { limit: 200 } };
      return (await answered(api.GET('/v1/patients/{id}/documents', { params }))).items;
    },
  });
