import type { CallView } from '@bedside/core';
import type { MediaLink } from './media-link.ts';
import { Tile } from './tile.tsx';

/** The pictures. How they are arranged is told by the view's layout and done by the style sheet. */
export function Stage({ view, link }: { readonly view: CallView; readonly link: MediaLink }) {
  const screens = view.tiles.filter((tile) => tile.kind === 'screen');
  const people = view.tiles.filter((tile) => tile.kind === 'person');
  return (
    <div className="stage" data-layout={view.layout} data-testid="stage">
      {view.layout === 'alone' && <Waiting />}
      {screens.length > 0 && (
        <ul className="screens" aria-label="Shared screens">
          {screens.map((tile) => (
            <Tile key={tile.key} tile={tile} link={link} />
          ))}
        </ul>
      )}
      <ul className="people" aria-label="People" data-count={countOf(people.length)}>
        {people.map((tile) => (
          <Tile key={tile.key} tile={tile} link={link} />
        ))}
      </ul>
    </div>
  );
}

function Waiting() {
  return (
    <div className="waiting" data-testid="waiting">
      <span className="waiting-pulse" aria-hidden="true">
        <span />
      </span>
      <h2>Waiting for the other person</h2>
      <p>You are in the right place. They appear here as soon as they join.</p>
    </div>
  );
}

/** Steps for the style sheet's grid, which needs no exact number beyond nine. */
function countOf(people: number): string {
  return people > 9 ? 'many' : String(people);
}
