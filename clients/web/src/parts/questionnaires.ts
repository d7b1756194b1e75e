/** The clinic's questionnaires, and a patient's answers to them. */
import type { Answers, Questionnaire } from '@bedside/core';
import { answered, readAnswers, readQuestionnaire } from '@bedside/core';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../app/api.ts';

/** What is asked before visits of a type. A page may have fewer than there are: pages are read up to this many. */
const PAGES_MAX = 5;

export const questionnairesFor = (service: string) =>
  queryOptions({
    queryKey: ['questionnaires', 'for', service],
    queryFn: () => readActive(service),
    staleTime: 300_000,
  });

async function readActive(
  service: string,
  after?: string,
  pages = 1,
): Promise<readonly Questionnaire[]> {
  const wish = after === undefined ? {} : { after };
  const query = { status: 'active', service, limit: 200, ...wish };
  const { items, next } = await answered(api.GET('/v1/questionnaires', { params: { query } }));
  const found = items.map(readQuestionnaire);
  return next == null || pages === PAGES_MAX
    ? found
    : [...found, ...(await readActive(service, next, pages + 1))];
}

export const answersOf = (patient: string) =>
  queryOptions({
    queryKey: ['answers', patient],
    queryFn: async (): Promise<readonly Answers[]> => {
      const params = { path: { id: patient }, query: { kind: 'answers', limit: 200 } };
      const { items } = await answered(api.GET('/v1/patients/{id}/record', { params }));
      return items.map(readAnswers).filter((one) => one !== null);
    },
  });

export const questionnaireOf = (id: string) =>
  queryOptions({
    queryKey: ['questionnaires', 'one', id],
    queryFn: async () =>
      readQuestionnaire(
        await answered(api.GET('/v1/questionnaires/{id}', { params: { path: { id } } })),
      ),
    staleTime: 300_000,
  });
