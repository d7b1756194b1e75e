/** A visit as a calendar file (RFC 5545), made here: nothing is sent anywhere. */

export interface CalendarVisit {
  readonly id: string;
  readonly start: string;
  readonly end: string;
  readonly title: string;
  readonly url: string;
  readonly rev?: number;
}

/** As an address to download. The same visit keeps its UID, so that a moved one replaces the old. */
export function calendarFile(visit: CalendarVisit): string {
  return `data:text/calendar;charset=utf-8,${encodeURIComponent(calendarText(visit))}`;
}

export function calendarText({ id, start, end, title, url, rev = 0 }: CalendarVisit): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Bedside//Bedside//EN',
    'BEGIN:VEVENT',
    `UID:${id}@bedside`,
    `SEQUENCE:${rev}`,
    `DTSTAMP:${instant(start)}`,
    `DTSTART:${instant(start)}`,
    `DTEND:${instant(end)}`,
    `SUMMARY:${escaped(title)}`,
    `URL:${url}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return `${lines.map(folded).join('\r\n')}\r\n`;
}

function instant(when: string): string {
  return new Date(when).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\;,]/g, (mark) => `\\${mark}`).replaceAll('\n', '\\n');
}

/** Lines longer than 75 octets go on in the next one, after a space; no letter is cut in two. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  const parts: string[] = [];
  let part = '';
  for (const letter of line) {
    if (encoder.encode(part + letter).length > 74) {
      parts.push(part);
      part = ' ';
    }
    part += letter;
  }
  return [...parts, part].join('\r\n');
}
