//! The control messages of a relay: what a home and an edge tell each other.
//!
//! A participant crosses whole, as its [`Mirror`]: each change replaces what the other side has, so there is nothing to
//! get out of step. Its version counter has one writer, the shard that the participant is connected to.

use protocol::{
    ids::{DataTrackSid, ParticipantSid, RoomName, RoomSid, SessionId, TrackSid},
    permission::Admission,
};
use serde::{Deserialize, Serialize};

use super::TrackHandle;
use crate::{
    rtp::payload::CodecKind,
    words::{
        administration::{ParticipantChange, Question, RoomSettings},
        command::{Join, TrackPermission},
        event::LeaveAction,
        info::{LeaveReason, ParticipantInfo, Speaker},
    },
};

/// What a home tells an edge.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Down {
    /// Be an edge of this room. Followed by everyone who is present.
    Open(Opening),
    /// A listener is yours: let it in under this sid. The home has told everybody else of it.
    Admit(ParticipantSid, Box<Join>),
    /// A participant of yours comes back over a new socket.
    Resume(Box<Join>),
    /// A session that was handed on to you has closed before it knew.
    SessionClosed(SessionId),
    /// A participant of another shard: new, or changed.
    Participant(Box<Mirror>),
    /// A participant is gone; if it is yours, the home ends it.
    Departed(Departure),
    /// So many bytes of reliable messages of this sender have been passed on here: as many more may come.
    DataTaken(ParticipantSid, u32),
    /// Somebody here or beyond receives this data track of yours, or nobody does any more.
    WantData(DataTrackSid, bool),
    /// Who started, changed or stopped speaking.
    Speakers(Vec<Speaker>),
    /// The room's settings that have changed.
    Settings(RoomSettings),
    /// An administrator asks this of a participant of yours.
    Administer(ParticipantSid, EdgeAct),
    /// A data message of the server itself, for whom of yours it is meant.
    DataOfServer {
        /// `DataPacket` protobuf.
        packet: Vec<u8>,
        /// On the lossy channel.
        lossy: bool,
    },
    /// The room ends, or nobody of yours is in it any more.
    Close(LeaveReason, LeaveAction),
}

/// What an administrator may ask of a participant that is connected elsewhere. Whatever else there is to ask is the home's
/// own business.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum EdgeAct {
    /// It takes part from now on, or waits.
    Decide(Admission),
    /// Other name, metadata, attributes or permission.
    Update(Box<ParticipantChange>),
    /// Subscribes it to tracks, or unsubscribes it.
    Subscribe {
        /// Which.
        tracks: Vec<TrackSid>,
        /// On or off.
        subscribe: bool,
    },
    /// Asks its client.
    Ask(Box<Question>),
}

/// What an edge tells its home.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Up {
    /// A participant of the edge has changed.
    Participant(Box<Mirror>),
    /// A participant of the edge is gone.
    Departed(Departure),
    /// As [`Down::DataTaken`].
    DataTaken(ParticipantSid, u32),
    /// As [`Down::WantData`].
    WantData(DataTrackSid, bool),
    /// Someone here receives this track: send it under this handle.
    Want(TrackSid, TrackHandle),
    /// Nobody here receives this track any more.
    Unwant(TrackSid),
    /// Someone here needs a key frame: of this layer, or of the best that flows.
    KeyFrame(TrackSid, Option<u8>),
}

/// A room, for an edge of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opening {
    /// This life of the room.
    pub sid: RoomSid,
    /// Its name.
    pub name: RoomName,
    /// When it was opened, milliseconds since the Unix epoch.
    pub created_unix_ms: i64,
    /// Its settings, all of them.
    pub settings: RoomSettings,
}

/// A participant as another shard needs to know it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mirror {
    /// As clients see it, tracks included.
    pub info: ParticipantInfo,
    /// Who may subscribe to its tracks; `None` is everyone.
    pub audience: Option<Vec<TrackPermission>>,
    /// What offering its tracks takes, in the order of `info.tracks`.
    pub media: Vec<TrackMedia>,
}

/// What a subscriber is offered of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackMedia {
    /// The codec, by its media type.
    #[serde(with = "codec_name")]
    pub codec: CodecKind,
    /// Its parameters.
    pub fmtp: String,
    /// RED is offered beside it.
    pub red: bool,
    /// Stereo.
    pub stereo: bool,
}

/// The end of a participant's stay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Departure {
    /// Whose.
    pub participant: ParticipantSid,
    /// Why.
    pub reason: LeaveReason,
    /// The same identity joined again: clients that know better are not told.
    pub is_replaced: bool,
}

mod codec_name {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error};

    use crate::rtp::payload::CodecKind;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        codec: &CodecKind,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(codec.mime())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<CodecKind, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        CodecKind::from_name(&name).ok_or_else(|| D::Error::custom("unknown codec"))
    }
}
