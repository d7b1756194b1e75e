//! An occurrence as the `WebhookEvent` that LiveKit's SDKs know, in protobuf's JSON.

use std::sync::Arc;

use bytes::Bytes;
use livekit_protocol::{self as proto, RoomEndReason};
use protocol::ids::RoomSid;
use sfu::words::{
    info::ParticipantInfo,
    occurrence::{Occurrence, QualitySample, RecordingStep, RoomEnd, What},
};

use crate::clock::Now;
use crate::wire::from_media;

/// An event, ready for all receivers. A retry sends the same bytes, so that receivers know it by its id.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) room: Arc<RoomSid>,
    pub(crate) body: Bytes,
    pub(crate) since: std::time::Instant,
}

impl Prepared {
    pub(crate) fn new(occurrence: Occurrence, now: Now) -> Self {
        let room = Arc::new(occurrence.room.sid.clone());
        let event = event(occurrence, id(), now.unix_s());
        // Only an enum number without a name cannot be written; none of ours is.
        let body = serde_json::to_vec(&event).unwrap_or_default().into();
        Self { room, body, since: now.instant }
    }
}

fn id() -> String {
    let mut random = [0; 16];
    // Without randomness nothing else here would run: tokens and DTLS need it too.
    let _ = aws_lc_rs::rand::fill(&mut random);
    format!("EV_{:032x}", u128::from_be_bytes(random))
}

fn event(occurrence: Occurrence, id: String, created_at: i64) -> proto::WebhookEvent {
    let Occurrence { room, what } = occurrence;
    let mut event = proto::WebhookEvent {
        event: name(&what).to_owned(),
        id,
        created_at,
        room: Some(from_media::room(room)),
        ..Default::default()
    };
    match what {
        What::RoomStarted => {}
        What::RoomFinished(end) => event.room_end_reason = end_reason(end) as i32,
        What::ParticipantJoined(who)
        | What::ParticipantLeft(who)
        | What::ParticipantAborted(who) => {
            event.participant = Some(from_media::participant(*who));
        }
        What::ParticipantQuality(who, samples) => {
            event.participant = Some(quality(*who, &samples));
        }
        What::TrackPublished(who, track) | What::TrackUnpublished(who, track) => {
            event.participant = Some(from_media::participant(*who));
            event.track = Some(from_media::track(*track));
        }
        What::Recording(_, info) => event.egress_info = Some(from_media::egress(*info)),
    }
    event
}

/// LiveKit's event has no place for a series: it is told as an attribute, so that its SDKs can read the rest.
fn quality(who: ParticipantInfo, samples: &[QualitySample]) -> proto::ParticipantInfo {
    let mut participant = from_media::participant(who);
    let text = serde_json::to_string(samples).unwrap_or_default();
    participant.attributes.insert(QUALITY_ATTRIBUTE.to_owned(), text);
    participant
}

/// The attribute of a `participant_quality` event that holds the series, as JSON.
const QUALITY_ATTRIBUTE: &str = "bedside.quality";

fn name(what: &What) -> &'static str {
    match what {
        What::RoomStarted => "room_started",
        What::RoomFinished(_) => "room_finished",
        What::ParticipantJoined(_) => "participant_joined",
        What::ParticipantLeft(_) => "participant_left",
        What::ParticipantQuality(..) => "participant_quality",
        What::ParticipantAborted(_) => "participant_connection_aborted",
        What::TrackPublished(..) => "track_published",
        What::TrackUnpublished(..) => "track_unpublished",
        What::Recording(RecordingStep::Started, _) => "egress_started",
        What::Recording(RecordingStep::Updated, _) => "egress_updated",
        What::Recording(RecordingStep::Ended, _) => "egress_ended",
    }
}

fn end_reason(end: RoomEnd) -> RoomEndReason {
    match end {
        RoomEnd::Empty => RoomEndReason::RoomEndIdleTimeout,
        RoomEnd::Closed => RoomEndReason::RoomEndApiDelete,
        RoomEnd::Shutdown => RoomEndReason::RoomEndServerShutdown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_occurrence_is_an_event_that_reads_back_from_its_json() {
        let who = || Box::new(samples::participant("doctor"));
        let track = || Box::new(samples::track());
        for (what, name, has_participant, has_track) in [
            (What::RoomStarted, "room_started", false, false),
            (What::RoomFinished(RoomEnd::Closed), "room_finished", false, false),
            (What::ParticipantJoined(who()), "participant_joined", true, false),
            (What::ParticipantLeft(who()), "participant_left", true, false),
            (What::ParticipantAborted(who()), "participant_connection_aborted", true, false),
            (What::TrackPublished(who(), track()), "track_published", true, true),
            (What::TrackUnpublished(who(), track()), "track_unpublished", true, true),
        ] {
            let occurrence = Occurrence { room: samples::room(), what };
            let prepared = Prepared::new(occurrence, samples::now());
            let event: proto::WebhookEvent = serde_json::from_slice(&prepared.body).unwrap();
            assert_eq!(event.event, name);
            assert_eq!(event.created_at, samples::UNIX_S);
            assert_eq!(event.room.unwrap().name, "room");
            assert_eq!(event.participant.is_some(), has_participant);
            assert_eq!(event.track.is_some(), has_track);
            assert!(event.id.starts_with("EV_") && event.id.len() == 35);
        }
    }

    #[test]
    fn events_have_ids_of_their_own_and_rooms_say_why_they_ended() {
        let finished = || {
            let what = What::RoomFinished(RoomEnd::Empty);
            Prepared::new(Occurrence { room: samples::room(), what }, samples::now()).body
        };
        let (first, second) = (finished(), finished());
        assert_ne!(first, second);
        assert!(String::from_utf8_lossy(&first).contains("\"ROOM_END_IDLE_TIMEOUT\""));
    }
}
