/** Dates, times and money as the reader writes them: the one place that formats. */
import { useMemo } from 'react';
import { useWords } from './words.tsx';

export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export interface Money {
  readonly minor: number;
  readonly currency: string;
}

type When = string | number | Date;

export interface Format {
  /** "Friday, 27 November" */
  readonly day: (when: When, zone?: string) => string;
  /** "Fri 27 Nov" */
  readonly shortDay: (when: When, zone?: string) => string;
  readonly weekday: (when: When, zone?: string) => string;
  readonly dayOfMonth: (when: When, zone?: string) => string;
  /** "3 May 1984": a date without a clock, such as a birthday */
  readonly date: (date: string) => string;
  readonly time: (when: When, zone?: string) => string;
  /** "Fri 27 Nov, 14:30" */
  readonly moment: (when: When, zone?: string) => string;
  readonly money: (money: Money) => string;
  /** "Eastern Africa Time" where it has a name, else the zone's own. */
  readonly zone: (zone: string) => string;
  readonly languageName: (tag: string) => string;
  /** "November 2026", of "2026-11" */
  readonly month: (month: string) => string;
  /** "November 2026", "2026" or a date: as exact as a year, a month, a day or an instant is. */
  readonly partialDate: (text: string) => string;
  /** "1.4 MB" */
  readonly bytes: (count: number) => string;
}

export function useFormat(): Format {
  const { locale } = useWords();
  return useMemo(() => formatIn(locale), [locale]);
}

export function formatIn(locale: string): Format {
  const cache = new Map<string, Intl.DateTimeFormat>();
  const write = (when: When, zone: string, name: string, options: Intl.DateTimeFormatOptions) => {
    const key = `${name}/${zone}`;
    const known = cache.get(key) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
    cache.set(key, known);
    return known.format(new Date(when));
  };
  const languages = new Intl.DisplayNames([locale], { type: 'language' });
  const day = { weekday: 'long', day: 'numeric', month: 'long' } as const;
  const shortDay = { weekday: 'short', day: 'numeric', month: 'short' } as const;
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const month = { year: 'numeric', month: 'long' } as const;
  return {
    day: (when, zone = OWN_ZONE) => write(when, zone, 'day', day),
    shortDay: (when, zone = OWN_ZONE) => write(when, zone, 'shortDay', shortDay),
    weekday: (when, zone = OWN_ZONE) => write(when, zone, 'weekday', { weekday: 'short' }),
    dayOfMonth: (when, zone = OWN_ZONE) =>
      write(when, zone, 'dayOfMonth', { day: 'numeric', month: 'short' }),
    date: (date) => write(`${date}T00:00:00Z`, 'UTC', 'date', { dateStyle: 'medium' }),
    time: (when, zone = OWN_ZONE) => write(when, zone, 'time', time),
    moment: (when, zone = OWN_ZONE) => write(when, zone, 'moment', { ...shortDay, ...time }),
    money: ({ minor, currency }) => moneyText(locale, minor, currency),
    zone: (zone) => zoneName(locale, zone),
    languageName: (tag) => languages.of(tag) ?? tag,
    month: (text) => write(`${text}-01T00:00:00Z`, 'UTC', 'month', month),
    partialDate: (text) => {
      if (/^\d{4}$/.test(text)) {
        return text;
      }
      return /^\d{4}-\d{2}$/.test(text)
        ? write(`${text}-01T00:00:00Z`, 'UTC', 'month', month)
        : write(`${text.slice(0, 10)}T00:00:00Z`, 'UTC', 'date', { dateStyle: 'medium' });
    },
    bytes: (count) => bytesText(locale, count),
  };
}

function bytesText(locale: string, count: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[power] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(count / 1000 ** power);
}

/** Digits behind the point of a currency. */
export function fractionDigits(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

function moneyText(locale: string, minor: number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const amount = minor / 10 ** fractionDigits(currency);
  return Number.isInteger(amount)
    ? new Intl.NumberFormat(locale, {
        style: 'currency',
        currency,
        maximumFractionDigits: 0,
      }).format(amount)
    : format.format(amount);
}

function zoneName(locale: string, zone: string): string {
  const parts = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    timeZoneName: 'longGeneric',
  }).formatToParts(new Date());
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/** Midnight at the beginning of a day in a zone, some days later. */
export function startOfDay(when: When, zone: string, plusDays = 0): Date {
  return midnightOf(dateIn(when, zone), zone, plusDays);
}

/** Midnight at the beginning of a date ("2026-11-27") in a zone, some days later. */
export function midnightOf(date: string, zone: string, plusDays = 0): Date {
  const [year = 1970, month = 1, day = 1] = date.split('-').map(Number);
  const wanted = Date.UTC(year, month - 1, day + plusDays);
  // Twice, because the offset at the first guess may be another than at midnight itself.
  const guess = wanted - offsetAt(wanted, zone);
  return new Date(wanted - offsetAt(guess, zone));
}

/** "2026-11-27": the date in a zone. */
export function dateIn(when: When, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(new Date(when));
}

function offsetAt(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms);
  const read = (type: string): number =>
    Number(parts.find((part) => part.type === type)?.value ?? 0);
  const local = Date.UTC(
    read('year'),
    read('month') - 1,
    read('day'),
    read('hour'),
    read('minute'),
    read('second'),
  );
  return local - Math.floor(ms / 1000) * 1000;
}

/** Whether two zones show the same clock at an instant. */
export function sameClock(one: string, other: string, at: When): boolean {
  const ms = new Date(at).getTime();
  return offsetAt(ms, one) === offsetAt(ms, other);
}
