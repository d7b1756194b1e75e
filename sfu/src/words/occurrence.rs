//! What happens in rooms, for whoever watches all of them (webhooks): told to [`OBSERVER`] once
//! [`Command::Observe`](crate::words::command::Command) has come.
//!
//! A room's occurrences come in the order in which they happen, from its home shard.

use protocol::ids::SessionId;
use serde::{Deserialize, Serialize};

use crate::words::info::{ParticipantInfo, RoomInfo, TrackInfo};

/// The session that occurrences are addressed to. No socket has it.
pub const OBSERVER: SessionId = SessionId(0);

/// Something that happened in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The room, as it is after it.
    pub room: RoomInfo,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The room opened.
    RoomStarted,
    /// The room ended.
    RoomFinished(RoomEnd),
    /// A participant's media connection stands.
    ParticipantJoined(Box<ParticipantInfo>),
    /// A participant that had joined is gone.
    ParticipantLeft(Box<ParticipantInfo>),
    /// A participant is gone whose media connection never stood.
    ParticipantAborted(Box<ParticipantInfo>),
    /// A track is published. Of its participant only the ids and the name are told.
    TrackPublished(Box<ParticipantInfo>, Box<TrackInfo>),
    /// A track is not published any more.
    TrackUnpublished(Box<ParticipantInfo>, Box<TrackInfo>),
}

/// Why a room ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomEnd {
    /// Nobody was in it for long enough.
    Empty,
    /// An administrator closed it.
    Closed,
    /// The node stops.
    Shutdown,
}
