import type { PayerAct, Payment } from '@bedside/core';
import { answered, durationText } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { Icon } from '../../parts/icon.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { paymentsOfVisit } from './money-queries.ts';
import { wayKey } from './money-words.ts';

/** A payment that is not finished: what the payer does about it. No other can begin meanwhile. */
export function OpenPayment({
  payment,
  act,
}: {
  readonly payment: Payment;
  readonly act: PayerAct;
}) {
  const say = useSay();
  const client = useQueryClient();
  const keep = (answer: Payment): void => {
    client.setQueryData(paymentsOfVisit(payment.appointment).queryKey, (old) =>
      (old ?? []).map((one) => (one.id === answer.id ? answer : one)),
    );
    void client.invalidateQueries({ queryKey: ['appointment', payment.appointment] });
  };
  const look = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/payments/{id}/refresh', { params: { path: { id: payment.id } } })),
    onSuccess: keep,
  });
  const drop = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/payments/{id}/void', { params: { path: { id: payment.id } } })),
    onSuccess: keep,
  });
  // Whoever comes back from a provider's page, or reloads, sees what there is to do: a list does not tell it.
  const ask = look.mutate;
  useEffect(() => ask(), [ask]);
  const provider = say(wayKey(payment.method));
  return (
    <>
      {act.kind === 'telephone' ? (
        <Prompt leftMs={act.leftMs} />
      ) : (
        <p className="lead" role="status">
          {act.kind === 'go' ? say('pay.goText', { provider }) : say('pay.waiting')}
        </p>
      )}
      <ProblemNotice error={look.error ?? drop.error} />
      <div className="actions actions-sticky">
        {act.kind === 'go' && (
          <a className="button button-primary" href={act.address} rel="noreferrer">
            {say('pay.go', { provider })}
          </a>
        )}
        <button
          type="button"
          className={act.kind === 'go' ? 'button' : 'button button-primary'}
          aria-busy={look.isPending}
          onClick={() => look.mutate()}
        >
          {say('pay.look')}
        </button>
        {payment.method !== 'mpesa' && (
          <button
            type="button"
            className="button button-quiet"
            aria-busy={drop.isPending}
            onClick={() => drop.mutate()}
          >
            {say('pay.drop')}
          </button>
        )}
      </div>
    </>
  );
}

/** The countdown is seen each second and said once: what to do, and that it is over. */
function Prompt({ leftMs }: { readonly leftMs: number }) {
  const say = useSay();
  const isOver = leftMs === 0;
  return (
    <>
      <h2>{say('pay.prompted')}</h2>
      <p role="status">{say(isOver ? 'pay.promptOver' : 'pay.promptedText')}</p>
      {!isOver && (
        <p className="countdown" role="timer" data-testid="prompt-left">
          <Icon name="clock" />
          {say('pay.promptLeft', { time: durationText(leftMs) })}
        </p>
      )}
    </>
  );
}
