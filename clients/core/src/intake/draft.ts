/** A questionnaire while it is being written: pure steps, and what keeps it from being kept. */
import { charsOver } from '../note/note.ts';
import type { Condition, Question, Questionnaire, QuestionType } from './questionnaire.ts';
import { allQuestions } from './questionnaire.ts';

/** As the server bounds them (`domain/questionnaire.rs`). */
export const QUESTIONS_MAX = 200;
export const QUESTION_CHARS_MAX = 1_000;
export const TITLE_CHARS_MAX = 200;
export const OPTIONS_MAX = 100;

export type Draft = Omit<Questionnaire, 'id' | 'rev'>;

export type DraftFault = 'title' | 'empty' | 'text' | 'options' | 'condition';

export const emptyDraft: Draft = { title: '', status: 'draft', services: [], items: [] };

/** Names are for programs: they stay what they are once answers refer to them. */
export function withQuestion(draft: Draft): Draft {
  const names = new Set(allQuestions(draft.items).map(({ linkId }) => linkId));
  let number = names.size + 1;
  while (names.has(`q${number}`)) {
    number += 1;
  }
  return { ...draft, items: [...draft.items, emptyQuestion(`q${number}`)] };
}

function emptyQuestion(linkId: string): Question {
  return {
    linkId,
    text: '',
    type: 'boolean',
    required: false,
    repeats: false,
    options: [],
    conditions: [],
    behavior: 'all',
    maxLength: null,
    items: [],
  };
}

export function changedAt(draft: Draft, at: number, change: Partial<Question>): Draft {
  return {
    ...draft,
    items: draft.items.map((one, i) => (i === at ? { ...one, ...change } : one)),
  };
}

/** Another type drops what only the old one had. */
export function typedAt(draft: Draft, at: number, type: QuestionType): Draft {
  const isAsked = type !== 'display' && type !== 'group';
  const old = draft.items[at];
  return changedAt(draft, at, {
    type,
    ...(type === 'choice' ? {} : { options: [], repeats: false }),
    ...(isAsked ? {} : { required: false }),
    ...(type === 'string' || type === 'text' ? {} : { maxLength: null }),
    ...(old === undefined ? {} : { text: old.text }),
  });
}

export function withoutAt(draft: Draft, at: number): Draft {
  return { ...draft, items: draft.items.filter((_, i) => i !== at) };
}

/** One place up (`-1`) or down (`1`). */
export function movedAt(draft: Draft, at: number, by: -1 | 1): Draft {
  const [one, other] = [draft.items[at], draft.items[at + by]];
  if (one === undefined || other === undefined) {
    return draft;
  }
  return {
    ...draft,
    items: draft.items.map((item, i) => (i === at ? other : i === at + by ? one : item)),
  };
}

/** Which questions may decide whether this one is asked: those before it that are answered with something. */
export function decidersOf(draft: Draft, at: number): readonly Question[] {
  return allQuestions(draft.items.slice(0, at)).filter(
    ({ type, text }) => type !== 'group' && type !== 'display' && text.trim() !== '',
  );
}

/** The condition that is offered first for a question: yes, the first choice, or that there is an answer. */
export function conditionOn(question: Question): Condition {
  const { linkId, type, options } = question;
  const [first] = options;
  if (type === 'choice' && first !== undefined) {
    return { question: linkId, operator: '=', answer: { choice: first.value } };
  }
  const operator = type === 'boolean' ? '=' : 'exists';
  return { question: linkId, operator, answer: { boolean: true } };
}

/** Choices, one a line. What a line says is what is kept; a label that was given elsewhere stays with its value. */
export function optionsFrom(
  text: string,
  before: Question['options'],
): { readonly value: string; readonly label: string }[] {
  const lines = text.split('\n').map((line) => line.trim());
  const wanted = [...new Set(lines.filter((line) => line !== ''))];
  return wanted.map(
    (line) =>
      before.find(({ value, label }) => (label === '' ? value : label) === line) ?? {
        value: line,
        label: '',
      },
  );
}

/** By question; `null` is the questionnaire itself. */
export function draftFaults(draft: Draft): ReadonlyMap<string | null, DraftFault> {
  const faults = new Map<string | null, DraftFault>();
  if (draft.title.trim() === '' || charsOver(draft.title, TITLE_CHARS_MAX) > 0) {
    faults.set(null, 'title');
  } else if (draft.items.length === 0 || allQuestions(draft.items).length > QUESTIONS_MAX) {
    faults.set(null, 'empty');
  }
  const seen = new Map<string, Question>();
  for (const question of allQuestions(draft.items)) {
    const { linkId, text, type, options, conditions } = question;
    if (text.trim() === '' || charsOver(text, QUESTION_CHARS_MAX) > 0) {
      faults.set(linkId, 'text');
    } else if (type === 'choice' && (options.length === 0 || options.length > OPTIONS_MAX)) {
      faults.set(linkId, 'options');
    } else if (!conditions.every((one) => doesFit(one, seen.get(one.question)))) {
      faults.set(linkId, 'condition');
    }
    seen.set(linkId, question);
  }
  return faults;
}

function doesFit({ operator, answer }: Condition, decider: Question | undefined): boolean {
  if (decider === undefined || decider.type === 'group' || decider.type === 'display') {
    return false;
  }
  if (operator === 'exists') {
    return 'boolean' in answer;
  }
  if ('choice' in answer && !decider.options.some(({ value }) => value === answer.choice)) {
    return false;
  }
  return answerKind(decider.type) === Object.keys(answer)[0];
}

function answerKind(type: QuestionType): string | null {
  switch (type) {
    case 'string':
      return 'text';
    case 'group':
    case 'display':
      return null;
    default:
      return type;
  }
}

/** As the API takes it. */
export function draftBody({ title, status, services, items }: Draft): object {
  return { title: title.trim(), status, services, items: items.map(questionBody) };
}

function questionBody(one: Question): object {
  return {
    link_id: one.linkId,
    text: one.text.trim(),
    type: one.type,
    required: one.required,
    repeats: one.repeats,
    options: one.options,
    enable_when: one.conditions,
    enable_behavior: one.behavior,
    ...(one.maxLength === null ? {} : { max_length: one.maxLength }),
    items: one.items.map(questionBody),
  };
}
