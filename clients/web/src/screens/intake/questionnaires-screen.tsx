import type { Questionnaire } from '@bedside/core';
import { allQuestions, answered, readQuestionnaire } from '@bedside/core';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { QuestionnaireEditor } from './questionnaire-editor.tsx';

/** What the clinic asks before visits. */
export function QuestionnairesScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('forms.title')} roles={['practitioner', 'clinic_admin']}>
      {(_me, clinic) => <Questionnaires clinic={clinic} />}
    </StaffOnly>
  );
}

function Questionnaires({ clinic }: { readonly clinic: string }) {
  const say = useSay();
  const [editing, setEditing] = useState<Questionnaire | 'new' | null>(null);
  const pages = usePages(['questionnaires', 'all'], (query) =>
    answered(api.GET('/v1/questionnaires', { params: { query } })),
  );
  if (editing !== null) {
    return (
      <QuestionnaireEditor
        clinic={clinic}
        form={editing === 'new' ? null : editing}
        onClose={() => setEditing(null)}
      />
    );
  }
  return (
    <>
      <div className="title-row">
        <Heading title={say('forms.title')}>{say('forms.title')}</Heading>
        <button type="button" className="button button-primary" onClick={() => setEditing('new')}>
          {say('forms.new')}
        </button>
      </div>
      <p className="lead">{say('forms.lead')}</p>
      <Paged pages={pages} empty={say('forms.none')}>
        {(views) => (
          <ul className="visits">
            {views.map(readQuestionnaire).map((form) => (
              <li key={form.id} className="card row">
                <span className="row-main">
                  <strong>{form.title}</strong>
                  <span className="hint">
                    {say('forms.count', { count: allQuestions(form.items).length })} ·{' '}
                    {say(`forms.status.${form.status}`)}
                  </span>
                </span>
                <button
                  type="button"
                  className="button button-quiet"
                  onClick={() => setEditing(form)}
                >
                  {say('common.edit')}
                  <span className="visually-hidden"> {form.title}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}
