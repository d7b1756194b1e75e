import { answered, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { serviceQuery } from '../booking/directory.ts';
import type { Appointment } from './appointments-screen.tsx';

/** What it costs stands there before it is done. */
export function CancelDialog({
  visit,
  onClose,
}: {
  readonly visit: Appointment;
  readonly onClose: (cancelled: boolean) => void;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const service = useQuery(serviceQuery(visit.service));
  const now = useNow(30_000);
  const isLate = new Date(visit.cancel_free_until).getTime() < now;
  const lateFee = service.data?.cancel.late_fee_minor ?? 0;
  const cancel = useMutation({
    mutationFn: () =>
      answered(
        api.POST('/v1/appointments/{id}/cancel', {
          params: { path: { id: visit.id }, header: ifMatch(visit.rev) },
        }),
      ),
    onSuccess: () => onClose(true),
    onSettled: () => client.invalidateQueries({ queryKey: ['appointments'] }),
  });
  const costs =
    isLate && lateFee > 0
      ? say('appts.cancelCosts', {
          fee: format.money({ minor: lateFee, currency: visit.price.currency }),
        })
      : say('appts.cancelFree');
  return (
    <Dialog title={say('appts.cancelTitle')} onClose={() => onClose(false)}>
      <p className="big-moment">{format.moment(visit.start)}</p>
      <p>{costs}</p>
      <ProblemNotice error={cancel.error} />
      <div className="actions">
        <button type="button" className="button button-primary" onClick={() => onClose(false)}>
          {say('appts.keep')}
        </button>
        <button
          type="button"
          className="button button-danger"
          aria-busy={cancel.isPending}
          onClick={() => cancel.mutate()}
        >
          {say('appts.cancel')}
        </button>
      </div>
    </Dialog>
  );
}
