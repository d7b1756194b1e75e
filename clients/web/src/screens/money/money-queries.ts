/** What the screens of money ask for. */
import { answered } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../app/api.ts';

const PAYMENTS_MAX = 200;

export const methodsQuery = queryOptions({
  queryKey: ['payment-methods'],
  queryFn: () => answered(api.GET('/v1/payment-methods')),
  staleTime: 300_000,
});

/** Of one visit, the newest first. */
export const paymentsOfVisit = (appointment: string) =>
  queryOptions({
    queryKey: ['payments', 'visit', appointment],
    queryFn: async () => {
      const query = { appointment, limit: 50 };
      return (await answered(api.GET('/v1/payments', { params: { query } }))).items;
    },
  });

/** Of one patient, the newest first. */
export const paymentsOfPatient = (patient: string) =>
  queryOptions({
    queryKey: ['payments', 'patient', patient],
    queryFn: async () => {
      const query = { patient, limit: PAYMENTS_MAX };
      return (await answered(api.GET('/v1/payments', { params: { query } }))).items;
    },
  });

export const visitQuery = (id: string) =>
  queryOptions({
    queryKey: ['appointment', id],
    queryFn: () => answered(api.GET('/v1/appointments/{id}', { params: { path: { id } } })),
  });
