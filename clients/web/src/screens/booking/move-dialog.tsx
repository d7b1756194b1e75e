import type { Schemas } from '@bedside/core';
import { answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { navigate } from '../../app/navigation.tsx';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';

/** Another time for a visit that is booked. */
export function MoveDialog({
  appointment,
  slot,
  onClose,
}: {
  readonly appointment: string;
  readonly slot: Schemas['SlotView'];
  readonly onClose: () => void;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const path = { id: appointment };
  const current = useQuery({
    queryKey: ['appointment', appointment],
    queryFn: () => answered(api.GET('/v1/appointments/{id}', { params: { path } })),
  });
  const move = useMutation({
    mutationFn: (rev: number) =>
      answered(
        api.POST('/v1/appointments/{id}/reschedule', {
          params: { path, header: ifMatch(rev) },
          body: { start: slot.start, practitioner: slot.practitioner },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['appointments'] });
      navigate({ to: '/appointments' });
    },
    onError: () => client.invalidateQueries({ queryKey: ['slots'] }),
  });
  return (
    <Dialog title={say('appts.move')} onClose={onClose}>
      <Asked query={current}>
        {(visit) => (
          <>
            <p>{say('appts.moving', { when: format.moment(visit.start) })}</p>
            <p className="big-moment">{format.moment(slot.start)}</p>
            <ProblemNotice error={move.error} />
            <div className="actions">
              <button
                type="button"
                className="button button-primary"
                aria-busy={move.isPending}
                onClick={() => move.mutate(visit.rev)}
              >
                {say('common.continue')}
              </button>
              <button type="button" className="button" onClick={onClose}>
                {say('common.cancel')}
              </button>
            </div>
          </>
        )}
      </Asked>
    </Dialog>
  );
}
