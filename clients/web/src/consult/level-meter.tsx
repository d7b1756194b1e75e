import { AUDIBLE_LEVEL, watchLevel } from '@bedside/media-web';
import { useEffect, useRef, useState } from 'react';
import { useSay } from '../app/words.tsx';

/** Moves with one's voice, and says once in words that the microphone works. */
export function LevelMeter({
  track,
  onHeard,
}: {
  readonly track: MediaStreamTrack | null;
  readonly onHeard: () => void;
}) {
  const say = useSay();
  const bar = useRef<HTMLSpanElement>(null);
  const [heard, setHeard] = useState<MediaStreamTrack | null>(null);
  useEffect(() => {
    if (track === null) {
      bar.current?.style.setProperty('--level', '0');
      return undefined;
    }
    return watchLevel(track, (level) => {
      bar.current?.style.setProperty('--level', level.toFixed(3));
      if (level > AUDIBLE_LEVEL) {
        setHeard(track);
      }
    });
  }, [track]);
  const isHeard = track !== null && heard === track;
  useEffect(() => {
    if (isHeard) {
      onHeard();
    }
  }, [isHeard, onHeard]);
  const key = isHeard ? 'lobby.micWorks' : 'lobby.micTry';
  return (
    <div className="level" data-testid="level-meter">
      <span className="level-track" aria-hidden="true">
        <span className="level-bar" ref={bar} />
      </span>
      <p className="hint" role="status">
        {say(track === null ? 'lobby.micOff' : key)}
      </p>
    </div>
  );
}
