import { Link, type Path } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';

const PLACES = [
  ['/claims', 'claims.title', false],
  ['/payers', 'payers.title', true],
  ['/remittances', 'remit.title', true],
] as const;

/** From one screen of the clinic's insurance to the others. */
export function InsuranceLinks({
  here,
  isAdmin,
}: {
  readonly here: Path;
  readonly isAdmin: boolean;
}) {
  const say = useSay();
  const places = PLACES.filter(([to, , wantsAdmin]) => to !== here && (isAdmin || !wantsAdmin));
  return places.length === 0 ? null : (
    <p className="actions">
      {places.map(([to, title]) => (
        <Link key={to} to={to} className="button button-quiet">
          {say(title)}
        </Link>
      ))}
    </p>
  );
}
