import { answered, done } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { hasRole } from '../../app/session.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useWords } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { TableFrame } from '../../parts/table-frame.tsx';
import { StaffOnly } from './staff-only.tsx';

const ROLES = ['practitioner', 'receptionist', 'clinic_admin'] as const;
const ALL_ROLES = [...ROLES, 'platform_admin', 'patient', 'service'] as const;

export function StaffScreen() {
  const { say } = useWords();
  return (
    <StaffOnly title={say('staff.title')} roles={['practitioner', 'receptionist', 'clinic_admin']}>
      {(me, clinic) => <Staff clinic={clinic} isAdmin={hasRole(me, 'clinic_admin')} />}
    </StaffOnly>
  );
}

function Staff({ clinic, isAdmin }: { readonly clinic: string; readonly isAdmin: boolean }) {
  const { say } = useWords();
  const format = useFormat();
  const [ending, setEnding] = useState<{ id: string; name: string } | null>(null);
  const staff = useQuery({
    queryKey: ['staff', clinic],
    queryFn: () =>
      answered(api.GET('/v1/clinics/{id}/staff', { params: { path: { id: clinic } } })),
  });
  return (
    <>
      <Heading title={say('staff.title')}>{say('staff.title')}</Heading>
      <Asked query={staff}>
        {({ items }) => (
          <TableFrame label={say('staff.title')}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{say('staff.name')}</th>
                  <th scope="col">{say('staff.role')}</th>
                  <th scope="col">{say('staff.since')}</th>
                  {isAdmin && (
                    <th scope="col">
                      <span className="visually-hidden">{say('staff.end')}</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {items.map((one) => (
                  <tr key={one.id}>
                    <th scope="row">
                      {one.name ?? say('common.unknown')}
                      {one.email != null && <span className="hint">{one.email}</span>}
                    </th>
                    <td>{say(roleKey(one.role))}</td>
                    <td>{format.dayOfMonth(one.since)}</td>
                    {isAdmin && (
                      <td>
                        <button
                          type="button"
                          className="button button-quiet"
                          onClick={() => setEnding({ id: one.id, name: one.name ?? '' })}
                        >
                          {say('staff.end')}
                          <span className="visually-hidden"> {one.name}</span>
                        </button>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          </TableFrame>
        )}
      </Asked>
      {isAdmin && <Invite clinic={clinic} />}
      {ending !== null && (
        <EndDialog clinic={clinic} membership={ending} onClose={() => setEnding(null)} />
      )}
    </>
  );
}

function roleKey(role: string): `staff.role.${(typeof ALL_ROLES)[number]}` | 'common.unknown' {
  const known = ALL_ROLES.find((one) => one === role);
  return known === undefined ? 'common.unknown' : `staff.role.${known}`;
}

function EndDialog({
  clinic,
  membership,
  onClose,
}: {
  readonly clinic: string;
  readonly membership: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
}) {
  const { say } = useWords();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const end = useMutation({
    mutationFn: () =>
      run(() =>
        done(
          api.DELETE('/v1/clinics/{id}/staff/{membership}', {
            params: { path: { id: clinic, membership: membership.id } },
          }),
        ),
      ),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: ['staff', clinic] }),
  });
  return (
    <Dialog title={say('staff.endTitle', { name: membership.name })} onClose={onClose}>
      <p>{say('staff.endText')}</p>
      <ProblemNotice error={end.error} />
      <div className="actions">
        <button type="button" className="button button-danger" onClick={() => end.mutate()}>
          {say('staff.end')}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {say('common.cancel')}
        </button>
      </div>
      {dialog}
    </Dialog>
  );
}

function Invite({ clinic }: { readonly clinic: string }) {
  const { say, language } = useWords();
  const { run, dialog } = useStepUp();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<string>('practitioner');
  const invite = useMutation({
    mutationFn: () =>
      run(() =>
        done(
          api.POST('/v1/clinics/{id}/invitations', {
            params: { path: { id: clinic } },
            body: { email: email.trim(), role, language: language.tag },
          }),
        ),
      ),
  });
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        invite.mutate();
      }}
    >
      <h2>{say('staff.invite')}</h2>
      <div className="columns">
        <TextField
          label={say('staff.email')}
          type="email"
          required
          value={email}
          onChange={setEmail}
        />
        <SelectField
          label={say('staff.role')}
          options={ROLES.map((value) => ({ value, label: say(`staff.role.${value}`) }))}
          value={role}
          onChange={setRole}
        />
      </div>
      <ProblemNotice error={invite.error} />
      {invite.isSuccess && <Notice kind="good">{say('staff.invited', { email })}</Notice>}
      <div className="actions">
        <button type="submit" className="button button-primary" aria-busy={invite.isPending}>
          {say('staff.invite')}
        </button>
      </div>
      {dialog}
    </form>
  );
}
