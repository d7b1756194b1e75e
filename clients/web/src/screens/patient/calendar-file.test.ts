import { expect, it } from 'vitest';
import { calendarText } from './calendar-file.ts';

const visit = {
  id: 'apt_1',
  start: '2026-11-27T09:00:00Z',
  end: '2026-11-27T09:30:00Z',
  title: 'Video visit, with Dr. Léa; Moreau',
  url: 'https://clinic.example/visit/apt_1',
};

it('names the instants in UTC and escapes what has a meaning', () => {
  const text = calendarText(visit);
  expect(text).toContain('DTSTART:20261127T090000Z\r\n');
  expect(text).toContain('DTEND:20261127T093000Z\r\n');
  expect(text).toContain('SUMMARY:Video visit\\, with Dr. Léa\\; Moreau\r\n');
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true);
});

it('has no line longer than 75 octets, and loses nothing by folding', () => {
  const title = 'Élan '.repeat(60).trim();
  const text = calendarText({ ...visit, title });
  const lines = text.split('\r\n');
  expect(Math.max(...lines.map((line) => new TextEncoder().encode(line).length))).toBeLessThan(76);
  expect(text.replaceAll('\r\n ', '')).toContain(`SUMMARY:${title}`);
});
