import { type ChangeEvent, useId } from 'react';

/** Chooses a file, which is handed on at once; the same can be chosen again. */
export function FileField({
  label,
  hint,
  accept,
  onFile,
}: {
  readonly label: string;
  readonly hint?: string;
  /** As the `accept` of an input. */
  readonly accept: string;
  readonly onFile: (file: File) => void;
}) {
  const id = useId();
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    for (const file of event.target.files ?? []) {
      onFile(file);
    }
    event.target.value = '';
  };
  return (
    <div className="field file-field">
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <input
        id={id}
        type="file"
        accept={accept}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={take}
      />
    </div>
  );
}
