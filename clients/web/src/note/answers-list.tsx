import type { Answer, Answers, Question } from '@bedside/core';
import { allQuestions } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay } from '../app/words.tsx';
import { Asked } from '../parts/notice.tsx';
import { answersOf, questionnaireOf } from '../parts/questionnaires.ts';

const SHOWN = 10;

/** What a patient answered before visits, the newest first. */
export function AnswersList({ patient }: { readonly patient: string }) {
  const say = useSay();
  const answers = useQuery(answersOf(patient));
  const shown = (answers.data ?? [])
    .filter(({ status }) => status !== 'entered-in-error')
    .slice(0, SHOWN);
  if (answers.error === null && shown.length === 0) {
    return null;
  }
  return (
    <section className="record-kind" data-kind="answers">
      <h3>{say('record.answers')}</h3>
      <Asked query={answers}>{() => shown.map((one) => <Given key={one.id} given={one} />)}</Asked>
    </section>
  );
}

function Given({ given }: { readonly given: Answers }) {
  const say = useSay();
  const format = useFormat();
  const [isOpen, setOpen] = useState(false);
  const form = useQuery(questionnaireOf(given.questionnaire));
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {form.data?.title ?? say('record.answers')}, {format.moment(given.at)}
        {given.status === 'in-progress' && ` (${say('record.answers.unfinished')})`}
      </summary>
      {isOpen && (
        <Asked query={form}>
          {({ items }) => (
            <dl className="answers">
              {[...given.given].map(([link, answers]) => (
                <Line
                  key={link}
                  link={link}
                  question={allQuestions(items).find(({ linkId }) => linkId === link)}
                  answers={answers}
                />
              ))}
            </dl>
          )}
        </Asked>
      )}
    </details>
  );
}

/** A question that was taken out since is called by its name. */
function Line({
  link,
  question,
  answers,
}: {
  readonly link: string;
  readonly question: Question | undefined;
  readonly answers: readonly Answer[];
}) {
  const say = useSay();
  const format = useFormat();
  const tell = (answer: Answer): string => {
    if ('boolean' in answer) {
      return say(answer.boolean ? 'common.yes' : 'common.no');
    }
    if ('date' in answer) {
      return format.partialDate(answer.date);
    }
    if ('choice' in answer) {
      const option = question?.options.find(({ value }) => value === answer.choice);
      return option === undefined || option.label === '' ? answer.choice : option.label;
    }
    if ('text' in answer) {
      return answer.text;
    }
    return String('integer' in answer ? answer.integer : answer.decimal);
  };
  return (
    <div>
      <dt>{question?.text ?? link}</dt>
      <dd>{answers.map(tell).join(', ')}</dd>
    </div>
  );
}
