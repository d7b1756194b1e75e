/** The languages of the web app. What English says on every page is at hand; all else is fetched when it is wanted. */
import type { Catalogue, PartName } from './en.ts';
import { first } from './en/first.ts';

export interface Language {
  readonly tag: string;
  /** In the language itself. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  readonly parts: Readonly<Record<PartName, () => Promise<Catalogue>>>;
}

export const LANGUAGES: readonly [Language, ...Language[]] = [
  {
    tag: 'en',
    name: 'English',
    direction: 'ltr',
    parts: {
      first: async () => first,
      account: async () => (await import('./en/account.ts')).account,
      booking: async () => (await import('./en/booking.ts')).booking,
      visit: async () => (await import('./en/visit.ts')).visit,
      records: async () => (await import('./en/records.ts')).records,
      clinic: async () => (await import('./en/clinic.ts')).clinic,
      money: async () => (await import('./en/money.ts')).money,
      care: async () => (await import('./en/care.ts')).care,
      intake: async () => (await import('./en/intake.ts')).intake,
      insurance: async () => (await import('./en/insurance.ts')).insurance,
    },
  },
  {
    tag: 'fr',
    name: 'Français',
    direction: 'ltr',
    parts: {
      first: async () => (await import('./fr/first.ts')).first,
      account: async () => (await import('./fr/account.ts')).account,
      booking: async () => (await import('./fr/booking.ts')).booking,
      visit: async () => (await import('./fr/visit.ts')).visit,
      records: async () => (await import('./fr/records.ts')).records,
      clinic: async () => (await import('./fr/clinic.ts')).clinic,
      money: async () => (await import('./fr/money.ts')).money,
      care: async () => (await import('./fr/care.ts')).care,
      intake: async () => (await import('./fr/intake.ts')).intake,
      insurance: async () => (await import('./fr/insurance.ts')).insurance,
    },
  },
  {
    tag: 'es',
    name: 'Español',
    direction: 'ltr',
    parts: {
      first: async () => (await import('./es/first.ts')).first,
      account: async () => (await import('./es/account.ts')).account,
      booking: async () => (await import('./es/booking.ts')).booking,
      visit: async () => (await import('./es/visit.ts')).visit,
      records: async () => (await import('./es/records.ts')).records,
      clinic: async () => (await import('./es/clinic.ts')).clinic,
      money: async () => (await import('./es/money.ts')).money,
      care: async () => (await import('./es/care.ts')).care,
      intake: async () => (await import('./es/intake.ts')).intake,
      insurance: async () => (await import('./es/insurance.ts')).insurance,
    },
  },
  {
    tag: 'ar',
    name: 'العربية',
    direction: 'rtl',
    parts: {
      first: async () => (await import('./ar/first.ts')).first,
      account: async () => (await import('./ar/account.ts')).account,
      booking: async () => (await import('./ar/booking.ts')).booking,
      visit: async () => (await import('./ar/visit.ts')).visit,
      records: async () => (await import('./ar/records.ts')).records,
      clinic: async () => (await import('./ar/clinic.ts')).clinic,
      money: async () => (await import('./ar/money.ts')).money,
      care: async () => (await import('./ar/care.ts')).care,
      intake: async () => (await import('./ar/intake.ts')).intake,
      insurance: async () => (await import('./ar/insurance.ts')).insurance,
    },
  },
  {
    tag: 'sw',
    name: 'Kiswahili',
    direction: 'ltr',
    parts: {
      first: async () => (await import('./sw/first.ts')).first,
      account: async () => (await import('./sw/account.ts')).account,
      booking: async () => (await import('./sw/booking.ts')).booking,
      visit: async () => (await import('./sw/visit.ts')).visit,
      records: async () => (await import('./sw/records.ts')).records,
      clinic: async () => (await import('./sw/clinic.ts')).clinic,
      money: async () => (await import('./sw/money.ts')).money,
      care: async () => (await import('./sw/care.ts')).care,
      intake: async () => (await import('./sw/intake.ts')).intake,
      insurance: async () => (await import('./sw/insurance.ts')).insurance,
    },
  },
];

/** Some parts of a language, as one. */
export async function loadParts(language: Language, parts: Iterable<PartName>): Promise<Catalogue> {
  const loaded = await Promise.all([...parts].map((part) => language.parts[part]()));
  return Object.assign({}, ...loaded);
}

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
