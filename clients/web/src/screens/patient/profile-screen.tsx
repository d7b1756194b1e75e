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
import { fieldsOf, type ProfileFields, profileOf } from './profile-fields.ts';

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
              <Link to="/insurance" className="button button-quiet">
                {say('profile.insurance')}
              </Link>
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
  return <Asked query={patient}>{(data) => <ProfileForm patient={data} />}</Asked>;
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
      <Address fields={fields} set={set} />
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

function Address({
  fields,
  set,
}: {
  readonly fields: ProfileFields;
  readonly set: (change: Partial<ProfileFields>) => void;
}) {
  const say = useSay();
  // All of it or nothing: half an address is none.
  const isWanted = `${fields.street}${fields.city}${fields.postal}${fields.country}` !== '';
  return (
    <fieldset className="stack">
      <legend>{say('profile.address')}</legend>
      <div className="columns">
        <TextField
          label={say('profile.street')}
          autoComplete="address-line1"
          required={isWanted}
          value={fields.street}
          onChange={(street) => set({ street })}
        />
        <TextField
          label={say('profile.city')}
          autoComplete="address-level2"
          required={isWanted}
          value={fields.city}
          onChange={(city) => set({ city })}
        />
        <TextField
          label={say('profile.postal')}
          autoComplete="postal-code"
          value={fields.postal}
          onChange={(postal) => set({ postal })}
        />
        <TextField
          label={say('profile.country')}
          autoComplete="country"
          required={isWanted}
          pattern="[A-Za-z]{2}"
          maxLength={2}
          value={fields.country}
          onChange={(country) => set({ country })}
        />
      </div>
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
