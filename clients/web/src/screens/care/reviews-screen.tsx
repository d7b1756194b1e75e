import type { Schemas } from '@bedside/core';
import { answered, charsOver, ifMatch } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { hasRole, type Me, practitionerOf } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextArea } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ProblemNotice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { nameOf, practitionerQuery } from '../booking/directory.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { Stars } from './stars.tsx';

const STATES = ['pending', 'published', 'refused'] as const;
const WORDS_CHARS_MAX = 2_000;

type Review = Schemas['ReviewView'];
type OwnReview = Schemas['OwnReviewView'];

/** What patients say: an administrator shows it or not, and the practitioner of the visit answers. */
export function ReviewsScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('reviews.title')} roles={['practitioner', 'clinic_admin']}>
      {(me) => {
        const isAdmin = hasRole(me, 'clinic_admin');
        return (
          <div className="narrow">
            <Heading title={say('reviews.title')}>{say('reviews.title')}</Heading>
            <p className="lead">{say(isAdmin ? 'reviews.lead' : 'reviews.ownLead')}</p>
            {isAdmin ? <Reviews me={me} /> : <OwnReviews />}
          </div>
        );
      }}
    </StaffOnly>
  );
}

/** What others see of the practitioner who looks; whose visits they were is not told. */
function OwnReviews() {
  const say = useSay();
  const pages = usePages<OwnReview>(['reviews', 'own'], (wish) =>
    answered(api.GET('/v1/me/reviews', { params: { query: wish } })),
  );
  return (
    <Paged pages={pages} empty={say('reviews.none')}>
      {(items) => (
        <ul className="visits">
          {items.map((review) => (
            <Own key={review.id} review={review} />
          ))}
        </ul>
      )}
    </Paged>
  );
}

function Own({ review }: { readonly review: OwnReview }) {
  const say = useSay();
  const format = useFormat();
  const [isWriting, setWriting] = useState(false);
  return (
    <li className="card">
      <p>
        <Stars count={review.stars} /> <span className="hint">{format.month(review.month)}</span>
      </p>
      {review.text !== '' && <p className="message-text">{review.text}</p>}
      {review.reply != null && <Reply text={review.reply} />}
      {isWriting ? (
        <Answer review={review} onClose={() => setWriting(false)} />
      ) : (
        <div className="actions">
          <button type="button" className="button button-quiet" onClick={() => setWriting(true)}>
            {say('reviews.answer')}
          </button>
        </div>
      )}
    </li>
  );
}

function Reply({ text }: { readonly text: string }) {
  const say = useSay();
  return (
    <blockquote className="answer">
      <p className="hint">{say('reviews.answered')}</p>
      <p className="message-text">{text}</p>
    </blockquote>
  );
}

function Reviews({ me }: { readonly me: Me }) {
  const say = useSay();
  const [state, setState] = useState<string>('pending');
  const pages = usePages(['reviews', 'clinic', state], (wish) =>
    answered(api.GET('/v1/reviews', { params: { query: { ...wish, state } } })),
  );
  return (
    <>
      <SelectField
        label={say('reviews.filter')}
        options={STATES.map((value) => ({ value, label: say(`reviews.state.${value}`) }))}
        value={state}
        onChange={setState}
      />
      <Paged pages={pages} empty={say('reviews.none')}>
        {(items) => (
          <ul className="visits">
            {items.map((review) => (
              <One
                key={review.id}
                review={review}
                isOwn={practitionerOf(me) === review.practitioner}
              />
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}

function One({ review, isOwn }: { readonly review: Review; readonly isOwn: boolean }) {
  const say = useSay();
  const format = useFormat();
  const doctor = useQuery(practitionerQuery(review.practitioner));
  const moderate = useModeration(review);
  const [writing, setWriting] = useState<'refusal' | 'answer' | null>(null);
  return (
    <li className="card">
      <p>
        <Stars count={review.stars} />{' '}
        <strong>{doctor.data === undefined ? '…' : nameOf(doctor.data.profile)}</strong>{' '}
        <span className="hint">{format.shortDay(review.created_at)}</span>
      </p>
      {review.text !== '' && <p className="message-text">{review.text}</p>}
      {review.refused_for != null && <p className="hint">{review.refused_for}</p>}
      {review.reply != null && <Reply text={review.reply} />}
      {writing === null && (
        <div className="actions">
          {review.state !== 'published' && (
            <button
              type="button"
              className="button button-primary button-quiet"
              aria-busy={moderate.isPending}
              onClick={() => moderate.mutate(null)}
            >
              {say('reviews.show')}
            </button>
          )}
          {review.state !== 'refused' && (
            <button
              type="button"
              className="button button-quiet"
              onClick={() => setWriting('refusal')}
            >
              {say('reviews.refuse')}
            </button>
          )}
          {review.state === 'published' && isOwn && (
            <button
              type="button"
              className="button button-quiet"
              onClick={() => setWriting('answer')}
            >
              {say('reviews.answer')}
            </button>
          )}
        </div>
      )}
      <ProblemNotice error={moderate.error} />
      {writing === 'refusal' && (
        <Words
          label={say('reviews.refuseWhy')}
          submit={say('reviews.refuse')}
          first=""
          onSubmit={(text) => moderate.mutateAsync(text)}
          onClose={() => setWriting(null)}
        />
      )}
      {writing === 'answer' && <Answer review={review} onClose={() => setWriting(null)} />}
    </li>
  );
}

/** `null` shows it. */
function useModeration(review: Review) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string | null) => {
      const params = { path: { id: review.id }, header: ifMatch(review.rev) };
      const body = reason === null ? {} : { refused_for: reason };
      return answered(api.PUT('/v1/reviews/{id}/moderation', { params, body }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['reviews'] }),
  });
}

function Answer({
  review,
  onClose,
}: {
  readonly review: Pick<OwnReview, 'id' | 'rev' | 'reply'>;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const client = useQueryClient();
  const answer = useMutation({
    mutationFn: (text: string) => {
      const params = { path: { id: review.id }, header: ifMatch(review.rev) };
      return answered(api.PUT('/v1/reviews/{id}/reply', { params, body: { text } }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['reviews'] }),
  });
  return (
    <Words
      label={say('reviews.answer')}
      hint={say('reviews.answerHint')}
      submit={say('reviews.answer')}
      first={review.reply ?? ''}
      onSubmit={(text) => answer.mutateAsync(text)}
      onClose={onClose}
    />
  );
}

function Words({
  label,
  hint,
  submit,
  first,
  onSubmit,
  onClose,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly submit: string;
  readonly first: string;
  readonly onSubmit: (text: string) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const [text, setText] = useState(first);
  const sending = useMutation({ mutationFn: () => onSubmit(text.trim()), onSuccess: onClose });
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        sending.mutate();
      }}
    >
      <TextArea
        label={label}
        hint={hint}
        rows={3}
        charsMax={WORDS_CHARS_MAX}
        value={text}
        onChange={setText}
      />
      <ProblemNotice error={sending.error} />
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={sending.isPending}
          disabled={text.trim() === '' || charsOver(text, WORDS_CHARS_MAX) > 0}
        >
          {submit}
        </button>
        <button type="button" className="button" onClick={onClose}>
          {say('common.cancel')}
        </button>
      </div>
    </form>
  );
}
