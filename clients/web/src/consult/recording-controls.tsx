/** For who may have a visit recorded: start, pause, end. Everyone present is asked by the server before it begins. */
import type { RecordingAct, RecordingSnapshot } from '@bedside/core';
import { recordingActs } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import { useState } from 'react';
import { useSay } from '../app/words.tsx';
import { Notice } from '../parts/notice.tsx';

export function RecordingControls({
  recording,
  link,
}: {
  readonly recording: RecordingSnapshot | null;
  readonly link: MediaLink;
}) {
  const say = useSay();
  const [busy, setBusy] = useState(false);
  const [isFailed, setFailed] = useState(false);
  const press = async (act: RecordingAct): Promise<void> => {
    setBusy(true);
    setFailed(!(await link.record(act)));
    setBusy(false);
  };
  return (
    <section className="stack" aria-labelledby="recording-controls">
      <h3 id="recording-controls">{say('call.recording.title')}</h3>
      {recording === null && <p>{say('call.recording.startText')}</p>}
      <div className="actions">
        {recordingActs(recording).map((act) => (
          <button
            key={act}
            type="button"
            className={act === 'stop' ? 'button button-danger-quiet' : 'button'}
            disabled={busy}
            onClick={() => void press(act)}
          >
            {say(`call.recording.${act}`)}
          </button>
        ))}
      </div>
      {isFailed && <Notice kind="warning">{say('call.recording.failed')}</Notice>}
    </section>
  );
}
