//! The way to the media plane, as narrow as it is: two calls. A trait, so that tests can answer in
//! its place.

use sfu::handle::{SendError, ShardId};
use sfu::shard::command::{Command, Join};

/// Takes joins, and commands for the shard that a session is on. Never blocks.
pub trait MediaLink: Send + Sync {
    /// Gives a join to the shard where its room is at home, and says which that is.
    ///
    /// # Errors
    /// When the shard cannot take it.
    fn join(&self, join: Join) -> Result<ShardId, SendError>;

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

    fn send(&self, shard: ShardId, command: Command) -> Result<(), SendError> {
        sfu::Handle::send(self, shard, command)
    }
}
