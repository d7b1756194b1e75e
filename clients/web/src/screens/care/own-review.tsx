import type { Schemas } from '@bedside/core';
import { ApiProblem, answered, charsOver } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useSay } from '../../app/words.tsx';
import { TextArea } from '../../parts/field.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { Stars, StarChoice } from './stars.tsx';

const REVIEW_CHARS_MAX = 2_000;

type Review = Schemas['ReviewView'];

const keyOf = (appointment: string) => ['review', appointment] as const;

/** What a patient says of a visit that was held, once. */
export function OwnReview({
  appointment,
  when,
}: {
  readonly appointment: string;
  readonly when: string;
}) {
  const say = useSay();
  const [isOpen, setOpen] = useState(false);
  const review = useQuery({
    queryKey: keyOf(appointment),
    queryFn: () => readReview(appointment),
    enabled: isOpen,
  });
  return (
    <details className="note-fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {say('reviews.leave')}
        <span className="visually-hidden">: {when}</span>
      </summary>
      {isOpen && (
        <Asked query={review}>
          {({ found }) =>
            found === null ? <Write appointment={appointment} /> : <Written review={found} />
          }
        </Asked>
      )}
    </details>
  );
}

async function readReview(appointment: string): Promise<{ readonly found: Review | null }> {
  const params = { path: { id: appointment } };
  try {
    return { found: await answered(api.GET('/v1/appointments/{id}/review', { params })) };
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) {
      return { found: null };
    }
    throw error;
  }
}

function Write({ appointment }: { readonly appointment: string }) {
  const say = useSay();
  const client = useQueryClient();
  const [stars, setStars] = useState<number | null>(null);
  const [text, setText] = useState('');
  const write = useMutation({
    mutationFn: (count: number) => {
      const body = { stars: count, text: text.trim() };
      const params = { path: { id: appointment } };
      return answered(api.POST('/v1/appointments/{id}/review', { params, body }));
    },
    onSuccess: (review) => client.setQueryData(keyOf(appointment), { found: review }),
  });
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (stars !== null) {
          write.mutate(stars);
        }
      }}
    >
      <StarChoice label={say('reviews.how')} value={stars} onChange={setStars} />
      <TextArea
        label={say('reviews.text')}
        hint={say('reviews.textHint')}
        isOptional
        rows={3}
        charsMax={REVIEW_CHARS_MAX}
        value={text}
        onChange={setText}
      />
      <ProblemNotice error={write.error} />
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={write.isPending}
          disabled={write.isPending || charsOver(text, REVIEW_CHARS_MAX) > 0}
        >
          {say('reviews.send')}
        </button>
      </div>
    </form>
  );
}

function Written({ review }: { readonly review: Review }) {
  const say = useSay();
  return (
    <div className="stack" role="status">
      <p>
        <strong>{say('reviews.own')}</strong> <Stars count={review.stars} />
      </p>
      {review.text !== '' && <p className="message-text">{review.text}</p>}
      {review.state === 'pending' && <p className="hint">{say('reviews.ownPending')}</p>}
      {review.state === 'refused' && (
        <p className="hint">{say('reviews.ownRefused', { reason: review.refused_for ?? '' })}</p>
      )}
      {review.reply != null && (
        <blockquote className="answer">
          <p className="hint">{say('reviews.answered')}</p>
          <p className="message-text">{review.reply}</p>
        </blockquote>
      )}
    </div>
  );
}
