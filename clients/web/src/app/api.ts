/** The API of the server that this page comes from, and what of it is kept for a while. */
import { createApi, isPassing } from '@bedside/core';
import { QueryClient } from '@tanstack/react-query';

export const api = createApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() });

const FRESH_FOR_MS = 20_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_FOR_MS,
      // What the server refuses it refuses again; what is away may come back.
      retry: (count, error) => isPassing(error) && count < 3,
    },
  },
});
