import { answered, initialsOf } from '@bedside/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, navigate, useSearch } from '../../app/navigation.tsx';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked } from '../../parts/notice.tsx';
import { clinicsQuery, type Found } from './directory.ts';

const SORTS = ['next_free', 'fee', 'name'] as const;

const WISHES = ['clinic', 'specialty', 'language', 'q', 'fee', 'sort'] as const;
type Wishes = Partial<Record<(typeof WISHES)[number], string>>;

export function FindScreen() {
  const say = useSay();
  const wishes = useSearch(...WISHES);
  const clinics = useQuery(clinicsQuery);
  const clinic = wishes.clinic ?? clinics.data?.items[0]?.id ?? '';
  const everybody = useFound({ clinic });
  const found = useFound({ ...wishes, clinic });
  return (
    <>
      <Heading title={say('find.title')}>{say('find.title')}</Heading>
      <p className="lead">{say('find.lead')}</p>
      <div className="find">
        <Filters
          wishes={{ ...wishes, clinic }}
          clinics={clinics.data?.items ?? []}
          everybody={everybody.data?.items ?? []}
        />
        <Asked query={clinics}>
          {() => <Asked query={found}>{({ items }) => <Results found={items} />}</Asked>}
        </Asked>
      </div>
    </>
  );
}

function useFound(wishes: Wishes) {
  const { clinic = '', specialty, language, q, fee, sort } = wishes;
  const maxFee = Number(fee);
  const query = {
    clinic,
    ...(specialty === undefined ? {} : { specialty }),
    ...(language === undefined ? {} : { language }),
    ...(q === undefined ? {} : { q }),
    ...(fee === undefined || !Number.isFinite(maxFee) ? {} : { max_fee: maxFee }),
    ...(sort === undefined ? {} : { sort }),
  };
  return useQuery({
    queryKey: ['practitioners', query],
    queryFn: () => answered(api.GET('/v1/practitioners', { params: { query } })),
    enabled: clinic !== '',
    placeholderData: keepPreviousData,
  });
}

function Filters({
  wishes,
  clinics,
  everybody,
}: {
  readonly wishes: Wishes;
  readonly clinics: readonly { readonly id: string; readonly name: string }[];
  readonly everybody: readonly Found[];
}) {
  const say = useSay();
  const format = useFormat();
  const [text, setText] = useState(wishes.q ?? '');
  const any = { value: '', label: say('common.any') };
  const set = (change: Partial<Record<keyof Wishes, string>>): void => {
    navigate({ to: '/find', search: { ...wishes, ...change } }, { replaces: true });
  };
  const choices = (values: readonly string[], label: (value: string) => string) => [
    any,
    ...[...new Set(values)].toSorted().map((value) => ({ value, label: label(value) })),
  ];
  const fees = everybody.flatMap(({ fee }) => (fee == null ? [] : [fee]));
  return (
    <form
      className="filters"
      role="search"
      aria-label={say('find.filters')}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        set({ q: text.trim() });
      }}
    >
      {clinics.length > 1 && (
        <SelectField
          label={say('find.clinic')}
          options={clinics.map(({ id, name }) => ({ value: id, label: name }))}
          value={wishes.clinic ?? ''}
          onChange={(clinic) => set({ clinic, specialty: '', language: '', fee: '' })}
        />
      )}
      <div className="search-field">
        <TextField label={say('find.search')} type="search" value={text} onChange={setText} />
        <button type="submit" className="button" aria-label={say('find.filters')}>
          <Icon name="search" />
        </button>
      </div>
      <SelectField
        label={say('find.specialty')}
        options={choices(
          everybody.flatMap(({ specialties }) => specialties),
          capital,
        )}
        value={wishes.specialty ?? ''}
        onChange={(specialty) => set({ specialty })}
      />
      <SelectField
        label={say('find.language')}
        options={choices(
          everybody.flatMap(({ languages }) => languages),
          format.languageName,
        )}
        value={wishes.language ?? ''}
        onChange={(language) => set({ language })}
      />
      {new Set(fees.map(({ minor }) => minor)).size > 1 && (
        <SelectField
          label={say('find.fee')}
          options={choices(
            fees.map(({ minor }) => String(minor)),
            (minor) => format.money({ minor: Number(minor), currency: fees[0]?.currency ?? '' }),
          )}
          value={wishes.fee ?? ''}
          onChange={(fee) => set({ fee })}
        />
      )}
      <SelectField
        label={say('find.sort')}
        options={SORTS.map((value) => ({ value, label: say(`find.sort.${value}`) }))}
        value={wishes.sort ?? 'next_free'}
        onChange={(sort) => set({ sort })}
      />
    </form>
  );
}

function Results({ found }: { readonly found: readonly Found[] }) {
  const say = useSay();
  return (
    <section aria-label={say('find.title')}>
      <p className="results-count" role="status">
        {found.length === 0 ? say('find.empty') : say('find.count', { count: found.length })}
      </p>
      <ul className="doctors">
        {found.map((doctor) => (
          <Doctor key={doctor.id} doctor={doctor} />
        ))}
      </ul>
    </section>
  );
}

function Doctor({ doctor }: { readonly doctor: Found }) {
  const say = useSay();
  const format = useFormat();
  const titleId = useId();
  const { next_free: next, fee } = doctor;
  return (
    <li className="card doctor" aria-labelledby={titleId}>
      <span className="doctor-face" aria-hidden="true">
        {initialsOf(doctor.display_name)}
      </span>
      <div className="doctor-text">
        <h2 id={titleId}>{doctor.display_name}</h2>
        <p>{doctor.specialties.map(capital).join(', ')}</p>
        {doctor.languages.length > 0 && (
          <p className="hint">
            {say('find.speaks', { languages: doctor.languages.map(format.languageName) })}
          </p>
        )}
        {doctor.biography !== '' && <p className="doctor-words">{doctor.biography}</p>}
        <p className="doctor-facts">
          <span className="fact">
            <Icon name="clock" />
            {next == null
              ? say('find.noTime')
              : say('find.next', { when: format.moment(next.start) })}
          </span>
          {fee != null && (
            <span className="fact">
              {fee.minor === 0
                ? say('find.free')
                : say('find.perVisit', { fee: format.money(fee) })}
            </span>
          )}
        </p>
      </div>
      <Link
        to="/practitioners/$id"
        params={{ id: doctor.id }}
        search={next == null ? {} : { service: next.service, from: next.start }}
        className="button button-primary doctor-action"
        aria-label={say('find.timesOf', { name: doctor.display_name })}
      >
        {say('find.times')}
      </Link>
    </li>
  );
}

export function capital(text: string): string {
  return text.slice(0, 1).toLocaleUpperCase() + text.slice(1);
}
