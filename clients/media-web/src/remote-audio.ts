/**
 * The sound of the others: one audio element per track, in the document but not to be seen.
 * Kept out of React, so that no re-rendering can ever interrupt somebody's voice.
 */
import { type RemoteTrack, Track } from 'livekit-client';

const CONTAINER_ID = 'remote-audio';

export function playRemoteAudio(track: RemoteTrack, identity: string): void {
  if (track.kind !== Track.Kind.Audio) {
    return;
  }
  const element = track.attach();
  element.dataset['identity'] = identity;
  element.dataset['testid'] = 'remote-audio';
  container().append(element);
}

export function stopRemoteAudio(track: RemoteTrack): void {
  if (track.kind === Track.Kind.Audio) {
    for (const element of track.detach()) {
      element.remove();
    }
  }
}

export function clearRemoteAudio(): void {
  container().replaceChildren();
}

function container(): HTMLElement {
  const existing = document.querySelector<HTMLElement>(`#${CONTAINER_ID}`);
  if (existing !== null) {
    return existing;
  }
  const created = document.createElement('div');
  created.id = CONTAINER_ID;
  created.hidden = true;
  document.body.append(created);
  return created;
}
