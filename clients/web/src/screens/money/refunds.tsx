import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { refundReasonKey, refundStateKey } from './money-words.ts';

const ENDS = ['succeeded', 'failed', 'waived'] as const;

/** What of a payment went back; where a person has to say what became of it, they say it here. */
export function Refunds({
  payment,
  mayResolve,
}: {
  readonly payment: string;
  readonly mayResolve: boolean;
}) {
  const say = useSay();
  const refunds = useQuery({
    queryKey: ['refunds', payment],
    queryFn: () =>
      answered(api.GET('/v1/payments/{id}/refunds', { params: { path: { id: payment } } })),
  });
  return (
    <Asked query={refunds}>
      {({ items }) =>
        items.length === 0 ? null : (
          <section className="stack" aria-label={say('payments.refunds')}>
            <h3>{say('payments.refunds')}</h3>
            <ul className="rows">
              {items.map((refund) => (
                <Refund key={refund.id} refund={refund} mayResolve={mayResolve} />
              ))}
            </ul>
          </section>
        )
      }
    </Asked>
  );
}

function Refund({
  refund,
  mayResolve,
}: {
  readonly refund: Schemas['RefundView'];
  readonly mayResolve: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const resolve = useMutation({
    mutationFn: (state: (typeof ENDS)[number]) => {
      const params = { path: { id: refund.id } };
      return run(() => answered(api.POST('/v1/refunds/{id}/resolve', { params, body: { state } })));
    },
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['refunds', refund.payment] });
      await client.invalidateQueries({ queryKey: ['payments'] });
    },
  });
  return (
    <li className="row">
      <span className="row-main">
        <strong>{format.money(refund.amount)}</strong>
        <span className="hint">
          {format.moment(refund.created_at)} · {say(refundReasonKey(refund.why))}
        </span>
        <span>{say(refundStateKey(refund.state))}</span>
      </span>
      {mayResolve && refund.state === 'manual' && (
        <span className="actions">
          {ENDS.map((end) => (
            <button
              key={end}
              type="button"
              className="button button-quiet"
              aria-busy={resolve.isPending}
              onClick={() => resolve.mutate(end)}
            >
              {say(`payments.resolve.${end}`)}
            </button>
          ))}
        </span>
      )}
      <ProblemNotice error={resolve.error} />
      {dialog}
    </li>
  );
}
