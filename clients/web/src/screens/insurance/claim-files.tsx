import type { InsuranceClaim } from '@bedside/core';
import { done } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { keepFile } from '../../parts/keep-file.ts';
import { ProblemNotice } from '../../parts/notice.tsx';

type Form = 'x12' | 'fhir';

/** The claim as a file, fetched first: a refusal says what is missing and is no file. */
export function ClaimFiles({ claim }: { readonly claim: InsuranceClaim }) {
  const say = useSay();
  const read = useMutation({
    mutationFn: async (form: Form) => ({ form, bytes: await bytesOf(claim.id, form) }),
    onSuccess: ({ form, bytes }) => keepFile(bytes, `${claim.control}${ENDINGS[form]}`),
  });
  return (
    <section className="card" aria-labelledby="files">
      <h2 id="files">{say('claims.files')}</h2>
      <div className="actions">
        {(['x12', 'fhir'] as const).map((form) => (
          <button
            key={form}
            type="button"
            className="button"
            aria-busy={read.isPending}
            onClick={() => read.mutate(form)}
          >
            {say(`claims.${form}`)}
          </button>
        ))}
      </div>
      <ProblemNotice error={read.error} />
    </section>
  );
}

const ENDINGS: Readonly<Record<Form, string>> = { x12: '.837', fhir: '.fhir.json' };

async function bytesOf(id: string, form: Form): Promise<Blob> {
  const wish = { params: { path: { id } }, parseAs: 'blob' } as const;
  const { data, error, response } =
    form === 'x12'
      ? await api.GET('/v1/insurance-claims/{id}/x12', wish)
      : await api.GET('/v1/insurance-claims/{id}/fhir', wish);
  await done(Promise.resolve({ error, response }));
  return data ?? new Blob();
}
