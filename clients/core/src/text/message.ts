/** A sentence, or one for each plural form; the form is chosen by the value `count`. */
export type Message =
  | string
  | ({ readonly other: string } & Readonly<Partial<Record<PluralForm, string>>>);
export type PluralForm = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
