//! `GetParticipant`: one participant.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use sfu::words::administration::{ParticipantAct, Report};

use crate::twirp::call::{Call, identity, participant, unexpected};
use crate::twirp::error::TwirpError;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::RoomParticipantIdentity,
) -> Result<proto::ParticipantInfo, TwirpError> {
    let who = identity(&request.identity)?;
    match call.ask_participant(room, who, ParticipantAct::Describe).await? {
        Report::Participant(info) => Ok(participant(*info)),
        other => Err(unexpected(&other)),
    }
}
