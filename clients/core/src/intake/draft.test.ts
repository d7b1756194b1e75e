import { expect, it } from 'vitest';
import {
  changedAt,
  conditionOn,
  decidersOf,
  type Draft,
  draftBody,
  draftFaults,
  emptyDraft,
  movedAt,
  optionsFrom,
  typedAt,
  withoutAt,
  withQuestion,
} from './draft.ts';
import { readQuestionnaire } from './questionnaire.ts';

/** Two questions, the second asked where the first is answered with yes. */
function two(): Draft {
  const draft = withQuestion(withQuestion({ ...emptyDraft, title: 'Before' }));
  const named = changedAt(changedAt(draft, 0, { text: 'Do you smoke?' }), 1, { text: 'Much?' });
  const [first] = named.items;
  if (first === undefined) throw new Error('no question');
  return changedAt(named, 1, { conditions: [conditionOn(first)] });
}

it('a question that is asked after another may depend on it', () => {
  const draft = two();
  expect(draft.items.map(({ linkId }) => linkId)).toEqual(['q1', 'q2']);
  expect(decidersOf(draft, 1).map(({ linkId }) => linkId)).toEqual(['q1']);
  expect([...draftFaults(draft)]).toEqual([]);
});

it('moved before it, or left without it, it is said to be wrong', () => {
  expect([...draftFaults(movedAt(two(), 1, -1))]).toEqual([['q2', 'condition']]);
  expect([...draftFaults(withoutAt(two(), 0))]).toEqual([['q2', 'condition']]);
  expect(movedAt(two(), 0, -1)).toEqual(two());
});

it('of another type than what it is compared with, too', () => {
  expect([...draftFaults(typedAt(two(), 0, 'integer'))]).toEqual([['q2', 'condition']]);
});

it('names stay apart from those that are there', () => {
  expect(withQuestion(withoutAt(two(), 0)).items.map(({ linkId }) => linkId)).toEqual(['q2', 'q3']);
});

it('without title, question, text or choices it cannot be kept', () => {
  expect([...draftFaults(emptyDraft)]).toEqual([[null, 'title']]);
  expect([...draftFaults({ ...emptyDraft, title: 'A' })]).toEqual([[null, 'empty']]);
  const bare = withQuestion({ ...emptyDraft, title: 'A' });
  expect([...draftFaults(bare)]).toEqual([['q1', 'text']]);
  const choice = typedAt(changedAt(bare, 0, { text: 'Which?' }), 0, 'choice');
  expect([...draftFaults(choice)]).toEqual([['q1', 'options']]);
});

it('choices are lines; a label keeps its value', () => {
  const before = [{ value: 'late', label: 'Not now' }];
  expect(optionsFrom(' Tea \n\nNot now\nTea', before)).toEqual([
    { value: 'Tea', label: '' },
    { value: 'late', label: 'Not now' },
  ]);
});

it('another type drops what only the old one had', () => {
  const choice = typedAt(two(), 0, 'choice');
  const filled = changedAt(choice, 0, { options: [{ value: 'a', label: '' }], required: true });
  expect(typedAt(filled, 0, 'display').items[0]).toMatchObject({ options: [], required: false });
});

it('what the API answers is sent back as it was, groups and several conditions too', () => {
  const view = {
    title: 'T',
    status: 'active',
    services: ['svc_1'],
    items: [
      {
        link_id: 'g',
        text: 'Group',
        type: 'group',
        required: false,
        repeats: false,
        options: [],
        enable_when: [],
        enable_behavior: 'any',
        items: [
          {
            link_id: 'x',
            text: 'X',
            type: 'string',
            required: true,
            repeats: false,
            options: [],
            enable_when: [],
            enable_behavior: 'all',
            max_length: 9,
            items: [],
          },
        ],
      },
    ],
  };
  expect(draftBody(readQuestionnaire({ id: 'q', rev: 1, ...view }))).toEqual(view);
});
