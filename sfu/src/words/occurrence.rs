//! What happens in rooms, for whoever watches all of them (webhooks): told to [`OBSERVER`] once
//! [`Command::Observe`](crate::words::command::Command) has come.
//!
//! A room's occurrences come in the order in which they happen, from its home shard.

use protocol::ids::SessionId;
use serde::{Deserialize, Serialize};

use crate::words::{
    info::{ParticipantInfo, RoomInfo, TrackInfo},
    recording::RecordingInfo,
};

/// The session that occurrences are addressed to. No socket has it.
pub const OBSERVER: SessionId = SessionId(0);

/// Something that happened in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The room, as it is after it.
    pub room: RoomInfo,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// The room opened.
    RoomStarted,
    /// The room ended.
    RoomFinished(RoomEnd),
    /// A participant's media connection stands.
    ParticipantJoined(Box<ParticipantInfo>),
    /// A participant that had joined is gone.
    ParticipantLeft(Box<ParticipantInfo>),
    /// How a participant's stay was, just before it is told to have left.
    ParticipantQuality(Box<ParticipantInfo>, Vec<QualitySample>),
    /// A participant is gone whose media connection never stood.
    ParticipantAborted(Box<ParticipantInfo>),
    /// A track is published. Of its participant only the ids and the name are told.
    TrackPublished(Box<ParticipantInfo>, Box<TrackInfo>),
    /// A track is not published any more.
    TrackUnpublished(Box<ParticipantInfo>, Box<TrackInfo>),
    /// A recording is somewhere else than it was.
    Recording(RecordingStep, Box<RecordingInfo>),
}

/// What a recording has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordingStep {
    /// It was asked for.
    Started,
    /// It runs for the first time.
    Updated,
    /// Its files are closed.
    Ended,
}

/// The quality of a participant's connections over some seconds: the worst of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QualitySample {
    /// When it begins, in seconds since the join.
    pub at_s: u32,
    /// Lost of what the participant sent, in thousandths.
    pub loss_up_permille: u32,
    /// Lost of what it was sent, in thousandths.
    pub loss_down_permille: u32,
    /// Round trip, its wait before feedback included.
    pub rtt_ms: u32,
    /// Jitter of what it sent (RFC 3550).
    pub jitter_up_ms: u32,
    /// What its line was estimated to carry towards it; 0: not known.
    pub estimate_kbps: u32,
    /// What arrived at it.
    pub received_kbps: u32,
    /// The highest layer that it was sent, of any picture.
    pub layer: Option<u8>,
    /// 0 to 5.
    pub score: f32,
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
