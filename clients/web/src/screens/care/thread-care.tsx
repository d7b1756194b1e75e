import { answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useSession } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { SelectField } from '../../parts/field.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { type Thread, threadQuery } from './care-queries.ts';

/** Who of the clinic looks after a thread, and its end. */
export function ThreadCare({ thread }: { readonly thread: Thread }) {
  const say = useSay();
  const client = useQueryClient();
  const { me } = useSession();
  const clinic = me?.clinic_id ?? '';
  const { id } = thread;
  const staff = useQuery({
    queryKey: ['staff', clinic, 'names'],
    queryFn: () => {
      const params = { path: { id: clinic }, query: { limit: 200 } };
      return answered(api.GET('/v1/clinics/{id}/staff', { params }));
    },
    enabled: clinic !== '',
    staleTime: 300_000,
  });
  const onSettled = async (): Promise<void> => {
    await client.invalidateQueries({ queryKey: threadQuery(id).queryKey });
    await client.invalidateQueries({ queryKey: ['threads'] });
  };
  const assign = useMutation({
    mutationFn: (user: string) => {
      const params = { path: { id }, header: ifMatch(thread.rev) };
      const body = user === '' ? {} : { user };
      return answered(api.PUT('/v1/threads/{id}/assignment', { params, body }));
    },
    onSettled,
  });
  const close = useMutation({
    mutationFn: () => answered(api.POST('/v1/threads/{id}/close', { params: { path: { id } } })),
    onSettled,
  });
  if (thread.state === 'closed') {
    return null;
  }
  const people = new Map(
    (staff.data?.items ?? []).map(({ user_id, name, email }) => [user_id, name ?? email ?? '…']),
  );
  return (
    <div className="inline-form">
      {thread.practitioner == null && (
        <SelectField
          label={say('msgs.assigned')}
          options={[
            { value: '', label: say('msgs.nobody') },
            ...[...people].map(([value, label]) => ({ value, label })),
          ]}
          value={thread.assigned ?? ''}
          onChange={(user) => assign.mutate(user)}
        />
      )}
      <button
        type="button"
        className="button button-quiet"
        aria-busy={close.isPending}
        onClick={() => close.mutate()}
      >
        {say('msgs.close')}
      </button>
      <ProblemNotice error={assign.error ?? close.error} />
    </div>
  );
}
