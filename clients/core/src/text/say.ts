/** Fills a catalogue's sentences. Knows no language but through the catalogue and `Intl`. */
import type { Catalogue, MessageKey } from './en.ts';
import type { Message, PluralForm } from './message.ts';

/** What is put into a sentence: lists are written as the language writes lists, texts are said first. */
export type Value = string | number | readonly Value[] | Text;
export type Values = Readonly<Record<string, Value>>;

/** A sentence of the catalogue that has not been said yet: what the core hands to a screen. */
export interface Text {
  readonly key: MessageKey;
  readonly values?: Values;
}

export function textOf(key: MessageKey, values?: Values): Text {
  return values === undefined ? { key } : { key, values };
}

export type Say = (key: MessageKey, values?: Values) => string;

/** `catalogue` may grow afterwards. A sentence that it lacks is said by its name. */
export function sayIn(catalogue: Catalogue, locale: string): Say {
  const plural = new Intl.PluralRules(locale);
  const list = new Intl.ListFormat(locale, { type: 'conjunction' });
  const number = new Intl.NumberFormat(locale);
  const valueText = (value: Value): string => {
    if (typeof value === 'string') {
      return value;
    }
    if (typeof value === 'number') {
      return number.format(value);
    }
    return isText(value) ? say(value.key, value.values) : list.format(value.map(valueText));
  };
  const say: Say = (key, values = {}) => {
    const sentence = formOf(catalogue[key] ?? key, values['count'], plural);
    return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : valueText(value);
    });
  };
  return say;
}

function isText(value: Value): value is Text {
  return typeof value === 'object' && 'key' in value;
}

function formOf(message: Message, count: Value | undefined, plural: Intl.PluralRules): string {
  if (typeof message === 'string') {
    return message;
  }
  const form: PluralForm = typeof count === 'number' ? plural.select(count) : 'other';
  return message[form] ?? message.other;
}

/** The names in a sentence's braces. */
export function placeholders(message: Message): readonly string[] {
  const sentences = typeof message === 'string' ? [message] : Object.values(message);
  const names = sentences.flatMap((sentence) =>
    [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''),
  );
  return [...new Set(names)].toSorted();
}
