//! What an administrator asks of rooms, and what is answered.
//!
//! An administrator is a program with an API key, no participant: it is not in the room, and nobody in there sees it.
//! Every act is answered by exactly one [`Message::Administered`](crate::words::event::Message).

use std::collections::BTreeMap;

use protocol::{
    ids::{Identity, RoomName, SessionId, TrackSid},
    permission::Permission,
};
use serde::{Deserialize, Serialize};

use crate::words::{
    info::{ParticipantInfo, RoomInfo, TrackInfo},
    recording::{RecordAct, RecordingReport},
};

/// Most rooms in one answer: what a shard describes in well under a millisecond.
pub const ROOMS_PER_PAGE: usize = 64;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Act {
    /// Opens a room, or changes the settings of one that is open. Goes through
    /// [`Handle::open_room`](crate::Handle::open_room), which finds its home.
    OpenRoom(OpenRoom),
    /// Some of the shard's rooms.
    ListRooms(ListRooms),
    /// Something of one room. It must be at home on the shard that is asked.
    InRoom {
        /// Which.
        room: RoomName,
        /// What.
        act: RoomAct,
    },
}

/// A room to be opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenRoom {
    /// Its name.
    pub room: RoomName,
    /// What is to be different from the defaults.
    pub settings: RoomSettings,
    /// Wall clock, milliseconds since the Unix epoch (the shard has none).
    pub unix_ms: i64,
}

/// Settings of a room that are given; absent ones have the node's defaults, or stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSettings {
    /// Seconds the room waits for its first participant.
    pub empty_timeout_s: Option<u32>,
    /// Seconds the room waits for someone to return.
    pub departure_timeout_s: Option<u32>,
    /// Most participants, those who only record or watch unseen apart. Never more than the node allows.
    pub participants_max: Option<u32>,
    /// Free text for the application.
    pub metadata: Option<String>,
}

/// A page of a shard's rooms.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListRooms {
    /// Only the room of this name.
    pub name: Option<RoomName>,
    /// Where the page before ended; 0 at first.
    pub after: u32,
}

/// What is asked of a room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RoomAct {
    /// Everyone must leave, and the room ends. Answered by [`Report::Done`].
    Close,
    /// Answered by [`Report::Room`].
    SetMetadata(String),
    /// A data message of the server itself, as `DataPacket` protobuf. Answered by [`Report::Done`].
    SendData {
        /// The packet.
        packet: Vec<u8>,
        /// On the lossy channel.
        lossy: bool,
    },
    /// Answered by [`Report::Participants`].
    ListParticipants,
    /// Something of its recording. Answered by [`Report::Recording`].
    Record(Box<RecordAct>),
    /// Something of one participant.
    OfParticipant {
        /// Who.
        identity: Identity,
        /// What.
        act: ParticipantAct,
    },
}

/// What is asked of a participant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ParticipantAct {
    /// Answered by [`Report::Participant`].
    Describe,
    /// It must leave. Answered by [`Report::Done`].
    Remove,
    /// It may take part from now on, whatever its token says; if it is not there, as soon as it comes. Answered by
    /// [`Report::Participant`], or by [`Report::Done`] if it is not there.
    Admit,
    /// It waits from now on, as [`Admit`](Self::Admit) otherwise: its tracks end, and neither does it see or reach
    /// others nor they it.
    Hold,
    /// Mutes one of its tracks. Nobody is unmuted from afar. Answered by [`Report::Track`].
    Mute {
        /// Which.
        track: TrackSid,
        /// The new state.
        muted: bool,
    },
    /// Answered by [`Report::Participant`].
    Update(Box<ParticipantChange>),
    /// Subscribes it to tracks, or unsubscribes it. Answered by [`Report::Done`].
    Subscribe {
        /// Which.
        tracks: Vec<TrackSid>,
        /// On or off.
        subscribe: bool,
    },
    /// Asks its client. Answered by [`Report::Done`]; what the client says follows, as
    /// [`Message::Answered`](crate::words::event::Message).
    Ask(Box<Question>),
}

/// A remote procedure call of the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Question {
    /// `DataPacket` protobuf with an `RpcRequest`.
    pub packet: Vec<u8>,
    /// The id in that.
    pub id: String,
    /// Who is told what the client says: the session that asks.
    pub session: SessionId,
    /// How long that waits.
    pub patience_ms: u32,
}

/// What changes of a participant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantChange {
    /// New name, if not empty.
    pub name: String,
    /// New metadata, if not empty.
    pub metadata: String,
    /// Attributes to merge; an empty value deletes the key.
    pub attributes: BTreeMap<String, String>,
    /// New permission, as a whole.
    pub permission: Option<Permission>,
}

/// How an act went.
pub type Administered = Result<Report, Refused>;

/// What is reported of an act that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// It is done.
    Done,
    /// The room.
    Room(Box<RoomInfo>),
    /// At most [`ROOMS_PER_PAGE`] rooms, and where the next page begins if there may be one.
    Rooms {
        /// The rooms.
        rooms: Vec<RoomInfo>,
        /// For [`ListRooms::after`].
        next: Option<u32>,
    },
    /// Everyone in the room, the hidden too.
    Participants(Vec<ParticipantInfo>),
    /// The participant.
    Participant(Box<ParticipantInfo>),
    /// The track.
    Track(Box<TrackInfo>),
    /// The recording.
    Recording(Box<RecordingReport>),
}

/// Why an act is refused; nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refused {
    /// There is no such room.
    #[error("requested room does not exist")]
    NoRoom,
    /// Nobody of that identity is in the room.
    #[error("participant does not exist")]
    NoParticipant,
    /// The participant does not publish that track.
    #[error("track is not found")]
    NoTrack,
    /// The node has no space for another room.
    #[error("no space for another room")]
    Full,
    /// Nobody's microphone or camera is switched on from afar.
    #[error("remote unmute is not enabled")]
    RemoteUnmute,
    /// Name, metadata or attributes over their limits.
    #[error("name, metadata or attributes are too long")]
    TooLong,
    /// A data packet that cannot be sent.
    #[error("the data packet is malformed")]
    BadData,
    /// As many questions as may be open have no answer yet.
    #[error("too many questions wait for an answer")]
    Busy,
    /// There is no such recording in the room.
    #[error("the room has no such recording")]
    NoRecording,
    /// The room is recorded already, or people are asked.
    #[error("a recording of this room is already under way")]
    Recording,
    /// The node has no folder for recordings.
    #[error("recording is not switched on here")]
    RecordingOff,
    /// The room is served by several shards, which cannot watch over consent together.
    #[error("a room this large cannot be recorded")]
    TooLarge,
    /// An answer to another question.
    #[error("that is no answer to what is asked")]
    BadAnswer,
    /// The room's work broke off in the middle.
    #[error("the room failed")]
    Failed,
}
