import { expect, it } from 'vitest';
import { faultOf, fromServer, toServer } from './week-editor.tsx';

const MONDAY = { weekday: 1, windows: [{ from: '08:00:00', to: '12:00:00' }] };

it('shows all seven days and sends those with hours', () => {
  const week = fromServer([MONDAY]);
  expect(week.map(({ weekday }) => weekday)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(toServer(week)).toEqual([MONDAY]);
});

it('sends the hours of a day in order', () => {
  const windows = [
    { from: '13:00', to: '17:00' },
    { from: '08:00', to: '12:00' },
  ];
  expect(toServer([{ weekday: 2, windows }])[0]?.windows.map(({ from }) => from)).toEqual([
    '08:00:00',
    '13:00:00',
  ]);
});

it.each([
  ['09:00', '17:00', null],
  ['17:00', '09:00', 'hours.wrongOrder'],
  ['09:00', '09:00', 'hours.wrongOrder'],
  ['18:00', '00:00', null],
  ['', '10:00', 'hours.wrongOrder'],
])('judges %s to %s as %s', (from, to, fault) => {
  expect(faultOf([{ weekday: 1, windows: [{ from, to }] }])).toBe(fault);
});
