//! `DeleteRoom`: sends everyone away and ends the room.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use sfu::words::administration::RoomAct;

use crate::twirp::call::Call;
use crate::twirp::error::TwirpError;

pub(super) async fn run(
    call: Call,
    room: RoomName,
    _request: proto::DeleteRoomRequest,
) -> Result<proto::DeleteRoomResponse, TwirpError> {
    call.ask_room(room, RoomAct::Close).await?;
    Ok(proto::DeleteRoomResponse {})
}
