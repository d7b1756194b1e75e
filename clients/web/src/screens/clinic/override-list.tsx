import type { Schemas } from '@bedside/core';
import { useSay } from '../../app/words.tsx';
import { TextField } from '../../parts/field.tsx';
import { type TimeWindow, Windows } from './week-editor.tsx';

type Override = Schemas['OverrideBody'];

/** Days on which other hours hold: leave, holidays, an extra Saturday. */
export function OverrideList({
  overrides,
  onChange,
}: {
  readonly overrides: readonly Override[];
  readonly onChange: (overrides: Override[]) => void;
}) {
  const say = useSay();
  const replace = (index: number, change: Partial<Override>): void =>
    onChange(overrides.map((one, at) => (at === index ? { ...one, ...change } : one)));
  const windowsOf = ({ windows }: Override): TimeWindow[] =>
    windows.map(({ from, to }) => ({ from: from.slice(0, 5), to: to.slice(0, 5) }));
  return (
    <fieldset className="card">
      <legend>{say('hours.overrides')}</legend>
      <p className="hint">{say('hours.overridesText')}</p>
      {overrides.map((override, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- days have no name of their own while they are typed
        <div className="override" key={index}>
          <TextField
            label={say('hours.first')}
            type="date"
            required
            value={override.first}
            onChange={(first) =>
              replace(index, { first, last: override.last < first ? first : override.last })
            }
          />
          <TextField
            label={say('hours.last')}
            type="date"
            required
            min={override.first}
            value={override.last}
            onChange={(last) => replace(index, { last })}
          />
          <Windows
            name={override.first}
            windows={windowsOf(override)}
            onChange={(windows) =>
              replace(index, {
                windows: windows.map(({ from, to }) => ({ from: `${from}:00`, to: `${to}:00` })),
              })
            }
          />
          <span className="actions">
            <button
              type="button"
              className="button button-quiet"
              onClick={() =>
                replace(index, {
                  windows: [...override.windows, { from: '09:00:00', to: '12:00:00' }],
                })
              }
            >
              {say('hours.addWindow', { day: override.first })}
            </button>
            <button
              type="button"
              className="button button-quiet"
              onClick={() => onChange(overrides.filter((_, at) => at !== index))}
            >
              {say('common.remove')}
            </button>
          </span>
        </div>
      ))}
      <button
        type="button"
        className="button"
        onClick={() => onChange([...overrides, { first: today(), last: today(), windows: [] }])}
      >
        {say('hours.addOverride')}
      </button>
    </fieldset>
  );
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
