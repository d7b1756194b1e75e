import type { CallView } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import { useSay } from '../app/words.tsx';
import { Tile } from './tile.tsx';
import type { ViewChoices } from './view-choices.ts';

/** The pictures. How they are arranged is told by the view's layout and done by the style sheet. */
export function Stage({
  view,
  link,
  choices,
}: {
  readonly view: CallView;
  readonly link: MediaLink;
  readonly choices: ViewChoices;
}) {
  const say = useSay();
  const screens = view.tiles.filter((tile) => tile.kind === 'screen');
  const people = view.tiles.filter(
    (tile) => tile.kind === 'person' && !(tile.own && choices.hidesSelf),
  );
  const layout = view.layout === 'pair' && choices.sideBySide ? 'side' : view.layout;
  return (
    <div
      className="stage"
      data-layout={layout}
      data-fit={choices.fills ? 'fill' : 'whole'}
      data-testid="stage"
    >
      {view.layout === 'alone' && <Waiting />}
      {screens.length > 0 && (
        <ul className="screens" aria-label={say('call.screens')}>
          {screens.map((tile) => (
            <Tile key={tile.key} tile={tile} link={link} />
          ))}
        </ul>
      )}
      <ul
        className="people"
        aria-label={say('call.peopleList')}
        data-count={countOf(people.length)}
      >
        {people.map((tile) => (
          <Tile key={tile.key} tile={tile} link={link} />
        ))}
      </ul>
    </div>
  );
}

function Waiting() {
  const say = useSay();
  return (
    <div className="waiting" data-testid="waiting">
      <span className="waiting-pulse" aria-hidden="true">
        <span />
      </span>
      <h2>{say('call.waitingOther')}</h2>
      <p>{say('call.waitingOtherText')}</p>
    </div>
  );
}

/** Steps for the style sheet's grid, which needs no exact number beyond nine. */
function countOf(people: number): string {
  return people > 9 ? 'many' : String(people);
}
