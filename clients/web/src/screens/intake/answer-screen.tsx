import type { Answers, Filled, Questionnaire } from '@bedside/core';
import { answered, answersBody, askedWith, fillFaults, filledFrom, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useRef, useState } from 'react';
import { api } from '../../app/api.ts';
import { Link, useShownId } from '../../app/navigation.tsx';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { asOpen } from '../../note/as-open.ts';
import { appointmentOf } from '../../note/records-of.ts';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { answersOf, questionnairesFor } from '../../parts/questionnaires.ts';
import { nameOf, practitionerQuery } from '../booking/directory.ts';
import { QuestionField } from './question-field.tsx';

/** What a clinic asks before one visit, to the patient whose visit it is. */
export function AnswerScreen() {
  const say = useSay();
  const id = useShownId();
  return (
    <div className="narrow">
      <p>
        <Link to="/appointments" className="link back-link">
          <Icon name="back" />
          {say('appts.title')}
        </Link>
      </p>
      <Heading title={say('intake.title')}>{say('intake.title')}</Heading>
      <SignedIn>{() => <OfVisit key={id} appointment={id} />}</SignedIn>
    </div>
  );
}

function OfVisit({ appointment }: { readonly appointment: string }) {
  const visit = useQuery(appointmentOf(appointment));
  return (
    <Asked query={visit}>
      {({ service, practitioner, patient }) =>
        patient == null ? null : <Forms {...{ appointment, service, practitioner, patient }} />
      }
    </Asked>
  );
}

function Forms({
  appointment,
  service,
  practitioner,
  patient,
}: {
  readonly appointment: string;
  readonly service: string;
  readonly practitioner: string;
  readonly patient: string;
}) {
  const say = useSay();
  const forms = useQuery(questionnairesFor(service));
  const given = useQuery(answersOf(patient));
  const doctor = useQuery(practitionerQuery(practitioner));
  return (
    <Asked query={forms}>
      {(all) =>
        all.length === 0 ? (
          <p className="empty">{say('intake.none')}</p>
        ) : (
          <Asked query={given}>
            {(answers) => (
              <>
                {doctor.data !== undefined && (
                  <p className="lead">
                    {say('intake.lead', { name: nameOf(doctor.data.profile) })}
                  </p>
                )}
                {all.map((form) => (
                  <Form
                    key={`${form.id} ${form.rev}`}
                    form={form}
                    patient={patient}
                    appointment={appointment}
                    before={
                      answers.find(
                        (one) =>
                          one.appointment === appointment &&
                          one.questionnaire === form.id &&
                          one.status !== 'entered-in-error',
                      ) ?? null
                    }
                  />
                ))}
              </>
            )}
          </Asked>
        )
      }
    </Asked>
  );
}

function Form({
  form,
  patient,
  appointment,
  before,
}: {
  readonly form: Questionnaire;
  readonly patient: string;
  readonly appointment: string;
  readonly before: Answers | null;
}) {
  const say = useSay();
  const id = useId();
  const client = useQueryClient();
  const element = useRef<HTMLFormElement>(null);
  const [filled, setFilled] = useState<Filled>(() =>
    before === null ? new Map() : filledFrom(before),
  );
  const [isChecked, setChecked] = useState(false);
  const [isChanged, setChanged] = useState(false);
  const [keys] = useState(() => new Map<string, string>());
  const wasSent = before !== null && before.status !== 'in-progress';
  const faults = fillFaults(form.items, filled, true);
  const shown = isChecked ? faults : fillFaults(form.items, filled, false);
  const send = useMutation({
    mutationFn: async (isWhole: boolean) => {
      const status = wasSent ? 'amended' : isWhole ? 'completed' : 'in-progress';
      const content = asOpen(answersBody(form, filled, status));
      if (before !== null) {
        const params = { path: { id: before.id }, header: ifMatch(before.rev) };
        return answered(api.PUT('/v1/record/{id}', { params, body: { content } }));
      }
      const wish = JSON.stringify(content);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id: patient }, header: { 'Idempotency-Key': key } };
      const body = { content, appointment };
      return answered(api.POST('/v1/patients/{id}/record', { params, body }));
    },
    onSuccess: () => setChanged(false),
    onSettled: () => client.invalidateQueries({ queryKey: answersOf(patient).queryKey }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setChecked(true);
    if (faults.size === 0) {
      send.mutate(true);
    } else {
      requestAnimationFrame(() =>
        element.current?.querySelector<HTMLElement>('[aria-invalid], [data-fault] input')?.focus(),
      );
    }
  };
  const isRevised = before !== null && before.questionnaireRev !== form.rev;
  return (
    <form ref={element} className="card stack" aria-labelledby={id} noValidate onSubmit={submit}>
      <h2 id={id}>{form.title}</h2>
      {isRevised && <Notice kind="warning">{say('intake.revised')}</Notice>}
      {askedWith(form.items, filled).map((question) => (
        <div
          key={question.linkId}
          className="question"
          data-fault={shown.get(question.linkId) ?? undefined}
        >
          <QuestionField
            question={question}
            said={filled.get(question.linkId) ?? []}
            fault={shown.get(question.linkId) ?? null}
            onChange={(said) => {
              setChanged(true);
              setFilled(new Map(filled).set(question.linkId, said));
            }}
          />
        </div>
      ))}
      {isChecked && faults.size > 0 && <Notice kind="warning">{say('intake.look')}</Notice>}
      <ProblemNotice error={send.error} />
      {before !== null && !isChanged && !isRevised && (
        <Notice kind={wasSent ? 'good' : 'plain'}>
          {say(wasSent ? 'intake.sent' : 'intake.kept')}
        </Notice>
      )}
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={send.isPending}
          disabled={send.isPending}
        >
          {say('intake.send')}
        </button>
        {!wasSent && (
          <button
            type="button"
            className="button"
            aria-busy={send.isPending}
            disabled={send.isPending || fillFaults(form.items, filled, false).size > 0}
            onClick={() => send.mutate(false)}
          >
            {say('intake.keep')}
          </button>
        )}
      </div>
    </form>
  );
}
