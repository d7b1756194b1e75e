import { answered, done } from '@bedside/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '../../app/navigation.tsx';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { OWN_ZONE } from '../../app/format.ts';
import { useWords } from '../../app/words.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';

const PASSWORD_CHARS_MIN = 10;

export function RegisterScreen() {
  const { say } = useWords();
  const { next } = useSearch('next');
  const [sentTo, setSentTo] = useState<string | null>(null);
  const clinics = useQuery({
    queryKey: ['clinics'],
    queryFn: () => answered(api.GET('/v1/clinics')),
  });
  if (sentTo !== null) {
    return (
      <section className="card card-narrow card-message">
        <Heading title={say('register.sentTitle')}>{say('register.sentTitle')}</Heading>
        <p className="lead">{say('register.sentText', { email: sentTo })}</p>
      </section>
    );
  }
  return (
    <section className="card card-narrow">
      <Heading title={say('register.title')}>{say('register.title')}</Heading>
      <p className="lead">{say('register.lead')}</p>
      <Asked query={clinics}>
        {({ items }) => <RegisterForm clinics={items} onSent={setSentTo} />}
      </Asked>
      <p className="centered">
        {say('register.haveAccount')}{' '}
        <Link className="link" to="/sign-in" search={next === undefined ? {} : { next }}>
          {say('nav.signIn')}
        </Link>
      </p>
    </section>
  );
}

const EMPTY = { given_name: '', family_name: '', email: '', password: '' };
type Fields = typeof EMPTY;

function RegisterForm({
  clinics,
  onSent,
}: {
  readonly clinics: readonly { readonly id: string; readonly name: string }[];
  readonly onSent: (email: string) => void;
}) {
  const { say, language } = useWords();
  const [clinic, setClinic] = useState(clinics[0]?.id ?? '');
  const [fields, setFields] = useState(EMPTY);
  const [isChecked, setChecked] = useState(false);
  const register = useMutation({
    mutationFn: () =>
      done(
        api.POST('/v1/auth/register', {
          body: { ...fields, clinic_id: clinic, language: language.tag, time_zone: OWN_ZONE },
        }),
      ),
    onSuccess: () => onSent(fields.email),
  });
  const faults = faultsOf(fields);
  const fault = (name: keyof Fields): string | null => {
    const key = faults[name];
    return isChecked && key !== undefined ? say(key) : null;
  };
  const set = (name: keyof Fields) => (value: string) => setFields({ ...fields, [name]: value });
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        setChecked(true);
        if (Object.keys(faults).length === 0) {
          register.mutate();
        }
      }}
    >
      {clinics.length > 1 && (
        <SelectField
          label={say('register.clinic')}
          options={clinics.map(({ id, name }) => ({ value: id, label: name }))}
          value={clinic}
          onChange={setClinic}
        />
      )}
      <TextField
        label={say('register.given')}
        autoComplete="given-name"
        value={fields.given_name}
        error={fault('given_name')}
        onChange={set('given_name')}
      />
      <TextField
        label={say('register.family')}
        autoComplete="family-name"
        value={fields.family_name}
        error={fault('family_name')}
        onChange={set('family_name')}
      />
      <TextField
        label={say('signIn.email')}
        type="email"
        autoComplete="email"
        value={fields.email}
        error={fault('email')}
        onChange={set('email')}
      />
      <TextField
        label={say('signIn.password')}
        type="password"
        autoComplete="new-password"
        hint={say('register.passwordHint')}
        value={fields.password}
        error={fault('password')}
        onChange={set('password')}
      />
      <ProblemNotice error={register.error} />
      <button
        type="submit"
        className="button button-primary button-wide"
        aria-busy={register.isPending}
      >
        {say('register.submit')}
      </button>
    </form>
  );
}

type Fault = 'register.required' | 'register.emailWrong' | 'register.short';

function faultsOf(fields: Fields): Partial<Record<keyof Fields, Fault>> {
  return {
    ...(fields.given_name.trim() === '' ? { given_name: 'register.required' as const } : {}),
    ...(/^\S+@\S+\.\S+$/.test(fields.email.trim())
      ? {}
      : { email: 'register.emailWrong' as const }),
    ...(fields.password.length < PASSWORD_CHARS_MIN ? { password: 'register.short' as const } : {}),
  };
}
