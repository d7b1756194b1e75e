import type { Schemas } from '@bedside/core';
import { answered, charsOver, done, ifMatch } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { TextArea, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { StaffOnly } from './staff-only.tsx';

type Template = Schemas['TemplateView'];

const KEY = ['message-templates', 'all'] as const;
const NAME_CHARS_MAX = 80;
const TEXT_CHARS_MAX = 5_000;

/** Texts that staff put into messages again and again. */
export function TemplatesScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('templates.title')} roles={['receptionist', 'clinic_admin']}>
      {() => <Templates />}
    </StaffOnly>
  );
}

function Templates() {
  const say = useSay();
  const client = useQueryClient();
  const [editing, setEditing] = useState<Template | 'new' | null>(null);
  const pages = usePages(KEY, (query) =>
    answered(api.GET('/v1/message-templates', { params: { query } })),
  );
  const end = useMutation({
    mutationFn: (id: string) =>
      done(api.DELETE('/v1/message-templates/{id}', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['message-templates'] }),
  });
  return (
    <>
      <div className="title-row">
        <Heading title={say('templates.title')}>{say('templates.title')}</Heading>
        <button type="button" className="button button-primary" onClick={() => setEditing('new')}>
          {say('templates.new')}
        </button>
      </div>
      <p className="lead">{say('templates.lead')}</p>
      <ProblemNotice error={end.error} />
      <Paged pages={pages} empty={say('templates.none')}>
        {(items) => (
          <ul className="visits">
            {items.map((one) => (
              <li key={one.id} className="card row">
                <span className="row-main">
                  <strong>{one.name}</strong>
                  <span className="hint">{one.text}</span>
                </span>
                <button
                  type="button"
                  className="button button-quiet"
                  onClick={() => setEditing(one)}
                >
                  {say('common.edit')}
                  <span className="visually-hidden"> {one.name}</span>
                </button>
                <button
                  type="button"
                  className="button button-danger-quiet"
                  aria-busy={end.isPending}
                  onClick={() => end.mutate(one.id)}
                >
                  {say('common.remove')}
                  <span className="visually-hidden"> {one.name}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Paged>
      {editing !== null && (
        <Editor template={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
}

function Editor({
  template,
  onClose,
}: {
  readonly template: Template | null;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  const [name, setName] = useState(template?.name ?? '');
  const [text, setText] = useState(template?.text ?? '');
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), text };
      return template === null
        ? answered(api.POST('/v1/message-templates', { body }))
        : answered(
            api.PUT('/v1/message-templates/{id}', {
              params: { path: { id: template.id }, header: ifMatch(template.rev) },
              body,
            }),
          );
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['message-templates'] });
      onClose();
    },
  });
  return (
    <Dialog title={template?.name ?? say('templates.new')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField
          label={say('staff.name')}
          required
          maxLength={NAME_CHARS_MAX}
          value={name}
          onChange={setName}
        />
        <TextArea
          label={say('templates.text')}
          rows={6}
          charsMax={TEXT_CHARS_MAX}
          value={text}
          onChange={setText}
        />
        <ProblemNotice error={save.error} />
        <div className="actions actions-sticky">
          <button
            type="submit"
            className="button button-primary"
            aria-busy={save.isPending}
            disabled={text.trim() === '' || charsOver(text, TEXT_CHARS_MAX) > 0}
          >
            {say('common.save')}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
