import type { DeviceOption } from '@bedside/media-web';
import { useId } from 'react';

/** A labelled choice of devices; says so where there is nothing to choose. */
export function DeviceSelect({
  label,
  options,
  value,
  emptyText,
  onChoose,
}: {
  readonly label: string;
  readonly options: readonly DeviceOption[];
  readonly value: string;
  readonly emptyText: string;
  readonly onChoose: (deviceId: string) => void;
}) {
  const id = useId();
  const known = options.some((option) => option.id === value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={known ? value : (options[0]?.id ?? '')}
        disabled={options.length === 0}
        onChange={(event) => onChoose(event.target.value)}
      >
        {options.length === 0 && <option value="">{emptyText}</option>}
        {options.map((option) => (
          <option key={option.id} value={option.id}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
