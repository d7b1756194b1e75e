import type { Draft, Questionnaire } from '@bedside/core';
import {
  answered,
  draftBody,
  draftFaults,
  emptyDraft,
  ifMatch,
  QUESTIONS_MAX,
  STATUSES,
  withQuestion,
} from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { asOpen } from '../../note/as-open.ts';
import { CheckField, SelectField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Notice, ProblemNotice } from '../../parts/notice.tsx';
import { servicesQuery } from '../booking/directory.ts';
import { QuestionEditor } from './question-editor.tsx';

/** One questionnaire while it is written. What is asked by whom is the core's (`intake/draft.ts`). */
export function QuestionnaireEditor({
  clinic,
  form,
  onClose,
}: {
  readonly clinic: string;
  readonly form: Questionnaire | null;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  const element = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Draft>(form ?? emptyDraft);
  const [isChecked, setChecked] = useState(false);
  const services = useQuery(servicesQuery(clinic));
  const faults = draftFaults(draft);
  const save = useMutation({
    mutationFn: () => {
      const body = asOpen(draftBody(draft));
      return form === null
        ? answered(api.POST('/v1/questionnaires', { body }))
        : answered(
            api.PUT('/v1/questionnaires/{id}', {
              params: { path: { id: form.id }, header: ifMatch(form.rev) },
              body,
            }),
          );
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['questionnaires'] });
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setChecked(true);
    if (faults.size === 0) {
      save.mutate();
    } else {
      requestAnimationFrame(() =>
        element.current
          ?.querySelector<HTMLElement>('[data-fault] input, [data-fault] textarea')
          ?.focus(),
      );
    }
  };
  const title = form?.title ?? say('forms.new');
  const ownFault = isChecked ? faults.get(null) : undefined;
  const wasAsked = form !== null && form.status !== 'draft';
  return (
    <form ref={element} className="stack" noValidate onSubmit={submit}>
      <Heading title={title}>{title}</Heading>
      <div className="card stack" data-fault={ownFault === 'title' ? 'title' : undefined}>
        <TextField
          label={say('forms.name')}
          required
          error={ownFault === 'title' ? say('forms.fault.title') : null}
          value={draft.title}
          onChange={(text) => setDraft({ ...draft, title: text })}
        />
        <SelectField
          label={say('forms.status')}
          hint={wasAsked ? say('forms.noDraftAgain') : undefined}
          options={STATUSES.filter((one) => one !== 'draft' || !wasAsked).map((value) => ({
            value,
            label: say(`forms.status.${value}`),
          }))}
          value={draft.status}
          onChange={(value) =>
            setDraft({ ...draft, status: STATUSES.find((one) => one === value) ?? 'draft' })
          }
        />
        <fieldset className="checks">
          <legend>{say('forms.services')}</legend>
          {(services.data?.items ?? []).map(({ id, name }) => (
            <CheckField
              key={id}
              label={name}
              isOn={draft.services.includes(id)}
              onChange={(isOn) => {
                const rest = draft.services.filter((one) => one !== id);
                setDraft({ ...draft, services: isOn ? [...rest, id] : rest });
              }}
            />
          ))}
        </fieldset>
      </div>
      <ol className="questions">
        {draft.items.map((question, at) => (
          <li key={question.linkId}>
            <QuestionEditor
              draft={draft}
              at={at}
              question={question}
              fault={isChecked ? (faults.get(question.linkId) ?? null) : null}
              onChange={setDraft}
            />
          </li>
        ))}
      </ol>
      {ownFault === 'empty' && <Notice kind="warning">{say('forms.fault.empty')}</Notice>}
      <ProblemNotice error={save.error} />
      <div className="actions actions-sticky">
        <button type="submit" className="button button-primary" aria-busy={save.isPending}>
          {say('common.save')}
        </button>
        <button
          type="button"
          className="button"
          disabled={draft.items.length >= QUESTIONS_MAX}
          onClick={() => setDraft(withQuestion(draft))}
        >
          {say('forms.add')}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {say('common.cancel')}
        </button>
      </div>
    </form>
  );
}
