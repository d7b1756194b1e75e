import type { Schemas } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { OWN_ZONE, startOfDay, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';

type Slot = Schemas['SlotView'];

export function daysOf(from: Date, count: number): Date[] {
  return Array.from({ length: count }, (_, index) => startOfDay(from, OWN_ZONE, index));
}

/** Some days with the number of their free times; below them the times of the day that is chosen. */
export function DayChooser({
  days,
  slots,
  day,
  clinicZone,
  canGoBack,
  onDay,
  onPage,
  onSlot,
  onNextFree,
  findNextFree,
}: {
  readonly days: readonly Date[];
  readonly slots: readonly Slot[];
  readonly day: number;
  /** The clinic's zone, where its clock shows something else. */
  readonly clinicZone: string | null;
  readonly canGoBack: boolean;
  readonly onDay: (day: number) => void;
  readonly onPage: (pages: 1 | -1) => void;
  readonly onSlot: (slot: Slot) => void;
  readonly onNextFree: (day: Date) => void;
  readonly findNextFree: () => Promise<Date | null>;
}) {
  const say = useSay();
  const format = useFormat();
  const byDay = days.map((start, index) => {
    const end = days[index + 1] ?? startOfDay(start, OWN_ZONE, 1);
    return { start, slots: slots.filter((slot) => isWithin(slot, start, end)) };
  });
  const chosen =
    byDay.find(({ start, slots: free }) => start.getTime() === day && free.length > 0) ??
    byDay.find(({ slots: free }) => free.length > 0);
  return (
    <div className="days">
      <div className="days-head">
        <button
          type="button"
          className="icon-button"
          aria-label={say('slots.earlier')}
          disabled={!canGoBack}
          onClick={() => onPage(-1)}
        >
          <Icon name="back" />
        </button>
        <ul className="day-list" aria-label={say('slots.days')}>
          {byDay.map(({ start, slots: free }) => (
            <li key={start.getTime()}>
              <button
                type="button"
                className="day"
                disabled={free.length === 0}
                aria-pressed={start === chosen?.start}
                onClick={() => onDay(start.getTime())}
              >
                <span className="day-name">{format.weekday(start)}</span>
                <span className="day-number">{format.dayOfMonth(start)}</span>
                <span className="day-count" aria-hidden="true">
                  {free.length === 0 ? '–' : free.length}
                </span>
                <span className="visually-hidden">
                  {say('slots.count', { count: free.length })}
                </span>
              </button>
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="icon-button"
          aria-label={say('slots.later')}
          onClick={() => onPage(1)}
        >
          <Icon name="forward" />
        </button>
      </div>
      {chosen === undefined ? (
        <NoneFree onNextFree={onNextFree} findNextFree={findNextFree} />
      ) : (
        <section aria-labelledby="times">
          <h2 id="times" className="times-title">
            {say('slots.timesOn', { day: format.day(chosen.start) })}
          </h2>
          <ul className="times">
            {chosen.slots.map((slot) => (
              <li key={`${slot.start}${slot.practitioner}`}>
                <button type="button" className="time" onClick={() => onSlot(slot)}>
                  {format.time(slot.start)}
                  {clinicZone !== null && (
                    <span className="time-there">
                      {say('slots.clinicTime', { time: format.time(slot.start, clinicZone) })}
                    </span>
                  )}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function NoneFree({
  onNextFree,
  findNextFree,
}: {
  readonly onNextFree: (day: Date) => void;
  readonly findNextFree: () => Promise<Date | null>;
}) {
  const say = useSay();
  const find = useMutation({
    mutationFn: findNextFree,
    onSuccess: (day) => {
      if (day !== null) {
        onNextFree(day);
      }
    },
  });
  return (
    <div className="stack">
      <Notice kind="plain">{say(find.data === null ? 'find.noTime' : 'slots.none')}</Notice>
      <ProblemNotice error={find.error} />
      <button
        type="button"
        className="button button-primary"
        aria-busy={find.isPending}
        onClick={() => find.mutate()}
      >
        {say('slots.nextFree')}
      </button>
    </div>
  );
}

function isWithin(slot: Slot, start: Date, end: Date): boolean {
  const at = new Date(slot.start).getTime();
  return at >= start.getTime() && at < end.getTime();
}
