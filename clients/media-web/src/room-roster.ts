/** A LiveKit room as the core sees it: plain snapshots of people and their tracks. */
import type { PersonSnapshot, Quality, RosterSnapshot } from '@bedside/core';
import { recordingOf } from '@bedside/core';
import { ConnectionQuality, type Participant, type Room, RoomEvent, Track } from 'livekit-client';

/** After each of these the snapshot may be another. */
export const ROSTER_EVENTS = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackSubscribed,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.RecordingStatusChanged,
  RoomEvent.ParticipantAttributesChanged,
] as const;

export function rosterOf(room: Room): RosterSnapshot {
  return {
    recorded: room.isRecording,
    recording: recordingOf(room.localParticipant.attributes),
    self: snapshotOf(room.localParticipant),
    others: [...room.remoteParticipants.values()].map((participant) => snapshotOf(participant)),
  };
}

export function participantOf(room: Room, identity: string): Participant | undefined {
  return room.localParticipant.identity === identity
    ? room.localParticipant
    : room.remoteParticipants.get(identity);
}

export function qualityOf(quality: ConnectionQuality): Quality {
  switch (quality) {
    case ConnectionQuality.Poor:
      return 'poor';
    case ConnectionQuality.Lost:
      return 'lost';
    default:
      return 'good';
  }
}

function snapshotOf(participant: Participant): PersonSnapshot {
  return {
    identity: participant.identity,
    name:
      participant.name === undefined || participant.name === ''
        ? participant.identity
        : participant.name,
    microphoneOn: isOn(participant, Track.Source.Microphone),
    cameraOn: isOn(participant, Track.Source.Camera),
    screenOn: isOn(participant, Track.Source.ScreenShare),
    cameraTrack: trackKey(participant, Track.Source.Camera),
    screenTrack: trackKey(participant, Track.Source.ScreenShare),
  };
}

function isOn(participant: Participant, source: Track.Source): boolean {
  const publication = participant.getTrackPublication(source);
  return publication !== undefined && !publication.isMuted;
}

let nextKey = 1;
const keys = new WeakMap<Track, string>();

/** The same for one track object, another for its successor: then the picture is attached anew. */
function trackKey(participant: Participant, source: Track.Source): string | null {
  const track = participant.getTrackPublication(source)?.track;
  if (track === undefined) {
    return null;
  }
  const known = keys.get(track);
  if (known !== undefined) {
    return known;
  }
  const key = `track-${nextKey}`;
  nextKey += 1;
  keys.set(track, key);
  return key;
}
