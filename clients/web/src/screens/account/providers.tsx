import { ApiProblem, answered } from '@bedside/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { isWebAddress, keepWay } from './provider-way.ts';

/** Clinics whose providers are asked for: more buttons than these nobody reads. */
const CLINICS_MAX = 5;

/** A button for each outside provider of this installation's clinics; nothing where there is none. */
export function Providers({
  label,
  next,
  title,
}: {
  readonly label: 'signIn.with' | 'account.connect';
  /** Where to go afterwards. */
  readonly next: string | undefined;
  readonly title?: 'account.providers';
}) {
  const say = useSay();
  const { data: providers = [] } = useQuery({
    queryKey: ['identity-providers'],
    queryFn: readProviders,
    staleTime: 300_000,
  });
  const start = useMutation({
    mutationFn: async (id: string) => {
      const sent = await answered(
        api.POST('/v1/auth/providers/{id}/start', { params: { path: { id } } }),
      );
      if (!isWebAddress(sent.redirect_to)) {
        throw new ApiProblem({ kind: 'internal', status: 200 });
      }
      keepWay({ browser: sent.browser, next: next ?? null });
      location.assign(sent.redirect_to);
    },
  });
  if (providers.length === 0) {
    return null;
  }
  const buttons = (
    <>
      {providers.map(({ id, name }) => (
        <button
          key={id}
          type="button"
          className="button button-wide"
          aria-busy={start.isPending}
          onClick={() => start.mutate(id)}
        >
          {say(label, { name })}
        </button>
      ))}
      <ProblemNotice error={start.error} />
    </>
  );
  return title === undefined ? (
    buttons
  ) : (
    <section className="card" aria-labelledby="providers">
      <h2 id="providers">{say(title)}</h2>
      <div className="stack">{buttons}</div>
    </section>
  );
}

async function readProviders() {
  const clinics = await answered(
    api.GET('/v1/clinics', { params: { query: { limit: CLINICS_MAX } } }),
  );
  const all = await Promise.all(
    clinics.items.map(({ id }) =>
      answered(api.GET('/v1/clinics/{id}/identity-providers', { params: { path: { id } } })),
    ),
  );
  return all.flatMap(({ items }) => items);
}
