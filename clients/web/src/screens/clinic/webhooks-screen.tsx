import type { Schemas } from '@bedside/core';
import { answered, done, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { JobTable } from './job-table.tsx';
import { StaffOnly } from './staff-only.tsx';

type Webhook = Schemas['WebhookView'];

const KEY = ['webhooks'];

export function WebhooksScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('hooks.title')} roles={['clinic_admin']}>
      {() => <Webhooks />}
    </StaffOnly>
  );
}

function Webhooks() {
  const say = useSay();
  const hooks = useQuery({
    queryKey: KEY,
    queryFn: () => answered(api.GET('/v1/webhook-endpoints')),
  });
  return (
    <>
      <Heading title={say('hooks.title')}>{say('hooks.title')}</Heading>
      <p className="lead">{say('hooks.lead')}</p>
      <Asked query={hooks}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{say('hooks.none')}</p>
          ) : (
            <ul className="rows">
              {items.map((hook) => (
                <Hook key={hook.id} hook={hook} />
              ))}
            </ul>
          )
        }
      </Asked>
      <NewHook />
    </>
  );
}

function Hook({ hook }: { readonly hook: Webhook }) {
  const say = useSay();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [isEnding, setEnding] = useState(false);
  const [isLogOpen, setLogOpen] = useState(false);
  const renew = () => client.invalidateQueries({ queryKey: KEY });
  const path = { id: hook.id };
  const turn = useMutation({
    mutationFn: () => {
      const { url, description, topics, active } = hook;
      const params = { path, header: ifMatch(hook.rev) };
      const body = { url, description, topics, active: !active };
      return run(() => answered(api.PUT('/v1/webhook-endpoints/{id}', { params, body })));
    },
    onSettled: renew,
  });
  const rotate = useMutation({
    mutationFn: () =>
      run(() =>
        answered(api.POST('/v1/webhook-endpoints/{id}/rotate-secret', { params: { path } })),
      ),
    onSettled: renew,
  });
  const end = useMutation({
    mutationFn: () =>
      run(() => done(api.DELETE('/v1/webhook-endpoints/{id}', { params: { path } }))),
    onSettled: renew,
  });
  return (
    <li className="card">
      <h2 className="long-word">{hook.url}</h2>
      <p className="hint">
        {[
          hook.description,
          hook.topics.length === 0 ? say('hooks.every') : hook.topics.join(' '),
          hook.active ? '' : say('hooks.paused'),
        ]
          .filter((fact) => fact !== '')
          .join(' · ')}
      </p>
      <div className="actions">
        <button type="button" className="button button-quiet" onClick={() => turn.mutate()}>
          {say(hook.active ? 'hooks.pause' : 'hooks.resume')}
        </button>
        <button type="button" className="button button-quiet" onClick={() => rotate.mutate()}>
          {say('hooks.rotate')}
        </button>
        <button type="button" className="button button-quiet" onClick={() => setEnding(true)}>
          {say('common.remove')}
        </button>
      </div>
      <ProblemNotice error={turn.error ?? rotate.error ?? end.error} />
      {rotate.data !== undefined && <Secret secret={rotate.data.secret} />}
      <details onToggle={(event) => setLogOpen(event.currentTarget.open)}>
        <summary>
          {say('hooks.log')}
          <span className="visually-hidden">: {hook.url}</span>
        </summary>
        {isLogOpen && <Deliveries hook={hook.id} />}
      </details>
      {isEnding && (
        <Dialog title={say('hooks.removeTitle')} onClose={() => setEnding(false)}>
          <p>{say('hooks.removeText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              onClick={() => {
                setEnding(false);
                end.mutate();
              }}
            >
              {say('common.remove')}
            </button>
            <button type="button" className="button" onClick={() => setEnding(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
      {dialog}
    </li>
  );
}

function Deliveries({ hook }: { readonly hook: string }) {
  const say = useSay();
  const client = useQueryClient();
  const key = ['deliveries', hook];
  const pages = usePages(key, (query) =>
    answered(
      api.GET('/v1/webhook-endpoints/{id}/deliveries', { params: { path: { id: hook }, query } }),
    ),
  );
  return (
    <Paged pages={pages} empty={say('jobs.none')}>
      {(items) => (
        <JobTable
          label={say('hooks.log')}
          jobs={items}
          replay={(id) =>
            done(api.POST('/v1/webhook-deliveries/{id}/replay', { params: { path: { id } } }))
          }
          onReplayed={() => client.invalidateQueries({ queryKey: key })}
        />
      )}
    </Paged>
  );
}

function Secret({ secret }: { readonly secret: string }) {
  const say = useSay();
  return (
    <div className="told-once" role="status">
      <p>{say('hooks.secret')}</p>
      <code className="secret">{secret}</code>
    </div>
  );
}

function NewHook() {
  const say = useSay();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [url, setUrl] = useState('');
  const [description, setDescription] = useState('');
  const [topics, setTopics] = useState('');
  const make = useMutation({
    mutationFn: () => {
      const body = {
        url: url.trim(),
        description: description.trim(),
        topics: topics.split(/\s+/).filter((topic) => topic !== ''),
        active: true,
      };
      return run(() => answered(api.POST('/v1/webhook-endpoints', { body })));
    },
    onSuccess: () => {
      setUrl('');
      setDescription('');
      setTopics('');
    },
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <h2>{say('hooks.make')}</h2>
      <TextField label={say('hooks.url')} type="url" required value={url} onChange={setUrl} />
      <TextField
        label={say('hooks.description')}
        isOptional
        value={description}
        onChange={setDescription}
      />
      <TextField
        label={say('hooks.topics')}
        hint={say('hooks.topicsHint')}
        isOptional
        value={topics}
        onChange={setTopics}
      />
      <ProblemNotice error={make.error} />
      {make.data !== undefined && <Secret secret={make.data.secret} />}
      <div className="actions">
        <button type="submit" className="button button-primary" aria-busy={make.isPending}>
          {say('hooks.make')}
        </button>
      </div>
      {dialog}
    </form>
  );
}
