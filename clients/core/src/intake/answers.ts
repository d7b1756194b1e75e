/** Answers to a questionnaire, as they are sent and as the record keeps them. */
import { fields, list, text, textOrNull } from '../visit/read-visit.ts';
import type { Answer, Filled, Questionnaire } from './questionnaire.ts';
import { answersTo, askedWith, readAnswer } from './questionnaire.ts';

/** What is sent: the answers to what is asked, and to nothing else. */
export function answersBody(
  { id, rev, items }: Questionnaire,
  filled: Filled,
  status: 'in-progress' | 'completed' | 'amended',
): object {
  const given = askedWith(items, filled)
    .filter(({ type }) => type !== 'group' && type !== 'display')
    .map((question) => ({ link_id: question.linkId, answers: answersTo(question, filled) }))
    .filter(({ answers }) => answers.length > 0);
  return { kind: 'answers', questionnaire: id, questionnaire_rev: rev, status, items: given };
}

export interface Answers {
  readonly id: string;
  readonly rev: number;
  readonly appointment: string | null;
  readonly questionnaire: string;
  readonly questionnaireRev: number;
  readonly status: string;
  /** When this revision was said. */
  readonly at: string;
  readonly given: ReadonlyMap<string, readonly Answer[]>;
}

/** An entry of the record that answers a questionnaire; `null` for any other. */
export function readAnswers(view: unknown): Answers | null {
  const entry = fields(view);
  const content = fields(entry['content']);
  if (content['kind'] !== 'answers') {
    return null;
  }
  const { rev } = entry;
  const asked = content['questionnaire_rev'];
  return {
    id: text(entry['id']),
    rev: typeof rev === 'number' ? rev : 0,
    appointment: textOrNull(entry['appointment']),
    questionnaire: text(content['questionnaire']),
    questionnaireRev: typeof asked === 'number' ? asked : 0,
    status: text(content['status']),
    at: textOrNull(fields(entry['entered'])['at']) ?? '',
    given: new Map(
      list(content['items']).map((one) => {
        const { link_id: link, answers } = fields(one);
        const said = list(answers).map(readAnswer);
        return [textOrNull(link) ?? '', said.filter((answer) => answer !== null)] as const;
      }),
    ),
  };
}

/** The answers that were given, as they stand in the fields. */
export function filledFrom({ given }: Answers): Filled {
  return new Map(
    [...given].map(([link, answers]) => [
      link,
      answers.map((answer) => String(Object.values(answer)[0])),
    ]),
  );
}
