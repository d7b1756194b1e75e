/** Tracks from the lobby, wrapped so that the library may stop and restart them like its own. */
import {
  isLocalTrack,
  LocalAudioTrack,
  type LocalTrack,
  LocalVideoTrack,
  type Track,
} from 'livekit-client';

export function microphoneTrack(captured: MediaStreamTrack): LocalTrack {
  return localTrack(new LocalAudioTrack(captured, constraintsOf(captured), false));
}

export function cameraTrack(captured: MediaStreamTrack): LocalTrack {
  return localTrack(new LocalVideoTrack(captured, constraintsOf(captured), false));
}

/** The library's own classes miss its own type under exact optional properties; its guard agrees. */
function localTrack(track: Track): LocalTrack {
  if (!isLocalTrack(track)) {
    throw new TypeError('not a local track');
  }
  return track;
}

/** With the device pinned, so that switching off and on again returns to the same one. */
function constraintsOf(track: MediaStreamTrack): MediaTrackConstraints {
  const { deviceId } = track.getSettings();
  return { ...track.getConstraints(), ...(deviceId === undefined ? {} : { deviceId }) };
}
