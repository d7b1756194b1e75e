import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/problem.ts';
import { answersBody, filledFrom, readAnswers } from './answers.ts';
import type { Filled } from './questionnaire.ts';
import { allQuestions, askedWith, fillFaults, readQuestionnaire } from './questionnaire.ts';

const SMOKING = readQuestionnaire({
  id: 'qst_1',
  rev: 3,
  title: 'Before your visit',
  status: 'active',
  services: ['svc_1', 7],
  items: [
    { link_id: 'smokes', text: 'Do you smoke?', type: 'boolean', required: true },
    {
      link_id: 'more',
      text: 'Smoking',
      type: 'group',
      enable_when: [{ question: 'smokes', operator: '=', answer: { boolean: true } }],
      items: [
        { link_id: 'a-day', text: 'How many a day?', type: 'integer', required: true },
        {
          link_id: 'help',
          text: 'Would you like help?',
          type: 'choice',
          options: [{ value: 'yes' }, { value: 'later', label: 'Not now' }],
          enable_when: [{ question: 'a-day', operator: '>=', answer: { integer: 10 } }],
        },
      ],
    },
    { link_id: 'weight', text: 'Weight', type: 'decimal' },
    { link_id: 'since', text: 'Since when?', type: 'date' },
    { link_id: 'words', text: 'In your words', type: 'text', max_length: 5 },
  ],
});

const filled = (given: Readonly<Record<string, string>>): Filled =>
  new Map(Object.entries(given).map(([link, said]) => [link, [said]]));
const asked = (given: Readonly<Record<string, string>>): string[] =>
  askedWith(SMOKING.items, filled(given)).map(({ linkId }) => linkId);
const REST = ['weight', 'since', 'words'];

/** What is asked where the second of two questions depends on the first, which is answered with 3. */
const one = (operator: string, answer: object, behavior = 'all'): string[] => {
  const { items } = readQuestionnaire({
    id: 'qst_2',
    title: 'T',
    items: [
      { link_id: 'a', text: 'A', type: 'integer' },
      {
        link_id: 'b',
        text: 'B',
        type: 'text',
        enable_behavior: behavior,
        enable_when: [
          { question: 'a', operator, answer },
          { question: 'nobody', operator: 'exists', answer: { boolean: false } },
        ],
      },
    ],
  });
  return askedWith(items, filled({ a: '3' })).map(({ linkId }) => linkId);
};

describe('which questions are asked', () => {
  it.each([
    [{}, ['smokes', ...REST]],
    [{ smokes: 'false' }, ['smokes', ...REST]],
    [{ smokes: 'true' }, ['smokes', 'more', 'a-day', ...REST]],
    [{ smokes: 'true', 'a-day': '9' }, ['smokes', 'more', 'a-day', ...REST]],
    [{ smokes: 'true', 'a-day': '10' }, ['smokes', 'more', 'a-day', 'help', ...REST]],
    // What was answered before it was taken back does not count.
    [{ smokes: 'false', 'a-day': '10' }, ['smokes', ...REST]],
  ])('with %j', (given, expected) => {
    expect(asked(given)).toEqual(expected);
  });

  it.each([
    ['exists', { boolean: true }, true],
    ['exists', { boolean: false }, false],
    ['=', { integer: 3 }, true],
    ['!=', { integer: 3 }, false],
    ['!=', { integer: 4 }, true],
    ['>', { integer: 3 }, false],
    ['>', { integer: 2 }, true],
    ['<', { integer: 4 }, true],
    ['<=', { integer: 3 }, true],
    ['>=', { integer: 4 }, false],
    ['<', { decimal: 4 }, false],
  ])('3 %s %j', (operator, answer, isAsked) => {
    expect(one(operator, answer)).toEqual(isAsked ? ['a', 'b'] : ['a']);
  });

  it('one condition of several is enough where one is', () => {
    expect(one('>', { integer: 9 }, 'any')).toEqual(['a', 'b']);
  });
});

describe('what keeps answers from being sent', () => {
  it('is a required question that is asked and not answered, only once it is to be whole', () => {
    const given = filled({ smokes: 'true' });
    expect([...fillFaults(SMOKING.items, given, true)]).toEqual([['a-day', 'missing']]);
    expect([...fillFaults(SMOKING.items, given, false)]).toEqual([]);
    expect([...fillFaults(SMOKING.items, filled({ smokes: 'false' }), true)]).toEqual([]);
  });

  it.each([
    ['a-day', '2.5', 'no-whole-number'],
    ['a-day', '99999999999', 'no-whole-number'],
    ['weight', 'heavy', 'no-number'],
    ['since', 'May', 'no-date'],
    ['words', 'longer', 'too-long'],
  ])('is %s answered with %j', (link, said, fault) => {
    const faults = fillFaults(SMOKING.items, filled({ smokes: 'true', [link]: said }), false);
    expect(faults.get(link)).toBe(fault);
  });
});

it('sends the answers to what is asked, and to nothing else', () => {
  const given = filled({ smokes: 'false', 'a-day': '10', weight: '71,5', words: ' ok ' });
  expect(answersBody(SMOKING, given, 'completed')).toEqual({
    kind: 'answers',
    questionnaire: 'qst_1',
    questionnaire_rev: 3,
    status: 'completed',
    items: [
      { link_id: 'smokes', answers: [{ boolean: false }] },
      { link_id: 'weight', answers: [{ decimal: 71.5 }] },
      { link_id: 'words', answers: [{ text: 'ok' }] },
    ],
  });
});

it('what was sent stands in the fields again', () => {
  const given = filled({ smokes: 'true', 'a-day': '12', help: 'later', weight: '70' });
  const answers = readAnswers({
    id: 'rec_1',
    rev: 2,
    appointment: 'apt_1',
    entered: { at: '2026-03-01T06:00:00Z' },
    content: answersBody(SMOKING, given, 'completed'),
  });
  if (answers === null) throw new Error('no answers');
  expect(answers).toMatchObject({ appointment: 'apt_1', questionnaire: 'qst_1', rev: 2 });
  expect(filledFrom(answers)).toEqual(given);
  expect(readAnswers({ content: { kind: 'allergy' } })).toBeNull();
});

it('reads a questionnaire; one of a state that is not known is not asked', () => {
  expect(SMOKING.services).toEqual(['svc_1']);
  expect(allQuestions(SMOKING.items)).toHaveLength(7);
  const unknown = readQuestionnaire({ id: 'qst_2', title: 'T', status: 'new', items: [] });
  expect(unknown).toMatchObject({ status: 'retired', items: [] });
  expect(() => readQuestionnaire(null)).toThrow(ApiProblem);
});
