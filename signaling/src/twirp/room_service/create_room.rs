//! `CreateRoom`: opens a room, or changes the settings of an open one to what is given.

use livekit_protocol as proto;
use protocol::ids::RoomName;
use sfu::words::administration::{OpenRoom, Report, RoomSettings};

use crate::twirp::call::{Call, room, unexpected};
use crate::twirp::error::TwirpError;

pub(super) async fn run(
    call: Call,
    name: RoomName,
    request: proto::CreateRoomRequest,
) -> Result<proto::Room, TwirpError> {
    let given = |value: u32| (value > 0).then_some(value);
    let settings = RoomSettings {
        empty_timeout_s: given(request.empty_timeout),
        departure_timeout_s: given(request.departure_timeout),
        participants_max: given(request.max_participants),
        metadata: Some(request.metadata).filter(|text| !text.is_empty()),
    };
    let opening = OpenRoom { room: name, settings, unix_ms: call.now.unix_ms };
    let asked = |session| call.link().open_room(session, opening).map(|_| ());
    match call.ask(asked).await? {
        Report::Room(info) => Ok(room(*info)),
        other => Err(unexpected(&other)),
    }
}
