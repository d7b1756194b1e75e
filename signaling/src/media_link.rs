//! The way to the media plane, as narrow as it is: one call. A trait, so that tests can answer in
//! its place.

use protocol::ids::RoomName;
use sfu::handle::SendError;
use sfu::shard::command::Command;

/// Takes commands for the shard that owns a room.
pub trait MediaLink: Send + Sync {
    /// Gives a command to the shard that owns `room`; must not block.
    ///
    /// # Errors
    /// When the shard cannot take it.
    fn send(&self, room: &RoomName, command: Command) -> Result<(), SendError>;
}

impl MediaLink for sfu::Handle {
    fn send(&self, room: &RoomName, command: Command) -> Result<(), SendError> {
        sfu::Handle::send(self, room, command)
    }
}
