import { useEffect, useRef, useState } from 'react';
import { AUDIBLE_LEVEL, watchLevel } from './microphone-level.ts';

/** Moves with one's voice, and says once in words that the microphone works. */
export function LevelMeter({ track }: { readonly track: MediaStreamTrack | null }) {
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
  return (
    <div className="level" data-testid="level-meter">
      <span className="level-track" aria-hidden="true">
        <span className="level-bar" ref={bar} />
      </span>
      <p className="hint">{hint(track, heard)}</p>
    </div>
  );
}

function hint(track: MediaStreamTrack | null, heard: MediaStreamTrack | null): string {
  if (track === null) {
    return 'Your microphone is off.';
  }
  return heard === track ? 'Your microphone works.' : 'Say something to test your microphone.';
}
