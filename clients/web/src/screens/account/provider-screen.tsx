import { ApiProblem, answered } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { returnIn, takeWay } from './provider-way.ts';
import { useFinish } from './use-finish.tsx';

/** Where an outside provider sends people back to. What it says is read once, and taken off the address. */
export function ProviderScreen() {
  const say = useSay();
  const [came] = useState(() => ({ way: takeWay(), back: takeReturn() }));
  const { go, secondFactor } = useFinish(came.way?.next ?? undefined);
  const finish = useMutation({
    mutationFn: async () => {
      const { way, back } = came;
      if (way === null || back === null) {
        throw new ApiProblem({ kind: 'credentials', status: 401 });
      }
      const body = { ...back, browser: way.browser };
      await go(await answered(api.POST('/v1/auth/providers/finish', { body })));
    },
  });
  const { mutate, error } = finish;
  useEffect(() => mutate(), [mutate]);
  if (secondFactor !== null) {
    return secondFactor;
  }
  return (
    <section className="card card-narrow">
      <Heading title={say('provider.title')}>{say('provider.title')}</Heading>
      {error === null ? (
        <>
          <p>{say('signIn.signingIn')}</p>
          <Loading />
        </>
      ) : (
        <>
          <Why error={error} />
          <a className="button button-primary" href="/sign-in">
            {say('nav.signIn')}
          </a>
        </>
      )}
    </section>
  );
}

function Why({ error }: { readonly error: unknown }) {
  const say = useSay();
  const kind = error instanceof ApiProblem ? error.kind : '';
  if (kind === 'exists') {
    return <Notice kind="warning">{say('provider.exists')}</Notice>;
  }
  return kind === 'credentials' || kind === 'link' ? (
    <Notice kind="warning">{say('provider.refused')}</Notice>
  ) : (
    <ProblemNotice error={error} />
  );
}

function takeReturn() {
  const back = returnIn(location.search);
  history.replaceState(history.state, '', location.pathname);
  return back;
}
