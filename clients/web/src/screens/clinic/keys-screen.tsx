import { answered, done } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { TableFrame } from '../../parts/table-frame.tsx';
import { StaffOnly } from './staff-only.tsx';

const SCOPES = [
  'people:read',
  'people:write',
  'appointments:read',
  'appointments:write',
  'rooms',
  'webhooks',
] as const;

export function KeysScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('keys.title')} roles={['clinic_admin']}>
      {(_me, clinic) => <Keys clinic={clinic} />}
    </StaffOnly>
  );
}

function Keys({ clinic }: { readonly clinic: string }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const [ending, setEnding] = useState<{ id: string; name: string } | null>(null);
  const path = { id: clinic };
  const keys = useQuery({
    queryKey: ['keys', clinic],
    queryFn: () => answered(api.GET('/v1/clinics/{id}/api-keys', { params: { path } })),
  });
  const renew = () => client.invalidateQueries({ queryKey: ['keys', clinic] });
  const end = useMutation({
    mutationFn: (key: string) =>
      done(
        api.DELETE('/v1/clinics/{id}/api-keys/{key}', { params: { path: { id: clinic, key } } }),
      ),
    onSuccess: () => setEnding(null),
    onSettled: renew,
  });
  return (
    <>
      <Heading title={say('keys.title')}>{say('keys.title')}</Heading>
      <p className="lead">{say('keys.lead')}</p>
      <Asked query={keys}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="empty">{say('keys.none')}</p>
          ) : (
            <TableFrame label={say('keys.title')}>
              <table>
                <thead>
                  <tr>
                    <th scope="col">{say('keys.name')}</th>
                    <th scope="col">{say('keys.scope')}</th>
                    <th scope="col">{say('keys.created')}</th>
                    <th scope="col">
                      <span className="visually-hidden">{say('keys.revoke')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((key) => (
                    <tr key={key.id}>
                      <th scope="row">{key.name}</th>
                      <td>
                        <code>{key.scope}</code>
                      </td>
                      <td>{format.moment(key.created_at)}</td>
                      <td>
                        {key.revoked_at == null ? (
                          <button
                            type="button"
                            className="button button-quiet"
                            onClick={() => setEnding(key)}
                          >
                            {say('keys.revoke')}
                            <span className="visually-hidden"> {key.name}</span>
                          </button>
                        ) : (
                          say('keys.revoked')
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableFrame>
          )
        }
      </Asked>
      <NewKey clinic={clinic} onMade={renew} />
      {ending !== null && (
        <Dialog
          title={say('keys.revokeTitle', { name: ending.name })}
          onClose={() => setEnding(null)}
        >
          <p>{say('keys.revokeText')}</p>
          <ProblemNotice error={end.error} />
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              onClick={() => end.mutate(ending.id)}
            >
              {say('keys.revoke')}
            </button>
            <button type="button" className="button" onClick={() => setEnding(null)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function NewKey({
  clinic,
  onMade,
}: {
  readonly clinic: string;
  readonly onMade: () => Promise<void>;
}) {
  const say = useSay();
  const { run, dialog } = useStepUp();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(['rooms']);
  const [origins, setOrigins] = useState('');
  const make = useMutation({
    mutationFn: () =>
      run(() =>
        answered(
          api.POST('/v1/clinics/{id}/api-keys', {
            params: { path: { id: clinic } },
            body: {
              name: name.trim(),
              scope: scopes.join(' '),
              origins: origins.split(/\s+/).filter((origin) => origin !== ''),
            },
          }),
        ),
      ),
    onSuccess: async () => {
      setName('');
      setOrigins('');
      await onMade();
    },
  });
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <h2>{say('keys.make')}</h2>
      <TextField label={say('keys.name')} required maxLength={60} value={name} onChange={setName} />
      <fieldset className="checks">
        <legend>{say('keys.scope')}</legend>
        {SCOPES.map((scope) => (
          <CheckField
            key={scope}
            label={<code>{scope}</code>}
            isOn={scopes.includes(scope)}
            onChange={(isOn) =>
              setScopes(isOn ? [...scopes, scope] : scopes.filter((one) => one !== scope))
            }
          />
        ))}
      </fieldset>
      <TextField
        label={say('keys.origins')}
        hint={say('keys.originsHint')}
        isOptional
        maxLength={3000}
        value={origins}
        onChange={setOrigins}
      />
      <ProblemNotice error={make.error} />
      {make.data !== undefined && (
        <div className="told-once" role="status">
          <p>{say('keys.secret')}</p>
          <code className="secret">{make.data.secret}</code>
        </div>
      )}
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={make.isPending}
          disabled={scopes.length === 0}
        >
          {say('keys.make')}
        </button>
      </div>
      {dialog}
    </form>
  );
}
