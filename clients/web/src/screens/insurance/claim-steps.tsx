import type { InsuranceClaim, ClaimStep } from '@bedside/core';
import { answered, claimSteps } from '@bedside/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useStepUp } from '../../app/step-up.tsx';
import { useSay } from '../../app/words.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/field.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';

/** What the clinic has heard of a claim, or does about it. */
export function Steps({ claim }: { readonly claim: InsuranceClaim }) {
  const say = useSay();
  const client = useQueryClient();
  const [isRejecting, setRejecting] = useState(false);
  const step = useMutation({
    mutationFn: (body: { step: ClaimStep; reason?: string }) => {
      const params = { path: { id: claim.id } };
      return answered(api.POST('/v1/insurance-claims/{id}/steps', { params, body }));
    },
    onSuccess: () => setRejecting(false),
    onSettled: () => client.invalidateQueries({ queryKey: ['claims'] }),
  });
  const steps = claimSteps(claim);
  return steps.length === 0 ? null : (
    <section className="card" aria-labelledby="steps">
      <h2 id="steps">{say('claims.next')}</h2>
      <p className="hint">{say('claims.nextText')}</p>
      <div className="actions">
        {steps.map((one, index) => (
          <button
            key={one}
            type="button"
            className={index === 0 ? 'button button-primary' : 'button'}
            aria-busy={step.isPending}
            onClick={() => (one === 'reject' ? setRejecting(true) : step.mutate({ step: one }))}
          >
            {say(`claims.step.${one}`)}
          </button>
        ))}
      </div>
      {!isRejecting && <ProblemNotice error={step.error} />}
      {isRejecting && (
        <RejectDialog
          isPending={step.isPending}
          error={step.error}
          onReject={(reason) => step.mutate({ step: 'reject', reason })}
          onClose={() => setRejecting(false)}
        />
      )}
    </section>
  );
}

function RejectDialog({
  isPending,
  error,
  onReject,
  onClose,
}: {
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onReject: (reason: string) => void;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const [reason, setReason] = useState('');
  return (
    <Dialog title={say('claims.rejectTitle')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          onReject(reason.trim());
        }}
      >
        <TextField
          label={say('claims.reason')}
          hint={say('claims.reasonHint')}
          required
          pattern="[A-Za-z0-9\-]{1,12}"
          maxLength={12}
          value={reason}
          onChange={setReason}
        />
        <ProblemNotice error={error} />
        <div className="actions">
          <button type="submit" className="button button-primary" aria-busy={isPending}>
            {say('claims.step.reject')}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Lets go what an insurer does not pay. */
export function CloseClaim({ claim }: { readonly claim: InsuranceClaim }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const { run, dialog } = useStepUp();
  const [isAsking, setAsking] = useState(false);
  const close = useMutation({
    mutationFn: () => {
      const params = { path: { id: claim.id } };
      return run(() => answered(api.POST('/v1/insurance-claims/{id}/close', { params })));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['claims'] }),
  });
  const amount = format.money({ minor: claim.open_minor, currency: claim.currency });
  return (
    <div className="actions">
      <button
        type="button"
        className="button button-danger-quiet"
        aria-busy={close.isPending}
        onClick={() => setAsking(true)}
      >
        {say('claims.close')}
      </button>
      <ProblemNotice error={close.error} />
      {isAsking && (
        <Dialog title={say('claims.closeTitle', { amount })} onClose={() => setAsking(false)}>
          <p>{say('claims.closeText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              onClick={() => {
                setAsking(false);
                close.mutate();
              }}
            >
              {say('claims.close')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
      {dialog}
    </div>
  );
}
