/**
 * Notices within two seconds that a call has fallen silent, and whose line it is: counters of what arrives are read four
 * times a second; when they stand, the server is asked whether it is there.
 */
import type { Arrivals, Sample, Silence } from '@bedside/core';
import { noArrivals, silentSince, takeSamples } from '@bedside/core';
import { type RemoteParticipant, type RemoteTrack, type Room, Track } from 'livekit-client';

const EVERY_MS = 250;
const SERVER_ANSWERS_WITHIN_MS = 600;

export class SilenceWatch {
  #arrivals: Arrivals = noArrivals;
  #told = '';
  #busy = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly room: Room,
    private readonly server: string,
    private readonly tell: (silence: Silence | null) => void,
  ) {
    this.#timer = setInterval(() => void this.#look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    try {
      const people = [...this.room.remoteParticipants.values()];
      const samples = (await Promise.all(people.map(sampleOf))).filter((one) => one !== null);
      const now = performance.now();
      this.#arrivals = takeSamples(this.#arrivals, samples, now);
      const silent = silentSince(this.#arrivals, now);
      this.#say(silent.length === 0 ? null : await this.#cause(silent));
    } finally {
      this.#busy = false;
    }
  }

  async #cause(silent: readonly string[]): Promise<Silence> {
    if (!navigator.onLine) {
      return { cause: 'own-line' };
    }
    try {
      const signal = AbortSignal.timeout(SERVER_ANSWERS_WITHIN_MS);
      await fetch(`${this.server}/healthz`, { cache: 'no-store', signal });
      return { cause: 'others', names: silent.map((identity) => this.#nameOf(identity)) };
    } catch (error) {
      // A refusal comes at once from a machine that is there; from a dead line nothing comes.
      const noAnswer = error instanceof DOMException && error.name === 'TimeoutError';
      return { cause: noAnswer ? 'own-line' : 'server' };
    }
  }

  #nameOf(identity: string): string {
    const name = this.room.remoteParticipants.get(identity)?.name ?? '';
    return name === '' ? identity : name;
  }

  #say(silence: Silence | null): void {
    const text = JSON.stringify(silence);
    if (text !== this.#told) {
      this.#told = text;
      this.tell(silence);
    }
  }
}

/** `null` for somebody from whom nothing is expected. */
async function sampleOf(participant: RemoteParticipant): Promise<Sample | null> {
  const tracks = [...participant.trackPublications.values()].flatMap(({ track, isMuted }) =>
    track === undefined || isMuted || track.streamState === Track.StreamState.Paused ? [] : [track],
  );
  // Of a camera that is not looked at nothing is sent; a voice always is.
  const audible = tracks.some((track) => track.kind === Track.Kind.Audio);
  if (!audible) {
    return null;
  }
  const bytes = await Promise.all(tracks.map(bytesOf));
  return { identity: participant.identity, bytes: bytes.reduce((sum, one) => sum + one, 0) };
}

async function bytesOf(track: RemoteTrack): Promise<number> {
  let bytes = 0;
  const report = await track.getRTCStatsReport().catch(() => undefined);
  report?.forEach((entry: unknown) => {
    if (isInbound(entry)) {
      bytes += entry.bytesReceived;
    }
  });
  return bytes;
}

function isInbound(entry: unknown): entry is { readonly bytesReceived: number } {
  return (
    typeof entry === 'object' &&
    entry !== null &&
    'type' in entry &&
    entry.type === 'inbound-rtp' &&
    'bytesReceived' in entry &&
    typeof entry.bytesReceived === 'number'
  );
}
