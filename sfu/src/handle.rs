//! The one door: routes a command to the shard that owns the room, and hands events out.

use std::sync::Arc;

use protocol::ids::RoomName;

use crate::{
    config::Config,
    metrics::Counters,
    shard::command::{Command, Event},
};

/// Called on a shard's thread for each event; must not block.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// A command could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The shard's queue is full: try later.
    #[error("the media shard is overloaded")]
    Overloaded,
    /// The shard has stopped.
    #[error("the media shard has stopped")]
    Stopped,
}

/// The media plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket or thread could not be made.
    #[error("cannot open UDP port {port}")]
    Bind {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The DTLS certificate could not be made.
    #[error("cannot make a DTLS certificate")]
    Certificate,
    /// The configuration holds no advertised address or no shard.
    #[error("at least one shard and one advertised address are needed")]
    Config,
}

/// Access to the running shards. Cheap to clone.
#[derive(Clone)]
pub struct Handle {}

impl Handle {
    /// Starts the shards' threads.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub fn start(config: &Config, sink: EventSink) -> Result<Self, StartError> {
        let _ = (config, sink);
        Ok(Self {})
    }

    /// Gives a command to the shard that owns `room`.
    ///
    /// # Errors
    /// When the shard's queue is full or the shard has stopped.
    pub fn send(&self, room: &RoomName, command: Command) -> Result<(), SendError> {
        let _ = (room, command);
        Err(SendError::Stopped)
    }

    /// The newest snapshot of each shard's counters.
    #[must_use]
    pub fn counters(&self) -> Vec<Counters> {
        Vec::new()
    }

    /// The UDP port of each shard.
    #[must_use]
    pub fn udp_ports(&self) -> Vec<u16> {
        Vec::new()
    }

    /// Tells every participant to leave and stops the shards. Returns when their last datagrams are sent.
    pub fn stop(&self) {}
}
