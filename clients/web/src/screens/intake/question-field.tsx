import type { FillFault, Question } from '@bedside/core';
import { useId } from 'react';
import { useSay } from '../../app/words.tsx';
import { TextArea, TextField } from '../../parts/field.tsx';

/** Longest text where the question says nothing: as the server bounds paragraphs. */
const TEXT_CHARS_MAX = 20_000;

interface FieldProps {
  readonly question: Question;
  readonly said: readonly string[];
  readonly fault: FillFault | null;
  readonly onChange: (said: readonly string[]) => void;
}

/** One question with the control that its type wants. */
export function QuestionField({ question, said, fault, onChange }: FieldProps) {
  const say = useSay();
  const { text, type, required, maxLength } = question;
  const error = fault === null || fault === 'too-long' ? null : say(`intake.wrong.${fault}`);
  const [first = ''] = said;
  const field = {
    label: text,
    isOptional: !required,
    error,
    value: first,
    onChange: (value: string) => onChange([value]),
  };
  switch (type) {
    case 'group':
      return <h2 className="question-group">{text}</h2>;
    case 'display':
      return <p>{text}</p>;
    case 'boolean':
      return (
        <Choices
          {...{ question, said, fault, onChange }}
          options={[
            { value: 'true', label: say('common.yes') },
            { value: 'false', label: say('common.no') },
          ]}
        />
      );
    case 'choice':
      return (
        <Choices
          {...{ question, said, fault, onChange }}
          options={question.options.map(({ value, label }) => ({ value, label: label || value }))}
        />
      );
    case 'text':
    case 'string':
      return (
        <TextArea
          {...field}
          rows={type === 'text' ? 4 : 1}
          charsMax={maxLength ?? TEXT_CHARS_MAX}
        />
      );
    case 'date':
      return <TextField {...field} type="date" aria-required={required} />;
    case 'integer':
      return <TextField {...field} inputMode="numeric" aria-required={required} />;
    case 'decimal':
      return <TextField {...field} inputMode="decimal" aria-required={required} />;
    default:
      return unreachable(type);
  }
}

/** One of them, or several where the question takes several. What may be left out can be taken back. */
function Choices({
  question: { text, required, repeats },
  said,
  fault,
  onChange,
  options,
}: FieldProps & {
  readonly options: readonly { readonly value: string; readonly label: string }[];
}) {
  const say = useSay();
  const id = useId();
  const isSeveral = repeats;
  const pick = (value: string, isOn: boolean): void => {
    const rest = said.filter((one) => one !== value);
    onChange(isSeveral ? (isOn ? [...rest, value] : rest) : [value]);
  };
  const all =
    isSeveral || required ? options : [...options, { value: '', label: say('intake.noAnswer') }];
  return (
    <fieldset className="checks" aria-describedby={fault === null ? undefined : `${id}-error`}>
      <legend>
        {text}
        {!required && <span className="field-optional"> ({say('common.optional')})</span>}
      </legend>
      {all.map(({ value, label }, i) => (
        <div key={value} className="check-field">
          <input
            id={`${id}-${i}`}
            name={id}
            type={isSeveral ? 'checkbox' : 'radio'}
            checked={said.includes(value) || (value === '' && said.length === 0)}
            onChange={(event) => pick(value, event.target.checked)}
          />
          <label htmlFor={`${id}-${i}`}>{label}</label>
        </div>
      ))}
      {fault !== null && (
        <p className="field-error" id={`${id}-error`}>
          {say(`intake.wrong.${fault}`)}
        </p>
      )}
    </fieldset>
  );
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
