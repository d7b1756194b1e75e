import { answered, charsOver } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { CheckField, SelectField, TextArea } from '../../parts/field.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { documentsOf } from '../../documents/documents-of.ts';
import { messagesQuery, type Thread } from './care-queries.ts';
import { MESSAGE_CHARS_MAX } from './new-thread.tsx';

const DOCUMENTS_MAX = 10;

/** The next message, with documents of the patient if wanted. Sent again after a lost answer it is there once. */
export function WriteMessage({
  thread,
  isPatient,
}: {
  readonly thread: Thread;
  readonly isPatient: boolean;
}) {
  const say = useSay();
  const client = useQueryClient();
  const { id } = thread;
  const [keys] = useState(() => new Map<string, string>());
  const [text, setText] = useState('');
  const [documents, setDocuments] = useState<readonly string[]>([]);
  const send = useMutation({
    mutationFn: () => {
      const body = { text, documents: [...documents] };
      const wish = JSON.stringify(body);
      const key = keys.get(wish) ?? crypto.randomUUID();
      keys.set(wish, key);
      const params = { path: { id }, header: { 'Idempotency-Key': key } };
      return answered(api.POST('/v1/threads/{id}/messages', { params, body }));
    },
    onSuccess: () => {
      setText('');
      setDocuments([]);
      // The same words again are another message.
      keys.clear();
    },
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: messagesQuery(id).queryKey });
      await client.invalidateQueries({ queryKey: ['thread', id] });
    },
  });
  const isLong = charsOver(text, MESSAGE_CHARS_MAX) > 0;
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      {!isPatient && <Templates onChoose={(body) => setText(text === '' ? body : text + body)} />}
      <TextArea
        label={say('msgs.text')}
        rows={3}
        charsMax={MESSAGE_CHARS_MAX}
        value={text}
        onChange={setText}
      />
      <Attach patient={thread.patient} chosen={documents} onChange={setDocuments} />
      <ProblemNotice error={send.error} />
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={send.isPending}
          disabled={send.isPending || isLong || text.trim() === ''}
        >
          {say('msgs.send')}
        </button>
      </div>
    </form>
  );
}

/** The clinic's own texts. */
function Templates({ onChoose }: { readonly onChoose: (text: string) => void }) {
  const say = useSay();
  const templates = useQuery({
    queryKey: ['message-templates'],
    queryFn: () =>
      answered(api.GET('/v1/message-templates', { params: { query: { limit: 200 } } })),
    staleTime: 300_000,
  });
  const items = templates.data?.items ?? [];
  return items.length === 0 ? null : (
    <SelectField
      label={say('msgs.template')}
      options={[
        { value: '', label: '–' },
        ...items.map(({ id, name }) => ({ value: id, label: name })),
      ]}
      value=""
      onChange={(id) => {
        const found = items.find((one) => one.id === id);
        if (found !== undefined) {
          onChoose(found.text);
        }
      }}
    />
  );
}

/** Documents are listed once somebody wants to add one: listing is written down. */
function Attach({
  patient,
  chosen,
  onChange,
}: {
  readonly patient: string;
  readonly chosen: readonly string[];
  readonly onChange: (documents: readonly string[]) => void;
}) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  const documents = useQuery({ ...documentsOf(patient), enabled: isOpen });
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{say('msgs.attach')}</summary>
      {isOpen && (
        <Asked query={documents}>
          {(all) => {
            const ready = all.filter(({ state }) => state === 'ready');
            return ready.length === 0 ? (
              <p className="empty">{say('docs.none')}</p>
            ) : (
              <fieldset className="checks">
                <legend className="visually-hidden">{say('msgs.attach')}</legend>
                {ready.map(({ id, name }) => (
                  <CheckField
                    key={id}
                    label={name}
                    isOn={chosen.includes(id)}
                    onChange={(isOn) =>
                      onChange(
                        isOn
                          ? [...chosen, id].slice(0, DOCUMENTS_MAX)
                          : chosen.filter((one) => one !== id),
                      )
                    }
                  />
                ))}
              </fieldset>
            );
          }}
        </Asked>
      )}
    </details>
  );
}
