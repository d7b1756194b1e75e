import { answered, done } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { type Money, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import { wayKey } from './money-words.ts';

const WAYS = ['cash', 'bank_transfer', 'voucher'] as const;

/** Money that the desk takes for a visit. One dialog is one payment, however often it is sent. */
export function DeskPayment({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const format = useFormat();
  const [isAsking, setAsking] = useState(false);
  const [taken, setTaken] = useState<Money | null>(null);
  return (
    <>
      <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
        {say('payments.desk')}
      </button>
      {taken !== null && (
        <Notice kind="good">{say('payments.taken', { amount: format.money(taken) })}</Notice>
      )}
      {isAsking && (
        <TakeDialog
          appointment={appointment}
          onClose={(amount) => {
            setAsking(false);
            setTaken(amount ?? taken);
          }}
        />
      )}
    </>
  );
}

function TakeDialog({
  appointment,
  onClose,
}: {
  readonly appointment: string;
  readonly onClose: (taken: Money | null) => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  const [keys] = useState(() => new Map<string, string>());
  const [method, setMethod] = useState<string>('cash');
  const [number, setNumber] = useState('');
  const take = useMutation({
    mutationFn: () => {
      const told = method === 'cash' ? '' : number.trim();
      const body = { method, ...(told === '' ? {} : { number: told }) };
      const wish = JSON.stringify(body);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id: appointment }, header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/appointments/{id}/desk-payments', { params, body }));
    },
    onSuccess: ({ amount }) => onClose(amount),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['payments'] });
      await client.invalidateQueries({ queryKey: ['appointments'] });
    },
  });
  return (
    <Dialog title={say('payments.deskTitle')} onClose={() => onClose(null)}>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          take.mutate();
        }}
      >
        <p>{say('payments.deskText')}</p>
        <SelectField
          label={say('pay.method')}
          options={WAYS.map((value) => ({ value, label: say(wayKey(value)) }))}
          value={method}
          onChange={setMethod}
        />
        {method !== 'cash' && (
          <TextField
            label={say('payments.number')}
            isOptional
            maxLength={40}
            pattern="[A-Za-z0-9\/\-]*"
            value={number}
            onChange={setNumber}
          />
        )}
        <ProblemNotice error={take.error} />
        <div className="actions">
          <button
            type="submit"
            className="button button-primary"
            aria-busy={take.isPending}
            disabled={take.isPending}
          >
            {say('payments.desk')}
          </button>
          <button type="button" className="button" onClick={() => onClose(null)}>
            {say('common.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Lets a patient off the fee of a visit that is off. */
export function WaiveFee({
  appointment,
  fee,
}: {
  readonly appointment: string;
  readonly fee: Money;
}) {
  const say = useSay();
  const format = useFormat();
  const waive = useMutation({
    mutationFn: () =>
      done(api.POST('/v1/appointments/{id}/waive-fee', { params: { path: { id: appointment } } })),
  });
  return waive.isSuccess ? (
    <Notice kind="good">{say('payments.waived')}</Notice>
  ) : (
    <>
      <button
        type="button"
        className="button button-quiet"
        aria-busy={waive.isPending}
        onClick={() => waive.mutate()}
      >
        {say('payments.waive', { fee: format.money(fee) })}
      </button>
      <ProblemNotice error={waive.error} />
    </>
  );
}
