/** Two soft notes through the chosen speaker. Made here: no file is fetched. */

const NOTES_HZ = [523.25, 659.25];
const NOTE_S = 0.45;

/** Resolves when it is over. */
export async function playTestSound(speakerId: string): Promise<void> {
  const context = new AudioContext();
  await chooseSpeaker(context, speakerId);
  const ended = NOTES_HZ.map(
    (frequency, index) =>
      new Promise<void>((resolve) => {
        const from = context.currentTime + index * NOTE_S;
        const tone = new OscillatorNode(context, { frequency });
        const volume = new GainNode(context, { gain: 0 });
        volume.gain.setValueAtTime(0, from);
        volume.gain.linearRampToValueAtTime(0.25, from + 0.03);
        volume.gain.exponentialRampToValueAtTime(0.001, from + NOTE_S);
        tone.connect(volume).connect(context.destination);
        tone.addEventListener('ended', () => resolve());
        tone.start(from);
        tone.stop(from + NOTE_S);
      }),
  );
  await Promise.all(ended);
  await context.close().catch(() => undefined);
}

/** Chromium can; where it is not known the system's own choice plays. */
async function chooseSpeaker(context: AudioContext, speakerId: string): Promise<void> {
  if (speakerId !== '' && 'setSinkId' in context && typeof context.setSinkId === 'function') {
    await Promise.resolve(context.setSinkId(speakerId)).catch(() => undefined);
  }
}
