//! `MutePublishedTrack`: mutes somebody's track. Unmuting is left to whom the microphone belongs.

use livekit_protocol as proto;
use protocol::ids::{RoomName, TrackSid};
use sfu::words::administration::{ParticipantAct, Refused, Report};

use crate::twirp::call::{Call, identity, unexpected};
use crate::twirp::error::TwirpError;
use crate::wire::from_media;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::MuteRoomTrackRequest,
) -> Result<proto::MuteRoomTrackResponse, TwirpError> {
    let who = identity(&request.identity)?;
    let track = TrackSid::try_from(request.track_sid).map_err(|_| Refused::NoTrack)?;
    let act = ParticipantAct::Mute { track, muted: request.muted };
    match call.ask_participant(room, who, act).await? {
        Report::Track(info) => {
            Ok(proto::MuteRoomTrackResponse { track: Some(from_media::track(*info)) })
        }
        other => Err(unexpected(&other)),
    }
}
