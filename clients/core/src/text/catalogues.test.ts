import { describe, expect, it } from 'vitest';
import type { Catalogue, PartName } from './en.ts';
import type { Language } from './languages.ts';
import { chooseLanguage, LANGUAGES, loadParts } from './languages.ts';
import type { Message } from './message.ts';
import { placeholders, sayIn } from './say.ts';

const PARTS = [
  'first',
  'account',
  'booking',
  'visit',
  'records',
  'clinic',
  'money',
  'care',
  'intake',
  'insurance',
] satisfies PartName[];
const whole = (language: Language): Promise<Catalogue> => loadParts(language, PARTS);
const en = await whole(LANGUAGES[0]);

/** Key and sentence of each entry whose English counterpart has other places to fill. */
function oddPlaces(catalogue: Catalogue): string[] {
  const english: Readonly<Record<string, Message>> = en;
  return Object.entries(catalogue).flatMap(([key, message]) => {
    const allowed = placeholders(english[key] ?? '');
    const used = placeholders(message);
    const extra = used.filter((name) => !allowed.includes(name));
    // A plural form may leave the number out: "one minute".
    const missing = allowed.filter((name) => !used.includes(name) && name !== 'count');
    return extra.length + missing.length > 0 ? [key] : [];
  });
}

/** Keys of sentences in forms that lack one of the needed forms. */
function lackingForms(catalogue: Catalogue, needed: readonly string[]): string[] {
  return Object.entries(catalogue).flatMap(([key, message]) =>
    typeof message !== 'string' && needed.some((form) => !(form in message)) ? [key] : [],
  );
}

describe.each(LANGUAGES.map((language) => [language.tag, language] as const))(
  'the catalogue %s',
  (tag, language) => {
    it('has every sentence, with the same places to fill', async () => {
      const catalogue = await whole(language);
      expect(Object.keys(catalogue).toSorted()).toEqual(Object.keys(en).toSorted());
      expect(oddPlaces(catalogue)).toEqual([]);
    });

    it('has its own words for most sentences', async () => {
      const catalogue = await whole(language);
      const english = new Set(Object.values(en).map((message) => JSON.stringify(message)));
      const messages = Object.values(catalogue);
      const alike = messages.filter((message) => english.has(JSON.stringify(message)));
      expect(alike.length).toBeLessThan(tag === 'en' ? Infinity : messages.length / 20);
    });
  },
);

it('Arabic has all six plural forms wherever something is counted', async () => {
  const needed = new Intl.PluralRules('ar').resolvedOptions().pluralCategories;
  const arabic = LANGUAGES.find(({ tag }) => tag === 'ar');
  expect(needed).toHaveLength(6);
  expect(lackingForms(await whole(arabic ?? LANGUAGES[0]), needed)).toEqual([]);
});

it('writes lists and numbers as the language does', () => {
  const say = sayIn(en, 'en');
  expect(say('call.arrival.with', { names: ['Ann', 'Bo', 'Cy'] })).toBe(
    'You are in the consultation with Ann, Bo, and Cy',
  );
  expect(say('common.minutes', { count: 1 })).toBe('1 minute');
  expect(say('common.minutes', { count: 1200 })).toBe('1,200 minutes');
});

it('says a text inside a text', () => {
  const say = sayIn(en, 'en');
  const values = { device: { key: 'device.camera' } } as const;
  expect(say('trouble.in-use.title', values)).toBe('Could not start the camera');
});

it.each([
  [['fr-CA', 'en'], 'fr'],
  [['de', 'sw-KE'], 'sw'],
  [['de'], 'en'],
  [[], 'en'],
])('chooses for %j the language %s', (wanted, tag) => {
  expect(chooseLanguage(wanted).tag).toBe(tag);
});
