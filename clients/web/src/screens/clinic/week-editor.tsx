import type { MessageKey, Schemas } from '@bedside/core';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { Icon } from '../../parts/icon.tsx';

export interface TimeWindow {
  readonly from: string;
  readonly to: string;
}

/** 1 is Monday. */
export interface DayHours {
  readonly weekday: number;
  readonly windows: readonly TimeWindow[];
}

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
const NEW_WINDOW: TimeWindow = { from: '09:00', to: '17:00' };

/** All seven days, in the form's times: hours and minutes. */
export function fromServer(days: readonly Schemas['DayBody'][]): DayHours[] {
  return WEEKDAYS.map((weekday) => ({
    weekday,
    windows: (days.find((day) => day.weekday === weekday)?.windows ?? []).map(({ from, to }) => ({
      from: from.slice(0, 5),
      to: to.slice(0, 5),
    })),
  }));
}

/** Days without hours are left out; the server wants them in order. */
export function toServer(week: readonly DayHours[]): Schemas['DayBody'][] {
  return week
    .filter(({ windows }) => windows.length > 0)
    .map(({ weekday, windows }) => ({
      weekday,
      windows: windows
        .toSorted((a, b) => a.from.localeCompare(b.from))
        .map(({ from, to }) => ({ from: `${from}:00`, to: `${to}:00` })),
    }));
}

/** Midnight at the end is the end of the day. */
export function faultOf(week: readonly DayHours[]): MessageKey | null {
  return week.some(({ windows }) => windows.some(isWrong)) ? 'hours.wrongOrder' : null;
}

function isWrong({ from, to }: TimeWindow): boolean {
  return from === '' || to === '' || (to !== '00:00' && to <= from);
}

export function WeekEditor({
  week,
  onChange,
}: {
  readonly week: readonly DayHours[];
  readonly onChange: (week: readonly DayHours[]) => void;
}) {
  const say = useSay();
  const replace = (weekday: number, windows: readonly TimeWindow[]): void =>
    onChange(week.map((day) => (day.weekday === weekday ? { weekday, windows } : day)));
  return (
    <fieldset className="card week">
      <legend>{say('hours.weekly')}</legend>
      {week.map((day) => (
        <Day key={day.weekday} day={day} onChange={(windows) => replace(day.weekday, windows)} />
      ))}
    </fieldset>
  );
}

function Day({
  day,
  onChange,
}: {
  readonly day: DayHours;
  readonly onChange: (windows: readonly TimeWindow[]) => void;
}) {
  const say = useSay();
  const format = useFormat();
  const name = format.weekday(mondayPlus(day.weekday - 1), 'UTC');
  return (
    <div className="week-day" role="group" aria-label={name}>
      <span className="week-name">{name}</span>
      <Windows name={name} windows={day.windows} onChange={onChange} />
      <button
        type="button"
        className="button button-quiet"
        aria-label={say('hours.addWindow', { day: name })}
        onClick={() => onChange([...day.windows, NEW_WINDOW])}
      >
        {say('common.add')}
      </button>
    </div>
  );
}

export function Windows({
  name,
  windows,
  onChange,
}: {
  readonly name: string;
  readonly windows: readonly TimeWindow[];
  readonly onChange: (windows: readonly TimeWindow[]) => void;
}) {
  const say = useSay();
  const set = (index: number, change: Partial<TimeWindow>): void =>
    onChange(windows.map((one, at) => (at === index ? { ...one, ...change } : one)));
  return (
    <div className="windows">
      {windows.length === 0 && <span className="hint">{say('hours.closed')}</span>}
      {windows.map((window, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- hours have no name of their own
        <span className="window" key={index}>
          <input
            type="time"
            required
            aria-label={`${name}: ${say('common.from')}`}
            value={window.from}
            onChange={(event) => set(index, { from: event.target.value })}
          />
          <span aria-hidden="true">–</span>
          <input
            type="time"
            required
            aria-label={`${name}: ${say('common.to')}`}
            value={window.to}
            onChange={(event) => set(index, { to: event.target.value })}
          />
          <button
            type="button"
            className="icon-button"
            aria-label={`${say('hours.removeWindow')}: ${name} ${window.from}`}
            onClick={() => onChange(windows.filter((_, at) => at !== index))}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
    </div>
  );
}

/** The fifth of January 1970 was a Monday. */
function mondayPlus(days: number): number {
  return Date.UTC(1970, 0, 5 + days);
}
