import { useState } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { fullName } from '../parts/patient-name.ts';
import { ageOn } from './age.ts';

/** A patient's name, age, language and telephone. */
export function Person({
  profile,
  isNamed = true,
}: {
  readonly profile: object;
  readonly isNamed?: boolean;
}) {
  const [now] = useState(() => new Date());
  const say = useSay();
  const format = useFormat();
  const text = (name: string): string => {
    const value: unknown = Reflect.get(profile, name);
    return typeof value === 'string' ? value : '';
  };
  const age = ageOn(text('birth_date'), now);
  const language = text('language');
  const facts = [
    age === null ? '' : say('patient.age', { count: age }),
    text('birth_date') === '' ? '' : format.date(text('birth_date')),
    language === '' ? '' : say('patient.speaks', { language: format.languageName(language) }),
    text('phone'),
  ];
  return (
    <p>
      {isNamed && <strong>{fullName(profile)}</strong>}
      <span className="hint">{facts.filter((fact) => fact !== '').join(' · ')}</span>
    </p>
  );
}
