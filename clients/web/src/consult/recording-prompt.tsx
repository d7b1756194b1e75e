/** Asks whether the visit may be recorded. Whether it is, the server decides and says. */
import type { RecordingSnapshot } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import { useState } from 'react';
import { useSay } from '../app/words.tsx';

export function RecordingPrompt({
  recording,
  link,
}: {
  readonly recording: RecordingSnapshot | null;
  readonly link: MediaLink;
}) {
  const say = useSay();
  if (recording === null || recording.answer !== null) {
    return null;
  }
  const { question } = recording;
  return (
    <section className="card recording-prompt" role="alertdialog" aria-labelledby="recording-ask">
      <h2 id="recording-ask">{say('call.recording.ask')}</h2>
      <p>{say('call.recording.askText')}</p>
      <div className="button-row">
        <AnswerButton link={link} question={question} agrees={true}>
          {say('call.recording.yes')}
        </AnswerButton>
        <AnswerButton link={link} question={question} agrees={false}>
          {say('call.recording.no')}
        </AnswerButton>
      </div>
    </section>
  );
}

/** How it stands, and the other answer: a yes can be taken back at any time. */
export function RecordingFacts({
  recorded,
  recording,
  link,
}: {
  readonly recorded: boolean;
  readonly recording: RecordingSnapshot | null;
  readonly link: MediaLink;
}) {
  const say = useSay();
  return (
    <>
      <p>{say(recorded ? 'call.recordingOn' : 'call.notRecorded')}</p>
      {recording !== null && !recorded && <p>{say('call.recording.waits')}</p>}
      {recording !== null && recording.answer !== null && (
        <AnswerButton link={link} question={recording.question} agrees={recording.answer === 'no'}>
          {say(recording.answer === 'no' ? 'call.recording.agree' : 'call.recording.withdraw')}
        </AnswerButton>
      )}
    </>
  );
}

function AnswerButton({
  link,
  question,
  agrees,
  children,
}: {
  readonly link: MediaLink;
  readonly question: string;
  readonly agrees: boolean;
  readonly children: string;
}) {
  const [busy, setBusy] = useState(false);
  const answer = (): void => {
    setBusy(true);
    void link.answerRecording(question, agrees).finally(() => setBusy(false));
  };
  return (
    <button
      type="button"
      className={agrees ? 'button button-primary' : 'button'}
      disabled={busy}
      onClick={answer}
    >
      {children}
    </button>
  );
}
