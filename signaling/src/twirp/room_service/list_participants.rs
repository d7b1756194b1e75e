//! `ListParticipants`: everyone in a room, the hidden too.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use sfu::words::administration::{Report, RoomAct};

use crate::twirp::call::{Call, participant, unexpected};
use crate::twirp::error::TwirpError;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    _request: proto::ListParticipantsRequest,
) -> Result<proto::ListParticipantsResponse, TwirpError> {
    match call.ask_room(room, RoomAct::ListParticipants).await? {
        Report::Participants(everyone) => {
            let participants = everyone.into_iter().map(participant).collect();
            Ok(proto::ListParticipantsResponse { participants })
        }
        other => Err(unexpected(&other)),
    }
}
