//! `UpdateRoomMetadata`: replaces a room's metadata; empty text erases it.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use sfu::words::administration::{Report, RoomAct};

use crate::twirp::call::{self, Call, unexpected};
use crate::twirp::error::TwirpError;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    request: proto::UpdateRoomMetadataRequest,
) -> Result<proto::Room, TwirpError> {
    match call.ask_room(room, RoomAct::SetMetadata(request.metadata)).await? {
        Report::Room(info) => Ok(call::room(*info)),
        other => Err(unexpected(&other)),
    }
}
