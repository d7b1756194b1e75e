import { charsOver } from '@bedside/core';
import { type InputHTMLAttributes, type ReactNode, useId } from 'react';
import { useSay } from '../app/words.tsx';

interface Labelled {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | null | undefined;
  readonly isOptional?: boolean;
}

function describedBy(id: string, hint?: string, error?: string | null): string | undefined {
  const parts = [hint === undefined ? '' : `${id}-hint`, error ? `${id}-error` : ''];
  const ids = parts.filter((part) => part !== '').join(' ');
  return ids === '' ? undefined : ids;
}

/** A label above, a hint between, an error below: each tied to the control. */
function Frame({
  id,
  label,
  hint,
  error,
  isOptional,
  children,
}: Labelled & { readonly id: string; readonly children: ReactNode }) {
  const say = useSay();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {isOptional === true && <span className="field-optional"> ({say('common.optional')})</span>}
      </label>
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children}
      {error != null && error !== '' && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

type InputProps = Labelled & {
  readonly value: string;
  readonly onChange: (value: string) => void;
} & Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'>;

export function TextField({
  label,
  hint,
  error,
  isOptional,
  value,
  onChange,
  ...rest
}: InputProps) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, isOptional: isOptional === true }}>
      <input
        {...rest}
        id={id}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy(id, hint, error)}
        onChange={(event) => onChange(event.target.value)}
      />
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  isOptional,
  value,
  rows,
  onChange,
  charsMax,
}: Labelled & {
  readonly value: string;
  readonly rows: number;
  /** What is longer is said to be so; nothing is cut off. Whoever keeps it looks at `charsOver`. */
  readonly charsMax: number;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  const say = useSay();
  const over = charsOver(value, charsMax);
  const told = over > 0 ? say('common.tooLong', { count: over }) : error;
  return (
    <Frame {...{ id, label, hint, error: told, isOptional: isOptional === true }}>
      <textarea
        id={id}
        rows={rows}
        value={value}
        aria-invalid={told ? true : undefined}
        aria-describedby={describedBy(id, hint, told)}
        onChange={(event) => onChange(event.target.value)}
      />
    </Frame>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function SelectField({
  label,
  hint,
  options,
  value,
  onChange,
}: Labelled & {
  readonly options: readonly Option[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint }}>
      <select
        id={id}
        value={value}
        aria-describedby={describedBy(id, hint)}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

export function CheckField({
  label,
  isOn,
  onChange,
}: {
  readonly label: ReactNode;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="check-field">
      <input
        id={id}
        type="checkbox"
        checked={isOn}
        onChange={(event) => onChange(event.target.checked)}
      />
      <label htmlFor={id}>{label}</label>
    </div>
  );
}
