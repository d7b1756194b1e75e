import type { VisitApi, VisitRole } from '@bedside/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useSay } from '../app/words.tsx';
import { SelectField, TextField } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { ProblemNotice } from '../parts/notice.tsx';

const ROLES = ['interpreter', 'relative', 'clinician', 'patient'] as const;

/** A link for one more person; told once. */
export function InviteForm({
  api,
  appointment,
}: {
  readonly api: VisitApi;
  readonly appointment: string;
}) {
  const say = useSay();
  const [role, setRole] = useState<VisitRole>('interpreter');
  const [name, setName] = useState('');
  const [isCopied, setCopied] = useState(false);
  const invite = useMutation({
    mutationFn: () => api.invite(appointment, role, name.trim()),
    onSuccess: () => setCopied(false),
  });
  return (
    <details className="invite">
      <summary className="button button-quiet">{say('today.invite')}</summary>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          invite.mutate();
        }}
      >
        <SelectField
          label={say('today.inviteRole')}
          options={ROLES.map((value) => ({ value, label: say(`visit.role.${value}`) }))}
          value={role}
          onChange={(value) => setRole(ROLES.find((one) => one === value) ?? 'relative')}
        />
        <TextField
          label={say('today.inviteName')}
          required={role !== 'patient'}
          maxLength={100}
          value={name}
          onChange={setName}
        />
        <ProblemNotice error={invite.error} />
        <button type="submit" className="button" aria-busy={invite.isPending}>
          {say('today.inviteMake')}
        </button>
        {invite.data !== undefined && (
          <div className="told-once" role="status">
            <p>{say('today.inviteOnce')}</p>
            <code className="secret">{invite.data.url}</code>
            <button
              type="button"
              className="button button-quiet"
              onClick={() =>
                void navigator.clipboard.writeText(invite.data.url).then(() => setCopied(true))
              }
            >
              <Icon name={isCopied ? 'check' : 'chat'} />
              {say(isCopied ? 'common.copied' : 'common.copy')}
            </button>
          </div>
        )}
      </form>
    </details>
  );
}
