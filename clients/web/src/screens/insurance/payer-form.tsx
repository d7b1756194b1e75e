import type { Payer, Schemas } from '@bedside/core';
import { answered, ifMatch, minorOf } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { fractionDigits } from '../../app/format.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField, SelectField, TextField } from '../../parts/field.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { bpsOf, percentOf } from '../clinic/percent.ts';
import { WIRE_WORD } from './coverage-form.tsx';
import { payersQuery } from './insurance-queries.ts';

const KINDS = ['fixed', 'percent'] as const;
/** Far above any price; the server's own bound is the same. */
const AMOUNT_MAX = 1_000_000_000_000;

interface Fields {
  readonly name: string;
  readonly code: string;
  readonly number: string;
  readonly kind: 'fixed' | 'percent';
  readonly amount: string;
  readonly percent: string;
  readonly active: boolean;
  readonly street: string;
  readonly city: string;
  readonly region: string;
  readonly postal: string;
}

function fieldsOf(payer: Payer | null, digits: number): Fields {
  const share = payer?.share;
  const address = payer?.address;
  return {
    name: payer?.name ?? '',
    code: payer?.code ?? '',
    number: payer?.provider_number ?? '',
    kind: share?.kind ?? 'fixed',
    amount: share?.kind === 'fixed' ? (share.amount.minor / 10 ** digits).toFixed(digits) : '',
    percent: share?.kind === 'percent' ? percentOf(share.bps) : '',
    active: payer?.active ?? true,
    street: address?.street ?? '',
    city: address?.city ?? '',
    region: address?.region ?? '',
    postal: address?.postal_code ?? '',
  };
}

/** Null where an amount or a part is none. Nothing is an amount too: their patients pay nothing. */
function shareOf(fields: Fields, currency: string): Schemas['PatientShareBody'] | null {
  if (fields.kind === 'percent') {
    const bps = bpsOf(fields.percent);
    return bps === null ? null : { kind: 'percent', bps };
  }
  const isNothing = /^0+([.,]0+)?$/.test(fields.amount.trim());
  const minor = isNothing ? 0 : minorOf(fields.amount, fractionDigits(currency), AMOUNT_MAX);
  return minor === null ? null : { kind: 'fixed', amount: { minor, currency } };
}

/** An insurer: what it is called, what it calls the clinic, what its patients pay. */
export function PayerForm({
  payer,
  currency: usual,
  onClose,
}: {
  readonly payer: Payer | null;
  /** Of a new one. */
  readonly currency: string;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const currency = payer?.share.kind === 'fixed' ? payer.share.amount.currency : usual;
  const [key] = useState(() => crypto.randomUUID());
  const [fields, setFields] = useState(() => fieldsOf(payer, fractionDigits(currency)));
  const set = (change: Partial<Fields>): void => setFields({ ...fields, ...change });
  const share = shareOf(fields, currency);
  const save = useMutation({
    mutationFn: (wanted: Schemas['PatientShareBody']) => {
      const body = bodyOf(fields, wanted);
      if (payer === null) {
        const params = { header: { 'Idempotency-Key': key } };
        return run(() => answered(api.POST('/v1/payers', { params, body })));
      }
      const params = { path: { id: payer.id }, header: ifMatch(payer.rev) };
      return run(() => answered(api.PUT('/v1/payers/{id}', { params, body })));
    },
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: payersQuery.queryKey }),
  });
  return (
    <>
      <Dialog title={payer?.name ?? say('payers.add')} onClose={onClose}>
        <form
          className="stack"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            if (share !== null) {
              save.mutate(share);
            }
          }}
        >
          <TextField
            label={say('payers.name')}
            required
            maxLength={60}
            value={fields.name}
            onChange={(name) => set({ name })}
          />
          <div className="columns">
            <TextField
              label={say('payers.code')}
              hint={say('payers.wordHint')}
              required
              pattern={WIRE_WORD}
              maxLength={30}
              value={fields.code}
              onChange={(code) => set({ code })}
            />
            <TextField
              label={say('payers.number')}
              hint={say('payers.wordHint')}
              required
              pattern={WIRE_WORD}
              maxLength={30}
              value={fields.number}
              onChange={(number) => set({ number })}
            />
          </div>
          <Share fields={fields} set={set} currency={currency} isWrong={share === null} />
          <Address fields={fields} set={set} />
          <CheckField
            label={say('payers.active')}
            isOn={fields.active}
            onChange={(active) => set({ active })}
          />
          <ProblemNotice error={save.error} />
          <div className="actions">
            <button
              type="submit"
              className="button button-primary"
              aria-busy={save.isPending}
              disabled={share === null || save.isPending}
            >
              {say('common.save')}
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

function bodyOf(fields: Fields, share: Schemas['PatientShareBody']): Schemas['PayerBody'] {
  const address = {
    street: fields.street.trim(),
    city: fields.city.trim(),
    region: fields.region.trim(),
    postal_code: fields.postal.trim(),
  };
  const hasAddress = Object.values(address).some((part) => part !== '');
  return {
    name: fields.name.trim(),
    code: fields.code.trim(),
    provider_number: fields.number.trim(),
    active: fields.active,
    share,
    ...(hasAddress ? { address } : {}),
  };
}

interface Part {
  readonly fields: Fields;
  readonly set: (change: Partial<Fields>) => void;
}

function Share({
  fields,
  set,
  currency,
  isWrong,
}: Part & { readonly currency: string; readonly isWrong: boolean }) {
  const say = useSay();
  return (
    <div className="columns">
      <SelectField
        label={say('payers.share')}
        options={KINDS.map((value) => ({ value, label: say(`payers.kind.${value}`) }))}
        value={fields.kind}
        onChange={(kind) => set({ kind: kind === 'percent' ? 'percent' : 'fixed' })}
      />
      {fields.kind === 'fixed' ? (
        <TextField
          label={say('payers.amount', { currency })}
          inputMode="decimal"
          required
          error={isWrong && fields.amount !== '' ? say('payers.wrongAmount') : null}
          value={fields.amount}
          onChange={(amount) => set({ amount })}
        />
      ) : (
        <TextField
          label={say('payers.percent')}
          inputMode="decimal"
          required
          error={isWrong && fields.percent !== '' ? say('payers.wrongPercent') : null}
          value={fields.percent}
          onChange={(percent) => set({ percent })}
        />
      )}
    </div>
  );
}

function Address({ fields, set }: Part) {
  const say = useSay();
  const isWanted = `${fields.street}${fields.city}${fields.region}${fields.postal}` !== '';
  return (
    <fieldset className="stack">
      <legend>{say('payers.address')}</legend>
      <p className="hint">{say('payers.addressHint')}</p>
      <div className="columns">
        <TextField
          label={say('payers.street')}
          required={isWanted}
          maxLength={55}
          value={fields.street}
          onChange={(street) => set({ street })}
        />
        <TextField
          label={say('payers.city')}
          required={isWanted}
          maxLength={30}
          value={fields.city}
          onChange={(city) => set({ city })}
        />
        <TextField
          label={say('payers.region')}
          isOptional
          maxLength={30}
          value={fields.region}
          onChange={(region) => set({ region })}
        />
        <TextField
          label={say('payers.postal')}
          isOptional
          maxLength={15}
          value={fields.postal}
          onChange={(postal) => set({ postal })}
        />
      </div>
    </fieldset>
  );
}
