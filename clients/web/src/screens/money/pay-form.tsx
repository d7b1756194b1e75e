import type { PaymentMethod } from '@bedside/core';
import { answered } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { type Money, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { paymentsOfVisit } from './money-queries.ts';
import { wayKey } from './money-words.ts';

/**
 * Chooses a way, and begins. Pressed again after an answer was lost it is the same payment: the key stays for as long as
 * the wish does.
 */
export function PayForm({
  appointment,
  amount,
  methods,
}: {
  readonly appointment: string;
  readonly amount: Money;
  readonly methods: readonly PaymentMethod[];
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const [method, setMethod] = useState(methods[0] ?? 'mpesa');
  const [telephone, setTelephone] = useState('');
  const [keys] = useState(() => new Map<string, string>());
  const start = useMutation({
    mutationFn: () => {
      const body = { method, ...(method === 'mpesa' ? { telephone: telephone.trim() } : {}) };
      const wish = JSON.stringify(body);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id: appointment }, header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/appointments/{id}/payments', { params, body }));
    },
    onSuccess: (payment) => {
      client.setQueryData(paymentsOfVisit(appointment).queryKey, (old) => [
        payment,
        ...(old ?? []).filter(({ id }) => id !== payment.id),
      ]);
    },
    // Refused because one is open already, or begun although its answer was lost: the list tells.
    onError: () => client.invalidateQueries({ queryKey: paymentsOfVisit(appointment).queryKey }),
  });
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <p>
        {say('pay.amount')}: <strong>{format.money(amount)}</strong>
      </p>
      {methods.length > 1 && (
        <fieldset className="checks">
          <legend>{say('pay.method')}</legend>
          {methods.map((one) => (
            <label key={one} className="choice">
              <input
                type="radio"
                name="method"
                checked={one === method}
                onChange={() => setMethod(one)}
              />
              {say(wayKey(one))}
            </label>
          ))}
        </fieldset>
      )}
      {method === 'mpesa' && (
        <TextField
          label={say('pay.telephone')}
          hint={say('pay.telephoneHint')}
          type="tel"
          autoComplete="tel"
          required
          maxLength={20}
          value={telephone}
          onChange={setTelephone}
        />
      )}
      <ProblemNotice error={start.error} />
      <div className="actions actions-sticky">
        <button type="submit" className="button button-primary" aria-busy={start.isPending}>
          {say('pay.start', { amount: format.money(amount) })}
        </button>
      </div>
    </form>
  );
}
