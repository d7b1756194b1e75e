/** Asks the server to record a room (`docs/RECORDING.md`). Whether it does, those who are present decide. */
import type { RecordingAct } from '@bedside/core';

const TIMEOUT_MS = 10_000;

const METHODS: Readonly<Record<RecordingAct, string>> = {
  start: 'StartRecording',
  pause: 'PauseRecording',
  resume: 'ResumeRecording',
  stop: 'StopRecording',
};

/** `token`: one with the grant `roomRecord` for this room. False where the server refused, or was not reached. */
export async function askToRecord(
  server: string,
  token: string,
  room: string,
  act: RecordingAct,
): Promise<boolean> {
  try {
    const response = await fetch(`${server}/twirp/bedside.Recording/${METHODS[act]}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    });
    return response.ok;
  } catch {
    return false;
  }
}
