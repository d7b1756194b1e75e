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
  };
}

function moneyText(locale: string, minor: number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const amount = minor / 10 ** digits;
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
  const [year = 1970, month = 1, day = 1] = dateIn(when, zone).split('-').map(Number);
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
