//! The way to the media plane, as narrow as it is: commands in, and where rooms live. A trait, so that tests can answer in
//! its place.

use protocol::ids::{RoomName, SessionId};
use sfu::handle::{SendError, ShardId};
use sfu::words::administration::OpenRoom;
use sfu::words::command::{Command, Join};
use sfu::words::recording::RecordingInfo;

/// Takes joins, and commands for the shard that a session is on. Never blocks.
pub trait MediaLink: Send + Sync {
    /// Gives a join to the shard where its room is at home, and says which that is.
    ///
    /// # Errors
    /// When the shard cannot take it.
    fn join(&self, join: Join) -> Result<ShardId, SendError>;

    /// Gives an administrator's opening of a room to the shard where it is or will be at home. The
    /// answer goes to `session`.
    ///
    /// # Errors
    /// When the shard cannot take it.
    fn open_room(&self, session: SessionId, opening: OpenRoom) -> Result<ShardId, SendError>;

    /// The shard where a room is at home, if there may be such a room.
    fn home_of(&self, room: &RoomName) -> Option<ShardId>;

    /// How many shards there are.
    fn shards(&self) -> u16;

    /// Recordings under way and ended ones, the newest last; none if rooms cannot be recorded here.
    fn recordings(&self) -> Vec<RecordingInfo>;

    /// Gives a command to a shard.
    ///
    /// # Errors
    /// When the shard cannot take it.
    fn send(&self, shard: ShardId, command: Command) -> Result<(), SendError>;
}

impl MediaLink for sfu::Handle {
    fn join(&self, join: Join) -> Result<ShardId, SendError> {
        sfu::Handle::join(self, join)
    }

    fn open_room(&self, session: SessionId, opening: OpenRoom) -> Result<ShardId, SendError> {
        sfu::Handle::open_room(self, session, opening)
    }

    fn home_of(&self, room: &RoomName) -> Option<ShardId> {
        sfu::Handle::home_of(self, room)
    }

    fn shards(&self) -> u16 {
        sfu::Handle::shards(self)
    }

    fn recordings(&self) -> Vec<RecordingInfo> {
        sfu::Handle::recordings(self).unwrap_or_default()
    }

    fn send(&self, shard: ShardId, command: Command) -> Result<(), SendError> {
        sfu::Handle::send(self, shard, command)
    }
}
