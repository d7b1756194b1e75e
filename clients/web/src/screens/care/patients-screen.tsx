import { answered } from '@bedside/core';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { Link, navigate, useSearch } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { fullName } from '../../parts/patient-name.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';

/** Finds a patient by name. Nobody is listed who was not looked for. */
export function PatientsScreen() {
  const say = useSay();
  return (
    <StaffOnly
      title={say('patients.title')}
      roles={['practitioner', 'receptionist', 'clinic_admin']}
    >
      {() => (
        <div className="narrow">
          <Heading title={say('patients.title')}>{say('patients.title')}</Heading>
          <p className="lead">{say('patients.lead')}</p>
          <Search />
        </div>
      )}
    </StaffOnly>
  );
}

function Search() {
  const say = useSay();
  const { name = '' } = useSearch('name');
  const [text, setText] = useState(name);
  return (
    <>
      <form
        className="search-field"
        role="search"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          navigate({ to: '/patients', search: { name: text.trim() } }, { replaces: true });
        }}
      >
        <TextField
          label={say('patients.name')}
          type="search"
          required
          minLength={2}
          maxLength={100}
          value={text}
          onChange={setText}
        />
        <button type="submit" className="button button-primary">
          <Icon name="search" />
          {say('patients.search')}
        </button>
      </form>
      {name !== '' && <Found name={name} />}
    </>
  );
}

function Found({ name }: { readonly name: string }) {
  const say = useSay();
  const format = useFormat();
  const pages = usePages(['patients', name], (wish) =>
    answered(api.GET('/v1/patients', { params: { query: { ...wish, name } } })),
  );
  return (
    <Paged pages={pages} empty={say('patients.none')}>
      {(items) => (
        <ul className="rows card">
          {items.map(({ id, profile }) => {
            const born: unknown = Reflect.get(profile, 'birth_date');
            return (
              <li key={id} className="row">
                <span className="row-main">
                  <Link to="/patients/$id" params={{ id }} className="row-link">
                    {fullName(profile)}
                  </Link>
                  {typeof born === 'string' && <span className="hint">{format.date(born)}</span>}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Paged>
  );
}
