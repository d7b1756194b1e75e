/**
 * Questionnaires before a visit, in FHIR R4's words (`Questionnaire.item`): which questions are asked depends on answers
 * to those before. The server decides the same way (`domain/questionnaire/answers.rs`); here it decides what is shown.
 */
import { charsOver } from '../note/note.ts';
import { fields, list, oneOf, text, textOrNull } from '../visit/read-visit.ts';

export const QUESTION_TYPES = [
  'boolean',
  'choice',
  'string',
  'text',
  'integer',
  'decimal',
  'date',
  'display',
  'group',
] as const;
export type QuestionType = (typeof QUESTION_TYPES)[number];

export const OPERATORS = ['exists', '=', '!=', '>', '<', '>=', '<='] as const;
export type Operator = (typeof OPERATORS)[number];

/** How the wire names it, and what it says: `{ boolean: true }`, `{ choice: "tea" }`. */
export type Answer =
  | { readonly boolean: boolean }
  | { readonly decimal: number }
  | { readonly integer: number }
  | { readonly date: string }
  | { readonly text: string }
  | { readonly choice: string };

export interface Condition {
  readonly question: string;
  readonly operator: Operator;
  readonly answer: Answer;
}

export interface Question {
  readonly linkId: string;
  readonly text: string;
  readonly type: QuestionType;
  readonly required: boolean;
  readonly repeats: boolean;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  /** When it is asked; always, when empty. */
  readonly conditions: readonly Condition[];
  readonly behavior: 'all' | 'any';
  readonly maxLength: number | null;
  readonly items: readonly Question[];
}

export const STATUSES = ['draft', 'active', 'retired'] as const;

export interface Questionnaire {
  readonly id: string;
  readonly rev: number;
  readonly title: string;
  readonly status: (typeof STATUSES)[number];
  /** The visit types that it is asked for; all, when empty. */
  readonly services: readonly string[];
  readonly items: readonly Question[];
}

/** What stands in the fields: one text for most questions, several for what is chosen; `true` and `false` for yes and no. */
export type Filled = ReadonlyMap<string, readonly string[]>;

export type FillFault = 'missing' | 'no-number' | 'no-whole-number' | 'no-date' | 'too-long';

const I32_MAX = 2 ** 31 - 1;

export function readQuestionnaire(view: unknown): Questionnaire {
  const found = fields(view);
  const { rev } = found;
  return {
    id: text(found['id']),
    rev: typeof rev === 'number' ? rev : 0,
    title: text(found['title']),
    status: oneOf(STATUSES, found['status'], 'retired'),
    services: list(found['services']).filter((one) => typeof one === 'string'),
    items: list(found['items']).map(readQuestion),
  };
}

function readQuestion(view: unknown): Question {
  const found = fields(view);
  const max = found['max_length'];
  return {
    linkId: text(found['link_id']),
    text: text(found['text']),
    type: oneOf(QUESTION_TYPES, found['type'], 'display'),
    required: found['required'] === true,
    repeats: found['repeats'] === true,
    options: list(found['options']).map((option) => {
      const { value, label } = fields(option);
      return { value: text(value), label: textOrNull(label) ?? '' };
    }),
    conditions: list(found['enable_when']).flatMap((one) => {
      const condition = fields(one);
      const answer = readAnswer(condition['answer']);
      const operator = oneOf(OPERATORS, condition['operator'], 'exists');
      return answer === null ? [] : [{ question: text(condition['question']), operator, answer }];
    }),
    behavior: oneOf(['all', 'any'], found['enable_behavior'], 'all'),
    maxLength: typeof max === 'number' ? max : null,
    items: list(found['items']).map(readQuestion),
  };
}

/** `null` for what no question is answered with. */
export function readAnswer(value: unknown): Answer | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const [[kind, said] = []] = Object.entries(value);
  switch (kind) {
    case 'boolean':
      return typeof said === 'boolean' ? { boolean: said } : null;
    case 'decimal':
      return typeof said === 'number' ? { decimal: said } : null;
    case 'integer':
      return typeof said === 'number' ? { integer: said } : null;
    case 'date':
      return typeof said === 'string' ? { date: said } : null;
    case 'text':
      return typeof said === 'string' ? { text: said } : null;
    case 'choice':
      return typeof said === 'string' ? { choice: said } : null;
    default:
      return null;
  }
}

/** The questions, groups and texts that stand there with these answers, in order. */
export function askedWith(items: readonly Question[], filled: Filled): readonly Question[] {
  const asked: Question[] = [];
  walk(items, filled, new Map(), asked);
  return asked;
}

/** A condition looks only at questions that were asked themselves. */
function walk(
  items: readonly Question[],
  filled: Filled,
  answers: Map<string, readonly Answer[]>,
  asked: Question[],
): void {
  for (const question of items) {
    if (isEnabled(question, answers)) {
      asked.push(question);
      if (question.type === 'group') {
        walk(question.items, filled, answers, asked);
      } else if (question.type !== 'display') {
        answers.set(question.linkId, answersTo(question, filled));
      }
    }
  }
}

function isEnabled(
  { conditions, behavior }: Question,
  answers: ReadonlyMap<string, readonly Answer[]>,
): boolean {
  const doesHold = (condition: Condition): boolean =>
    holds(condition, answers.get(condition.question) ?? []);
  if (conditions.length === 0) {
    return true;
  }
  return behavior === 'all' ? conditions.every(doesHold) : conditions.some(doesHold);
}

function holds({ operator, answer }: Condition, given: readonly Answer[]): boolean {
  const isLike = (one: Answer): boolean => JSON.stringify(one) === JSON.stringify(answer);
  const compared = given.map((one) => order(one, answer)).filter((one) => one !== null);
  switch (operator) {
    case 'exists':
      return 'boolean' in answer && answer.boolean === given.length > 0;
    case '=':
      return given.some(isLike);
    case '!=':
      // FHIR R4: at least one answer differs; a question without answers differs from none.
      return given.some((one) => !isLike(one));
    case '>':
      return compared.some((one) => one > 0);
    case '<':
      return compared.some((one) => one < 0);
    case '>=':
      return compared.some((one) => one >= 0);
    case '<=':
      return compared.some((one) => one <= 0);
    default:
      return unreachable(operator);
  }
}

/** Below, at or above zero; `null` for what has no order. */
function order(one: Answer, other: Answer): number | null {
  if ('decimal' in one && 'decimal' in other) {
    return one.decimal - other.decimal;
  }
  if ('integer' in one && 'integer' in other) {
    return one.integer - other.integer;
  }
  return 'date' in one && 'date' in other ? one.date.localeCompare(other.date) : null;
}

/** What the fields of a question say; what is none of its answers says nothing. */
export function answersTo(question: Question, filled: Filled): readonly Answer[] {
  return (filled.get(question.linkId) ?? [])
    .map((said) => answerTo(question, said.trim()))
    .filter((one): one is Answer => typeof one === 'object' && one !== null);
}

function answerTo({ type, options, maxLength }: Question, said: string): Answer | FillFault | null {
  if (said === '') {
    return null;
  }
  switch (type) {
    case 'boolean':
      return said === 'true' || said === 'false' ? { boolean: said === 'true' } : null;
    case 'choice':
      return options.some(({ value }) => value === said) ? { choice: said } : null;
    case 'integer': {
      const whole = /^[+-]?\d+$/.test(said) ? Number(said) : Number.NaN;
      return Math.abs(whole) <= I32_MAX ? { integer: whole } : 'no-whole-number';
    }
    case 'decimal': {
      const number = /^[+-]?\d+(?:[.,]\d+)?$/.test(said) ? Number(said.replace(',', '.')) : NaN;
      return Number.isFinite(number) ? { decimal: number } : 'no-number';
    }
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(said) ? { date: said } : 'no-date';
    case 'string':
    case 'text':
      return maxLength !== null && charsOver(said, maxLength) > 0 ? 'too-long' : { text: said };
    case 'display':
    case 'group':
      return null;
    default:
      return unreachable(type);
  }
}

/** What keeps the answers from being sent, by question; `isWhole`: whether every required one must be there. */
export function fillFaults(
  items: readonly Question[],
  filled: Filled,
  isWhole: boolean,
): ReadonlyMap<string, FillFault> {
  const faults = new Map<string, FillFault>();
  for (const question of askedWith(items, filled)) {
    const said = (filled.get(question.linkId) ?? []).map((one) => answerTo(question, one.trim()));
    const fault = said.find((one) => typeof one === 'string');
    if (fault !== undefined) {
      faults.set(question.linkId, fault);
    } else if (isWhole && question.required && said.every((one) => one === null)) {
      faults.set(question.linkId, 'missing');
    }
  }
  return faults;
}

/** Every question of a questionnaire, those of groups too. */
export function allQuestions(items: readonly Question[]): readonly Question[] {
  return items.flatMap((one) => [one, ...allQuestions(one.items)]);
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
