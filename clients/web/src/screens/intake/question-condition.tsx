import type { Answer, Condition, Draft, Question, QuestionType } from '@bedside/core';
import { conditionOn, decidersOf, OPERATORS } from '@bedside/core';
import { useState } from 'react';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';

/** When it is asked: always, or after one answer to a question before it. */
export function When({
  draft,
  at,
  question,
  onChange,
}: {
  readonly draft: Draft;
  readonly at: number;
  readonly question: Question;
  readonly onChange: (change: Partial<Question>) => void;
}) {
  const say = useSay();
  const deciders = decidersOf(draft, at);
  const [condition, ...more] = question.conditions;
  if (more.length > 0) {
    return <p className="hint">{say('forms.manyConditions')}</p>;
  }
  if (deciders.length === 0 && condition === undefined) {
    return null;
  }
  const decider = deciders.find(({ linkId }) => linkId === condition?.question);
  return (
    <div className="columns">
      <SelectField
        label={say('forms.when')}
        options={[
          { value: '', label: say('forms.always') },
          ...deciders.map(({ linkId, text }) => ({
            value: linkId,
            label: say('forms.after', { text }),
          })),
          // One that moved below stays chosen until somebody decides.
          ...(condition !== undefined && decider === undefined
            ? [{ value: condition.question, label: say('forms.after', { text: '?' }) }]
            : []),
        ]}
        value={condition?.question ?? ''}
        onChange={(link) => {
          const chosen = deciders.find(({ linkId }) => linkId === link);
          onChange({ conditions: chosen === undefined ? [] : [conditionOn(chosen)] });
        }}
      />
      {condition !== undefined && decider !== undefined && (
        <Compared
          condition={condition}
          decider={decider}
          onChange={(changed) => onChange({ conditions: [changed] })}
        />
      )}
    </div>
  );
}

const ORDERED: ReadonlySet<QuestionType> = new Set(['integer', 'decimal', 'date']);

function Compared({
  condition,
  decider,
  onChange,
}: {
  readonly condition: Condition;
  readonly decider: Question;
  readonly onChange: (condition: Condition) => void;
}) {
  const say = useSay();
  const operators = OPERATORS.filter(
    (one) => ORDERED.has(decider.type) || one === 'exists' || one === '=' || one === '!=',
  );
  return (
    <>
      <SelectField
        label={say('forms.how')}
        options={operators.map((value) => ({ value, label: say(`forms.op.${value}`) }))}
        value={condition.operator}
        onChange={(value) => {
          const operator = operators.find((one) => one === value) ?? 'exists';
          const isKept = operator !== 'exists' && condition.operator !== 'exists';
          const answer = isKept ? condition.answer : firstAnswer(decider, operator === 'exists');
          onChange({ ...condition, operator, answer });
        }}
      />
      {condition.operator !== 'exists' && (
        <Value decider={decider} condition={condition} onChange={onChange} />
      )}
    </>
  );
}

function Value({
  decider,
  condition,
  onChange,
}: {
  readonly decider: Question;
  readonly condition: Condition;
  readonly onChange: (condition: Condition) => void;
}) {
  const say = useSay();
  const label = say('forms.value');
  const said = String(Object.values(condition.answer)[0]);
  const [typed, setTyped] = useState(said);
  const set = (answer: Answer): void => onChange({ ...condition, answer });
  switch (decider.type) {
    case 'boolean':
      return (
        <SelectField
          label={label}
          options={[
            { value: 'true', label: say('common.yes') },
            { value: 'false', label: say('common.no') },
          ]}
          value={said}
          onChange={(value) => set({ boolean: value === 'true' })}
        />
      );
    case 'choice':
      return (
        <SelectField
          label={label}
          options={decider.options.map((one) => ({
            value: one.value,
            label: one.label || one.value,
          }))}
          value={said}
          onChange={(choice) => set({ choice })}
        />
      );
    case 'date':
      return (
        <TextField label={label} type="date" value={said} onChange={(date) => set({ date })} />
      );
    case 'integer':
    case 'decimal':
      return (
        <TextField
          label={label}
          type="number"
          step={decider.type === 'integer' ? 1 : 'any'}
          value={typed}
          onChange={(text) => {
            setTyped(text);
            const number = Number(text);
            if (text.trim() !== '' && Number.isFinite(number)) {
              set(
                decider.type === 'integer' ? { integer: Math.round(number) } : { decimal: number },
              );
            }
          }}
        />
      );
    case 'string':
    case 'text':
      return <TextField label={label} value={said} onChange={(text) => set({ text })} />;
    case 'display':
    case 'group':
      return null;
    default:
      return unreachable(decider.type);
  }
}

/** What it is compared with at first. */
function firstAnswer({ type, options }: Question, isExistence: boolean): Answer {
  if (isExistence) {
    return { boolean: true };
  }
  switch (type) {
    case 'choice':
      return { choice: options[0]?.value ?? '' };
    case 'integer':
      return { integer: 0 };
    case 'decimal':
      return { decimal: 0 };
    case 'date':
      return { date: new Date().toISOString().slice(0, 10) };
    case 'string':
    case 'text':
      return { text: '' };
    default:
      return { boolean: true };
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
