/** The languages of the web app. English is at hand; the others are fetched when they are wanted. */
import type { Catalogue } from './en.ts';
import { en } from './en.ts';

export interface Language {
  readonly tag: string;
  /** In the language itself. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  readonly load: () => Promise<Catalogue>;
}

export const LANGUAGES: readonly [Language, ...Language[]] = [
  { tag: 'en', name: 'English', direction: 'ltr', load: async () => en },
  { tag: 'fr', name: 'Français', direction: 'ltr', load: async () => (await import('./fr.ts')).fr },
  { tag: 'es', name: 'Español', direction: 'ltr', load: async () => (await import('./es.ts')).es },
  { tag: 'ar', name: 'العربية', direction: 'rtl', load: async () => (await import('./ar.ts')).ar },
  {
    tag: 'sw',
    name: 'Kiswahili',
    direction: 'ltr',
    load: async () => (await import('./sw.ts')).sw,
  },
];

/** The first of the wanted tags that there is, by its language alone; else English. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    const found = LANGUAGES.find((language) => language.tag === base);
    if (found !== undefined) {
      return found;
    }
  }
  return LANGUAGES[0];
}
