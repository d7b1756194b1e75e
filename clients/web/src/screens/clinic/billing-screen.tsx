import type { Schemas } from '@bedside/core';
import { answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { bpsOf, percentOf } from './percent.ts';
import { StaffOnly } from './staff-only.tsx';

type Rules = Schemas['BillingView'];

/** The clinic's rules about money: who is paid, the tax, the practitioners' part. */
export function BillingScreen() {
  const say = useSay();
  const rules = useQuery({
    queryKey: ['billing'],
    queryFn: () => answered(api.GET('/v1/billing')),
  });
  return (
    <StaffOnly title={say('billing.title')} roles={['clinic_admin']}>
      {() => (
        <div className="narrow">
          <Heading title={say('billing.title')}>{say('billing.title')}</Heading>
          <p className="lead">{say('billing.lead')}</p>
          <Asked query={rules}>{(found) => <Form rules={found} />}</Asked>
        </div>
      )}
    </StaffOnly>
  );
}

function Form({ rules: { rev: read, ...rules } }: { readonly rules: Rules }) {
  const say = useSay();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  // What was read first: a change by somebody else meanwhile is refused, not written over.
  const [rev, setRev] = useState(read);
  const [body, setBody] = useState<Schemas['BillingBody']>(rules);
  const [rate, setRate] = useState(percentOf(rules.tax.rate_bps));
  const [share, setShare] = useState(percentOf(rules.practitioner_bps ?? 0));
  const [rateBps, shareBps] = [bpsOf(rate), bpsOf(share)];
  const save = useMutation({
    mutationFn: async (wanted: Schemas['BillingBody']) =>
      run(() =>
        answered(api.PUT('/v1/billing', { params: { header: ifMatch(rev) }, body: wanted })),
      ),
    onSuccess: (kept) => {
      setRev(kept.rev);
      client.setQueryData(['billing'], kept);
    },
  });
  const set = (change: Partial<Schemas['BillingBody']>): void => setBody({ ...body, ...change });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (rateBps !== null && shareBps !== null) {
      const tax = { ...body.tax, rate_bps: rateBps };
      save.mutate({ ...body, tax, practitioner_bps: shareBps });
    }
  };
  const exceptions = body.exceptions?.length ?? 0;
  return (
    <form className="card stack" onSubmit={submit}>
      <TextField
        label={say('billing.seller')}
        hint={say('billing.sellerHint')}
        required
        maxLength={200}
        value={body.seller}
        onChange={(seller) => set({ seller })}
      />
      <div className="columns">
        <TextField
          label={say('billing.taxNumber')}
          isOptional
          maxLength={60}
          value={body.tax_number ?? ''}
          onChange={(tax_number) => set({ tax_number })}
        />
        <TextField
          label={say('billing.prefix')}
          isOptional
          maxLength={20}
          value={body.prefix ?? ''}
          onChange={(prefix) => set({ prefix })}
        />
        <TextField
          label={say('billing.taxName')}
          maxLength={60}
          value={body.tax.name}
          onChange={(name) => set({ tax: { ...body.tax, name } })}
        />
        <TextField
          label={say('billing.taxRate')}
          inputMode="decimal"
          required
          error={rateBps === null ? say('billing.percent') : null}
          value={rate}
          onChange={setRate}
        />
      </div>
      <CheckField
        label={say('billing.included')}
        isOn={body.tax.is_included}
        onChange={(is_included) => set({ tax: { ...body.tax, is_included } })}
      />
      <TextField
        label={say('billing.share')}
        inputMode="decimal"
        required
        error={shareBps === null ? say('billing.percent') : null}
        value={share}
        onChange={setShare}
      />
      {exceptions > 0 && <p className="hint">{say('billing.exceptions', { count: exceptions })}</p>}
      <ProblemNotice error={save.error} />
      {save.isSuccess && <Notice kind="good">{say('common.saved')}</Notice>}
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          disabled={rateBps === null || shareBps === null}
          aria-busy={save.isPending}
        >
          {say('common.save')}
        </button>
      </div>
      {dialog}
    </form>
  );
}
