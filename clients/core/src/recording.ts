/** What the server asks before a consultation is recorded, and what is answered. */

const STATE = 'bedside.recording';
const QUESTION = 'bedside.recording.question';
const ANSWER = 'bedside.recording.answer';

export type RecordingState = 'asked' | 'running' | 'paused';

/** What somebody with the grant for it may ask for. */
export type RecordingAct = 'start' | 'pause' | 'resume' | 'stop';

export interface RecordingSnapshot {
  readonly state: RecordingState;
  /** What is asked, as an answer has to name it. */
  readonly question: string;
  /** One's own answer to that. */
  readonly answer: 'yes' | 'no' | null;
}

/** What the server says in one's own attributes; `null` while nobody asks. */
export function recordingOf(
  attributes: Readonly<Record<string, string>>,
): RecordingSnapshot | null {
  const state = attributes[STATE];
  const question = attributes[QUESTION];
  if ((state !== 'asked' && state !== 'running' && state !== 'paused') || question === undefined) {
    return null;
  }
  const said = attributes[ANSWER];
  const answer = said === `yes:${question}` ? 'yes' : said === `no:${question}` ? 'no' : null;
  return { state, question, answer };
}

/** What can be asked for now. */
export function recordingActs(recording: RecordingSnapshot | null): readonly RecordingAct[] {
  if (recording === null) {
    return ['start'];
  }
  const acts = { asked: ['stop'], running: ['pause', 'stop'], paused: ['resume', 'stop'] } as const;
  return acts[recording.state];
}

/** The attribute that answers. */
export function recordingAnswer(question: string, agrees: boolean): Record<string, string> {
  return { [ANSWER]: `${agrees ? 'yes' : 'no'}:${question}` };
}
