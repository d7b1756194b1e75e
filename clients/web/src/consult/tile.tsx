import type { TileView } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import { useEffect, useRef } from 'react';
import { useSay, useTell } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';

/** One person's picture, or one shared screen, with a name plate. */
export function Tile({ tile, link }: { readonly tile: TileView; readonly link: MediaLink }) {
  const say = useSay();
  const tell = useTell();
  const person = tile.kind === 'person';
  return (
    <li
      className="tile"
      data-testid={person ? 'tile' : 'screen-tile'}
      data-kind={tile.kind}
      data-identity={tile.identity}
      data-own={tile.own}
      data-speaking={tile.speaking}
      data-mic={tile.microphoneOn ? 'on' : 'off'}
      data-camera={tile.cameraOn ? 'on' : 'off'}
    >
      {tile.track === null ? (
        <span className="avatar" aria-hidden="true">
          {person ? tile.initials : <Icon name="screen" />}
        </span>
      ) : (
        <TileVideo key={tile.track} tile={tile} link={link} />
      )}
      <div className="plate">
        {person && tile.speaking && (
          <span className="speaking-mark" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
        )}
        {person && !tile.microphoneOn && <Icon name="microphone-off" />}
        <span className="plate-name">{tell(tile.label)}</span>
        {person && !tile.microphoneOn && (
          <span className="visually-hidden">{say('call.micOffOf')}</span>
        )}
        {person && !tile.cameraOn && (
          <span className="visually-hidden">{say('call.cameraOffOf')}</span>
        )}
        {tile.handUp && (
          <span className="plate-hand">
            <Icon name="hand" />
            <span className="visually-hidden">, {say('call.handUp')}</span>
          </span>
        )}
      </div>
    </li>
  );
}

function TileVideo({ tile, link }: { readonly tile: TileView; readonly link: MediaLink }) {
  const say = useSay();
  const tell = useTell();
  const video = useRef<HTMLVideoElement>(null);
  const { identity, kind, own, label } = tile;
  useEffect(() => {
    const element = video.current;
    return element === null ? undefined : link.attach(identity, kind, element);
  }, [link, identity, kind]);
  return (
    <video
      ref={video}
      className={own && kind === 'person' ? 'mirrored' : ''}
      autoPlay
      playsInline
      muted
      aria-label={kind === 'screen' ? tell(label) : say('call.pictureOf', { name: label })}
      onResize={(event) => {
        const { videoWidth, videoHeight } = event.currentTarget;
        event.currentTarget.dataset['shape'] = videoHeight > videoWidth ? 'upright' : 'wide';
      }}
    />
  );
}
