import type { Draft, DraftFault, Question, QuestionType } from '@bedside/core';
import {
  changedAt,
  movedAt,
  optionsFrom,
  QUESTION_CHARS_MAX,
  QUESTION_TYPES,
  typedAt,
  withoutAt,
} from '@bedside/core';
import { useState } from 'react';
import { useSay } from '../../app/words.tsx';
import { CheckField, SelectField, TextArea } from '../../parts/field.tsx';
import { When } from './question-condition.tsx';

const OPTIONS_CHARS_MAX = 20_000;
/** A group is made by programs alone. */
const TYPES = QUESTION_TYPES.filter((type) => type !== 'group');

export function QuestionEditor({
  draft,
  at,
  question,
  fault,
  onChange,
}: {
  readonly draft: Draft;
  readonly at: number;
  readonly question: Question;
  readonly fault: DraftFault | null;
  readonly onChange: (draft: Draft) => void;
}) {
  const say = useSay();
  const number = say('forms.question', { count: at + 1 });
  const set = (change: Partial<Question>): void => onChange(changedAt(draft, at, change));
  const isAsked = question.type !== 'group' && question.type !== 'display';
  return (
    <fieldset className="card stack question-editor" data-fault={fault ?? undefined}>
      <legend>{number}</legend>
      <TextArea
        label={say('forms.text')}
        rows={2}
        charsMax={QUESTION_CHARS_MAX}
        error={fault === 'text' ? say('forms.fault.text') : null}
        value={question.text}
        onChange={(text) => set({ text })}
      />
      {question.type === 'group' ? (
        <p className="hint">{say('forms.group')}</p>
      ) : (
        <SelectField
          label={say('forms.type')}
          options={TYPES.map((value) => ({ value, label: say(`forms.type.${value}`) }))}
          value={question.type}
          onChange={(value) => onChange(typedAt(draft, at, typeOf(value)))}
        />
      )}
      {question.type === 'choice' && (
        <Options
          question={question}
          error={fault === 'options' ? say('forms.fault.options') : null}
          onChange={set}
        />
      )}
      <div className="checks">
        {isAsked && (
          <CheckField
            label={say('forms.required')}
            isOn={question.required}
            onChange={(required) => set({ required })}
          />
        )}
        {question.type === 'choice' && (
          <CheckField
            label={say('forms.repeats')}
            isOn={question.repeats}
            onChange={(repeats) => set({ repeats })}
          />
        )}
      </div>
      <When draft={draft} at={at} question={question} onChange={set} />
      {fault === 'condition' && <p className="field-error">{say('forms.fault.condition')}</p>}
      <div className="actions">
        <Act of={number} onPress={() => onChange(movedAt(draft, at, -1))} isOff={at === 0}>
          {say('forms.up')}
        </Act>
        <Act
          of={number}
          onPress={() => onChange(movedAt(draft, at, 1))}
          isOff={at === draft.items.length - 1}
        >
          {say('forms.down')}
        </Act>
        <Act of={number} onPress={() => onChange(withoutAt(draft, at))} isOff={false}>
          {say('common.remove')}
        </Act>
      </div>
    </fieldset>
  );
}

function Act({
  of,
  isOff,
  onPress,
  children,
}: {
  readonly of: string;
  readonly isOff: boolean;
  readonly onPress: () => void;
  readonly children: string;
}) {
  return (
    <button type="button" className="button button-quiet" disabled={isOff} onClick={onPress}>
      {children}
      <span className="visually-hidden"> {of}</span>
    </button>
  );
}

/** As typed, so that a line that is being begun is not taken away. */
function Options({
  question,
  error,
  onChange,
}: {
  readonly question: Question;
  readonly error: string | null;
  readonly onChange: (change: Partial<Question>) => void;
}) {
  const say = useSay();
  const [text, setText] = useState(() =>
    question.options.map(({ value, label }) => label || value).join('\n'),
  );
  return (
    <TextArea
      label={say('forms.options')}
      rows={4}
      charsMax={OPTIONS_CHARS_MAX}
      error={error}
      value={text}
      onChange={(typed) => {
        setText(typed);
        onChange({ options: optionsFrom(typed, question.options) });
      }}
    />
  );
}

function typeOf(value: string): QuestionType {
  return TYPES.find((one) => one === value) ?? 'boolean';
}
