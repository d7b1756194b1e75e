import type { Payment } from '@bedside/core';
import { answered, minorOf, refundable } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { fractionDigits, useFormat } from '../../app/format.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { REFUND_REASONS, refundReasonKey } from './money-words.ts';

/** Money back, all that is left or less. One dialog is one wish: sent twice it goes back once. */
export function RefundDialog({
  payment,
  onClose,
}: {
  readonly payment: Payment;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const { currency } = payment.amount;
  const most = refundable(payment);
  const digits = fractionDigits(currency);
  const [keys] = useState(() => new Map<string, string>());
  const [text, setText] = useState(() => (most / 10 ** digits).toFixed(digits));
  const [reason, setReason] = useState<string>(REFUND_REASONS[0]);
  const minor = minorOf(text, digits, most);
  const refund = useMutation({
    mutationFn: (amount: number) => {
      const body = { amount_minor: amount, reason };
      const wish = JSON.stringify(body);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id: payment.id }, header: { 'Idempotency-Key': key } };
      return run(() => answered(api.POST('/v1/payments/{id}/refunds', { params, body })));
    },
    onSuccess: onClose,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['payments'] });
      await client.invalidateQueries({ queryKey: ['refunds', payment.id] });
    },
  });
  const amount = format.money({ minor: most, currency });
  return (
    <>
      <Dialog title={say('payments.refundTitle')} onClose={onClose}>
        <form
          className="stack"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            if (minor !== null) {
              refund.mutate(minor);
            }
          }}
        >
          <TextField
            label={say('payments.refundAmount', { currency })}
            hint={say('payments.refundHint', { amount })}
            error={minor === null ? say('payments.refundWrong', { amount }) : null}
            inputMode="decimal"
            required
            value={text}
            onChange={setText}
          />
          <SelectField
            label={say('payments.reason')}
            options={REFUND_REASONS.map((value) => ({
              value,
              label: say(refundReasonKey(value)),
            }))}
            value={reason}
            onChange={setReason}
          />
          <ProblemNotice error={refund.error} />
          <div className="actions">
            <button
              type="submit"
              className="button button-danger"
              aria-busy={refund.isPending}
              disabled={minor === null || refund.isPending}
            >
              {say('payments.refund')}
            </button>
            <button type="button" className="button" onClick={onClose}>
              {say('common.cancel')}
            </button>
          </div>
        </form>
      </Dialog>
      {dialog}
    </>
  );
}
