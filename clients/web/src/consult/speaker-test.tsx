import type { CheckOutcome } from '@bedside/core';
import { playTestSound } from '@bedside/media-web';
import { useState } from 'react';
import { useSay } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';

/** Plays two notes and asks whether they were heard: nothing else can tell. */
export function SpeakerTest({
  speakerId,
  onOutcome,
}: {
  readonly speakerId: string;
  readonly onOutcome: (outcome: CheckOutcome) => void;
}) {
  const say = useSay();
  const [state, setState] = useState<'idle' | 'playing' | 'asking' | 'ok' | 'failed'>('idle');
  const play = async (): Promise<void> => {
    setState('playing');
    await playTestSound(speakerId).catch(() => undefined);
    setState('asking');
  };
  const answer = (outcome: 'ok' | 'failed'): void => {
    setState(outcome);
    onOutcome(outcome);
  };
  return (
    <div className="speaker-test">
      <button
        type="button"
        className="button button-quiet"
        aria-busy={state === 'playing'}
        onClick={() => void play()}
      >
        <Icon name={state === 'ok' ? 'check' : 'sound'} />
        {say(state === 'playing' ? 'lobby.playing' : 'lobby.testSpeaker')}
      </button>
      <div role="status" className="speaker-answer">
        {state === 'asking' && <span>{say('lobby.heard')}</span>}
        {state === 'failed' && <p className="hint">{say('lobby.heardNo')}</p>}
      </div>
      {state === 'asking' && (
        <span className="speaker-answer">
          <button type="button" className="button button-quiet" onClick={() => answer('ok')}>
            {say('common.yes')}
          </button>
          <button type="button" className="button button-quiet" onClick={() => answer('failed')}>
            {say('common.no')}
          </button>
        </span>
      )}
    </div>
  );
}
