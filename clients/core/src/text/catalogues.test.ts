import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import type { MessageKey } from './en.ts';
import { chooseLanguage, LANGUAGES } from './languages.ts';
import { placeholders, sayIn } from './say.ts';

const keys = Object.keys(en) as MessageKey[];

describe.each(LANGUAGES.map((language) => [language.tag, language] as const))(
  'the catalogue %s',
  (tag, language) => {
    it('has every sentence, none empty, each with the same places to fill', async () => {
      const catalogue = await language.load();
      expect(Object.keys(catalogue).toSorted()).toEqual(keys.toSorted());
      for (const key of keys) {
        const allowed = placeholders(en[key]);
        const used = placeholders(catalogue[key]);
        // A plural form may leave the number out: "one minute".
        expect(used.filter((name) => !allowed.includes(name)), key).toEqual([]);
        expect(allowed.filter((name) => !used.includes(name) && name !== 'count'), key).toEqual([]);
      }
    });

    it('has its own words for most sentences', async () => {
      const catalogue = await language.load();
      const alike = keys.filter((key) => JSON.stringify(catalogue[key]) === JSON.stringify(en[key]));
      expect(tag === 'en' || alike.length < keys.length / 20).toBe(true);
    });

    it('has the plural forms that its language needs', async () => {
      const catalogue = await language.load();
      const needed = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
      for (const key of keys) {
        const message = catalogue[key];
        if (typeof message !== 'string' && tag === 'ar') {
          expect(needed.filter((form) => !(form in message)), key).toEqual([]);
        }
      }
    });
  },
);

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
