import type { Schemas } from '@bedside/core';
import { ApiProblem, answered, scopeText } from '@bedside/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay, useTell } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { closeRequest, openRequest } from './consent-request.ts';
import { isProgramAddress } from './provider-way.ts';

/** Whether a program may act in a person's name. */
export function ConsentScreen() {
  const say = useSay();
  const [request] = useState(openRequest);
  return (
    <section className="card card-narrow">
      <Heading title={say('consent.title')}>{say('consent.title')}</Heading>
      {request === null ? (
        <ProblemNotice error={new ApiProblem({ kind: 'link', status: 410 })} />
      ) : (
        <SignedIn>{() => <Question request={request} />}</SignedIn>
      )}
    </section>
  );
}

function Question({ request }: { readonly request: string }) {
  const say = useSay();
  const params = { path: { request } };
  const question = useQuery({
    queryKey: ['consent', request],
    queryFn: () => answered(api.GET('/v1/oauth/requests/{request}', { params })),
    // An answer uses it up: what was asked stays in sight all the same.
    staleTime: Infinity,
  });
  const decide = useMutation({
    mutationFn: async (agreed: boolean) => {
      const { redirect_to: address } = await answered(
        api.POST('/v1/oauth/requests/{request}/decision', { params, body: { agreed } }),
      );
      if (!isProgramAddress(address)) {
        throw new ApiProblem({ kind: 'internal', status: 200 });
      }
      closeRequest();
      location.assign(address);
    },
  });
  if (question.error !== null) {
    return <Refused error={question.error} />;
  }
  if (question.data === undefined) {
    return <Loading />;
  }
  const { client_name: client, clinic_name: clinic, scopes } = question.data;
  return (
    <>
      <p className="lead">{say('consent.lead', { client, clinic })}</p>
      <ul className="consent-scopes">
        {scopes.map((one) => (
          <Wanted key={one.scope} scope={one} />
        ))}
      </ul>
      <p className="hint">{say('consent.trust')}</p>
      {decide.isSuccess && <Notice kind="plain">{say('consent.going')}</Notice>}
      {decide.error !== null && <Refused error={decide.error} />}
      <div className="actions actions-sticky">
        <button
          type="button"
          className="button button-primary"
          disabled={decide.isSuccess}
          aria-busy={decide.isPending}
          onClick={() => decide.mutate(true)}
        >
          {say('consent.agree')}
        </button>
        <button
          type="button"
          className="button"
          disabled={decide.isSuccess}
          aria-busy={decide.isPending}
          onClick={() => decide.mutate(false)}
        >
          {say('consent.refuse')}
        </button>
      </div>
    </>
  );
}

function Wanted({ scope }: { readonly scope: Schemas['ScopeView'] }) {
  const tell = useTell();
  const text = scopeText(scope.scope);
  return text === null ? <li lang="en">{scope.sentence}</li> : <li>{tell(text)}</li>;
}

/** Refusals in the words of RFC 6749 have no type of ours. */
function Refused({ error }: { readonly error: unknown }) {
  const say = useSay();
  const isOauth = error instanceof ApiProblem && error.kind === 'other';
  return isOauth ? (
    <Notice kind="warning">{say('consent.refused')}</Notice>
  ) : (
    <ProblemNotice error={error} />
  );
}
