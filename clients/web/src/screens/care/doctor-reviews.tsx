import type { Schemas } from '@bedside/core';
import { answered } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useFormat } from '../../app/format.ts';
import { useSay, useWords } from '../../app/words.tsx';
import { Stars } from './stars.tsx';

const SHOWN = 3;
const PAGE = 50;

type Reviews = Schemas['PublicReviewsView'];
type Review = Reviews['reviews']['items'][number];

/** What patients say of a practitioner; nothing before enough of them have said something. */
export function DoctorReviews({ practitioner }: { readonly practitioner: string }) {
  const [isAll, setAll] = useState(false);
  const { data } = useQuery({
    queryKey: ['reviews', 'of', practitioner],
    queryFn: () => {
      const params = { path: { id: practitioner }, query: { limit: PAGE } };
      return answered(api.GET('/v1/practitioners/{id}/reviews', { params }));
    },
    staleTime: 300_000,
  });
  // They are no reason to show an error beside times that can be booked.
  return data === undefined || !data.enough ? null : (
    <Shown reviews={data} isAll={isAll} onAll={() => setAll(true)} />
  );
}

function Shown({
  reviews,
  isAll,
  onAll,
}: {
  readonly reviews: Reviews;
  readonly isAll: boolean;
  readonly onAll: () => void;
}) {
  const say = useSay();
  const { locale } = useWords();
  const { mean, count } = reviews;
  const { items } = reviews.reviews;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  return (
    <section className="card" aria-labelledby="reviews" data-testid="reviews">
      <h2 id="reviews">{say('reviews.ofDoctor')}</h2>
      {mean != null && count != null && (
        <p>
          <span className="stars" aria-hidden="true">
            ★
          </span>{' '}
          <strong>{say('reviews.mean', { mean: number.format(mean) })}</strong>
          {' · '}
          {say('reviews.count', { count })}
        </p>
      )}
      <ul className="rows">
        {(isAll ? items : items.slice(0, SHOWN)).map((review, at) => (
          // They have no ids: who wrote them is nobody's to know.
          // oxlint-disable-next-line react/no-array-index-key
          <One key={at} review={review} />
        ))}
      </ul>
      {!isAll && items.length > SHOWN && (
        <button type="button" className="button button-quiet" onClick={onAll}>
          {say('common.more')}
        </button>
      )}
    </section>
  );
}

function One({ review }: { readonly review: Review }) {
  const say = useSay();
  const format = useFormat();
  return (
    <li className="row">
      <div className="row-main">
        <p>
          <Stars count={review.stars} /> <span className="hint">{format.month(review.month)}</span>
        </p>
        {review.text !== '' && <p className="message-text">{review.text}</p>}
        {review.reply != null && (
          <blockquote className="answer">
            <p className="hint">{say('reviews.answered')}</p>
            <p className="message-text">{review.reply}</p>
          </blockquote>
        )}
      </div>
    </li>
  );
}
