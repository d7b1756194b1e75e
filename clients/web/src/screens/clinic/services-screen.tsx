import type { Schemas } from '@bedside/core';
import { answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField, SelectField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { type Service, servicesQuery } from '../booking/directory.ts';
import { StaffOnly } from './staff-only.tsx';

type Terms = Schemas['ServiceBody'];

const MODES = ['video', 'audio', 'in_person'] as const;

const NEW: Terms = {
  name: '',
  active: true,
  mode: 'video',
  duration_min: 30,
  price: { minor: 0, currency: 'EUR' },
  pay: 'pay_after',
  minimum_notice_min: 60,
  horizon_days: 60,
  needs_approval: false,
  cancel: { free_until_min: 24 * 60, late_fee_minor: 0, patient_may_cancel_late: true },
  practitioners: [],
};

export function ServicesScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('services.title')} roles={['clinic_admin']}>
      {(_me, clinic) => <Services clinic={clinic} />}
    </StaffOnly>
  );
}

function Services({ clinic }: { readonly clinic: string }) {
  const say = useSay();
  const format = useFormat();
  const [editing, setEditing] = useState<Service | 'new' | null>(null);
  const services = useQuery(servicesQuery(clinic));
  return (
    <>
      <div className="title-row">
        <Heading title={say('services.title')}>{say('services.title')}</Heading>
        <button type="button" className="button button-primary" onClick={() => setEditing('new')}>
          {say('services.add')}
        </button>
      </div>
      <Asked query={services}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{say('services.none')}</p>
          ) : (
            <ul className="visits">
              {items.map((service) => (
                <li key={service.id} className="card row">
                  <span className="row-main">
                    <strong>{service.name}</strong>
                    <span className="hint">
                      {say('common.minutes', { count: service.duration_min })} ·{' '}
                      {format.money(service.price)}
                      {service.active === false && ` · ${say('services.inactive')}`}
                    </span>
                  </span>
                  <button
                    type="button"
                    className="button button-quiet"
                    onClick={() => setEditing(service)}
                  >
                    {say('common.edit')}
                    <span className="visually-hidden"> {service.name}</span>
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Asked>
      {editing !== null && (
        <Editor
          clinic={clinic}
          service={editing === 'new' ? null : editing}
          currency={services.data?.items[0]?.price.currency ?? 'EUR'}
          onClose={() => setEditing(null)}
        />
      )}
    </>
  );
}

function Editor({
  clinic,
  service,
  currency,
  onClose,
}: {
  readonly clinic: string;
  readonly service: Service | null;
  readonly currency: string;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  const [terms, setTerms] = useState<Terms>(() =>
    service === null ? { ...NEW, price: { minor: 0, currency } } : termsOf(service),
  );
  const people = useQuery({
    queryKey: ['practitioners', { clinic }],
    queryFn: () => answered(api.GET('/v1/practitioners', { params: { query: { clinic } } })),
  });
  const save = useMutation({
    mutationFn: () =>
      service === null
        ? answered(api.POST('/v1/services', { body: terms }))
        : answered(
            api.PUT('/v1/services/{id}', {
              params: { path: { id: service.id }, header: ifMatch(service.rev) },
              body: terms,
            }),
          ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['services'] });
      onClose();
    },
  });
  const set = (change: Partial<Terms>): void => setTerms({ ...terms, ...change });
  const digits =
    new Intl.NumberFormat('en', {
      style: 'currency',
      currency: terms.price.currency,
    }).resolvedOptions().maximumFractionDigits ?? 2;
  const minor = (text: string): number => Math.max(0, Math.round(Number(text) * 10 ** digits) || 0);
  return (
    <Dialog title={service?.name ?? say('services.add')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField
          label={say('services.name')}
          required
          maxLength={100}
          value={terms.name}
          onChange={(name) => set({ name })}
        />
        <SelectField
          label={say('services.mode')}
          options={MODES.map((value) => ({ value, label: say(`services.mode.${value}`) }))}
          value={terms.mode}
          onChange={(mode) => set({ mode })}
        />
        <div className="columns">
          <TextField
            label={say('services.duration')}
            type="number"
            min={5}
            max={480}
            required
            value={String(terms.duration_min)}
            onChange={(text) => set({ duration_min: whole(text) })}
          />
          <TextField
            label={`${say('services.price')} (${terms.price.currency})`}
            type="number"
            min={0}
            step="any"
            required
            value={String(terms.price.minor / 10 ** digits)}
            onChange={(text) => set({ price: { ...terms.price, minor: minor(text) } })}
          />
          <TextField
            label={say('services.notice')}
            type="number"
            min={0}
            value={String(terms.minimum_notice_min ?? 0)}
            onChange={(text) => set({ minimum_notice_min: whole(text) })}
          />
          <TextField
            label={say('services.freeUntil')}
            type="number"
            min={0}
            value={String(terms.cancel.free_until_min)}
            onChange={(text) => set({ cancel: { ...terms.cancel, free_until_min: whole(text) } })}
          />
        </div>
        <CheckField
          label={say('services.active')}
          isOn={terms.active !== false}
          onChange={(active) => set({ active })}
        />
        <CheckField
          label={say('services.approval')}
          isOn={terms.needs_approval === true}
          onChange={(needs_approval) => set({ needs_approval })}
        />
        <fieldset className="checks">
          <legend>{say('services.who')}</legend>
          {(people.data?.items ?? []).map((one) => (
            <CheckField
              key={one.id}
              label={one.display_name}
              isOn={terms.practitioners.includes(one.id)}
              onChange={(isOn) =>
                set({
                  practitioners: isOn
                    ? [...terms.practitioners, one.id]
                    : terms.practitioners.filter((id) => id !== one.id),
                })
              }
            />
          ))}
        </fieldset>
        <ProblemNotice error={save.error} />
        <div className="actions actions-sticky">
          <button type="submit" className="button button-primary" aria-busy={save.isPending}>
            {say('common.save')}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function whole(text: string): number {
  return Math.max(0, Math.round(Number(text)) || 0);
}

/** What may be changed of a service: all but what names it. */
function termsOf({ id: _id, rev: _rev, ...terms }: Service): Terms {
  return terms;
}
