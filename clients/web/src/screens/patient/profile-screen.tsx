import type { Schemas } from '@bedside/core';
import { answered, ifMatch, LANGUAGES } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Link } from '../../app/navigation.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { type Coverage, fieldsOf, profileOf } from './profile-fields.ts';

const GENDERS = ['female', 'male', 'other', 'unknown'] as const;

export function ProfileScreen() {
  const say = useSay();
  return (
    <SignedIn>
      {(me) => {
        const id = patientOf(me);
        return (
          <div className="narrow">
            <Heading title={say('profile.title')}>{say('profile.title')}</Heading>
            <p className="lead">{say('profile.lead')}</p>
            <div className="actions">
              <Link to="/notifications" className="button button-quiet">
                {say('notify.title')}
              </Link>
              <Link to="/my-data" className="button button-quiet">
                {say('data.title')}
              </Link>
            </div>
            {id === null ? (
              <Notice kind="plain">{say('profile.noProfile')}</Notice>
            ) : (
              <Profile id={id} />
            )}
          </div>
        );
      }}
    </SignedIn>
  );
}

function Profile({ id }: { readonly id: string }) {
  const patient = useQuery({
    queryKey: ['patient', id],
    queryFn: () => answered(api.GET('/v1/patients/{id}', { params: { path: { id } } })),
    // Written on a form: another reading must not overwrite what is being typed.
    staleTime: Infinity,
  });
  return <Asked query={patient}>{(data) => <ProfileForm key={data.rev} patient={data} />}</Asked>;
}

function ProfileForm({ patient }: { readonly patient: Schemas['PatientView'] }) {
  const say = useSay();
  const client = useQueryClient();
  const [fields, setFields] = useState(() => fieldsOf(patient.profile));
  const save = useMutation({
    mutationFn: () =>
      answered(
        api.PUT('/v1/patients/{id}', {
          params: { path: { id: patient.id }, header: ifMatch(patient.rev) },
          body: asBody(profileOf(patient.profile, fields)),
        }),
      ),
    onSuccess: (saved) => client.setQueryData(['patient', patient.id], saved),
  });
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className="columns">
        <TextField
          label={say('register.given')}
          autoComplete="given-name"
          required
          value={fields.given_name}
          onChange={(given_name) => set({ given_name })}
        />
        <TextField
          label={say('register.family')}
          autoComplete="family-name"
          value={fields.family_name}
          onChange={(family_name) => set({ family_name })}
        />
        <TextField
          label={say('profile.preferred')}
          isOptional
          value={fields.preferred_name}
          onChange={(preferred_name) => set({ preferred_name })}
        />
        <TextField
          label={say('profile.birth')}
          type="date"
          autoComplete="bday"
          isOptional
          value={fields.birth_date}
          onChange={(birth_date) => set({ birth_date })}
        />
        <SelectField
          label={say('profile.gender')}
          options={GENDERS.map((value) => ({ value, label: say(`profile.gender.${value}`) }))}
          value={fields.gender}
          onChange={(gender) => set({ gender })}
        />
        <TextField
          label={say('profile.phone')}
          hint={say('profile.phoneHint')}
          type="tel"
          autoComplete="tel"
          isOptional
          value={fields.phone}
          onChange={(phone) => set({ phone })}
        />
        <SelectField
          label={say('profile.language')}
          options={LANGUAGES.map(({ tag, name }) => ({ value: tag, label: name }))}
          value={fields.language}
          onChange={(language) => set({ language })}
        />
        <SelectField
          label={say('profile.zone')}
          options={zones(fields.time_zone)}
          value={fields.time_zone}
          onChange={(time_zone) => set({ time_zone })}
        />
      </div>
      <Insurances coverages={fields.coverages} onChange={(coverages) => set({ coverages })} />
      <ProblemNotice error={save.error} />
      {save.isSuccess && <Notice kind="good">{say('common.saved')}</Notice>}
      <div className="actions actions-sticky">
        <button type="submit" className="button button-primary" aria-busy={save.isPending}>
          {say('common.save')}
        </button>
      </div>
    </form>
  );
}

function Insurances({
  coverages,
  onChange,
}: {
  readonly coverages: readonly Coverage[];
  readonly onChange: (coverages: readonly Coverage[]) => void;
}) {
  const say = useSay();
  const replace = (index: number, change: Partial<Coverage>): void =>
    onChange(coverages.map((one, at) => (at === index ? { ...one, ...change } : one)));
  return (
    <fieldset className="stack">
      <legend>{say('profile.insurance')}</legend>
      {coverages.map((coverage, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- an insurance has no name of its own while it is typed
        <div className="columns" key={index}>
          <TextField
            label={say('profile.payer')}
            value={coverage.payer}
            onChange={(payer) => replace(index, { payer })}
          />
          <TextField
            label={say('profile.member')}
            value={coverage.member_id}
            onChange={(member_id) => replace(index, { member_id })}
          />
        </div>
      ))}
      <button
        type="button"
        className="button button-quiet"
        onClick={() => onChange([...coverages, { payer: '', member_id: '' }])}
      >
        {say('profile.addInsurance')}
      </button>
    </fieldset>
  );
}

function zones(own: string): { value: string; label: string }[] {
  const all = Intl.supportedValuesOf('timeZone');
  return [...new Set([own, ...all])].map((value) => ({ value, label: value.replaceAll('_', ' ') }));
}

/** The document describes a profile as an object without fields. */
function asBody(profile: Record<string, unknown>): Record<string, never> {
  return JSON.parse(JSON.stringify(profile));
}
