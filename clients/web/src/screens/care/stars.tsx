import { useSay } from '../../app/words.tsx';

const STARS = [1, 2, 3, 4, 5] as const;

/** Seen as stars, heard as words. */
export function Stars({ count }: { readonly count: number }) {
  const say = useSay();
  const full = Math.round(count);
  return (
    <span className="stars" role="img" aria-label={say('reviews.stars', { count })}>
      {STARS.map((star) => (star <= full ? '★' : '☆')).join('')}
    </span>
  );
}

/** One to five, by mouse, keyboard or voice. */
export function StarChoice({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: number | null;
  readonly onChange: (stars: number) => void;
}) {
  const say = useSay();
  return (
    <fieldset className="checks">
      <legend>{label}</legend>
      {STARS.map((star) => (
        <label key={star} className="choice">
          <input
            type="radio"
            name="stars"
            required
            checked={star === value}
            onChange={() => onChange(star)}
          />
          <span className="stars" aria-hidden="true">
            {'★'.repeat(star)}
          </span>
          <span>{say('reviews.stars', { count: star })}</span>
        </label>
      ))}
    </fieldset>
  );
}
