//! What a shard tells sessions.

use std::{collections::BTreeMap, sync::Arc};

use protocol::ids::{ParticipantSid, SessionId, TrackSid};
use serde::{Deserialize, Serialize};

pub use crate::words::info::LeaveAction;
use crate::{
    placement::ShardId,
    words::{
        administration::Administered,
        command::{AddTrack, DataTrackRequest, KnownDataTrack},
        info::{
            Claims, DataTrackInfo, LeaveReason, ParticipantInfo, QualityOf, RoomInfo, Speaker,
            TrackInfo, VideoQuality,
        },
        occurrence::Occurrence,
    },
};

/// Something a shard tells one session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// To whom.
    pub session: SessionId,
    /// What.
    pub message: Message,
}

/// What a session is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Message {
    /// The join succeeded; first message of a session.
    Joined(Box<Joined>),
    /// The resume succeeded; first message of a session.
    Resumed(Box<Resumed>),
    /// The join failed; the only message of a session. After another first message it means nothing.
    Refused(JoinRefusal),
    /// A join that only asks would succeed just now; the only message of a session.
    Admissible,
    /// Answer to the client's offer of the same id.
    Answer {
        /// Echo of the offer's id.
        id: u32,
        /// The SDP.
        sdp: String,
        /// mid to track of what is sent on the only connection, complete; empty if there are two.
        mid_to_track: BTreeMap<String, TrackSid>,
    },
    /// A client with one connection is to offer again, with so many sections more in which it only receives. None more
    /// is a request as well: something changed that an answer must say.
    SectionsWanted {
        /// For sound.
        audio: u32,
        /// For pictures.
        video: u32,
    },
    /// Subscriber offer; a later one replaces an unanswered one.
    Offer {
        /// Our counter.
        id: u32,
        /// The SDP.
        sdp: String,
        /// mid to track, complete.
        mid_to_track: BTreeMap<String, TrackSid>,
    },
    /// A track announced by `add_track` is known under this sid.
    TrackPublished {
        /// The client's id.
        cid: String,
        /// The publication.
        track: TrackInfo,
    },
    /// The server removed an own publication.
    TrackUnpublished(TrackSid),
    /// An own track got its first subscriber.
    TrackSubscribed(TrackSid),
    /// A participant that changed: one value for all who are told. Clients drop what is not newer.
    Participant(#[serde(with = "shared")] Arc<ParticipantInfo>),
    /// The room changed.
    Room(RoomInfo),
    /// Who started, changed or stopped (level 0) speaking.
    Speakers(Vec<Speaker>),
    /// How well participants are connected, those of whom it has changed or is told anew.
    ConnectionQuality(Vec<QualityOf>),
    /// The line of the receiver of this message carries a track no more, or does again.
    StreamState {
        /// Whose.
        publisher: ParticipantSid,
        /// Which.
        track: TrackSid,
        /// Nothing of it is sent for now.
        is_paused: bool,
    },
    /// Which layers of an own track somebody takes, lowest first.
    SubscribedQuality {
        /// Which.
        track: TrackSid,
        /// Its codec, as in `TrackInfo::mime_type`.
        mime_type: String,
        /// Every declared layer.
        layers: Vec<(VideoQuality, bool)>,
    },
    /// The server muted an own track.
    RemoteMute {
        /// The track.
        track: TrackSid,
        /// The new state.
        muted: bool,
    },
    /// A publisher allowed or forbade the receiver of this message one of its tracks.
    SubscriptionAllowed {
        /// Whose.
        publisher: ParticipantSid,
        /// Which.
        track: TrackSid,
        /// The new state.
        allowed: bool,
    },
    /// A subscription failed for good.
    SubscriptionFailed {
        /// Which.
        track: TrackSid,
        /// Why.
        error: SubscriptionError,
    },
    /// Outcome of a request that names one.
    RequestOutcome {
        /// Echo of `request_id`; 0 for `add_track`.
        request_id: u32,
        /// How it went.
        outcome: Outcome,
        /// For people.
        message: String,
        /// The refused `add_track`, echoed.
        add_track: Option<Box<AddTrack>>,
    },
    /// An own data track begins.
    DataTrackPublished(DataTrackInfo),
    /// An own data track has ended.
    DataTrackUnpublished(DataTrackInfo),
    /// A request about data tracks was refused.
    DataTrackRefused {
        /// Why.
        outcome: Outcome,
        /// For people.
        message: String,
        /// The request, echoed.
        request: DataTrackRequest,
    },
    /// The data tracks that are received from now on, complete.
    DataTrackHandles(Vec<KnownDataTrack>),
    /// Name, metadata, attributes or permission changed: a new refresh token is due with these.
    ClaimsChanged(Box<Claims>),
    /// How an administrator's act went.
    Administered(Box<Administered>),
    /// What a client says to a question of this session, as `DataPacket` protobuf: that it has received it, or the answer.
    Answered(Vec<u8>),
    /// Something happened in a room; for the observer alone.
    Happened(Box<Occurrence>),
    /// The session ends after this message.
    Leave {
        /// Why.
        reason: LeaveReason,
        /// What the client should do.
        action: LeaveAction,
    },
}

/// Outcome of a request; maps to LiveKit's `RequestResponse.Reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are LiveKit's")]
pub enum Outcome {
    Ok,
    NotFound,
    NotAllowed,
    LimitExceeded,
    Queued,
    UnsupportedType,
    InvalidHandle,
    InvalidName,
    DuplicateHandle,
    DuplicateName,
}

/// Why a subscription failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionError {
    /// The subscriber offers no codec that the track uses.
    CodecUnsupported,
    /// No such track appeared in time.
    TrackNotFound,
}

/// A successful join.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Joined {
    /// Where the session is from now on: its further commands go there.
    pub shard: ShardId,
    /// The room.
    pub room: RoomInfo,
    /// The participant itself.
    pub participant: ParticipantInfo,
    /// Everyone else who is visible, with their tracks.
    pub others: Vec<ParticipantInfo>,
    /// The server offers a subscriber connection (it may subscribe).
    pub subscriber_primary: bool,
}

/// A successful resume. Followed by the complete list of participants, the room and a subscriber offer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resumed {
    /// Where the session is from now on: its further commands go there.
    pub shard: ShardId,
    /// The room.
    pub room: RoomInfo,
    /// Those who left meanwhile (state `ParticipantState::Disconnected`), then everyone present, itself included.
    pub participants: Vec<ParticipantInfo>,
    /// Last reliable data sequence received from this participant; 0 for none.
    pub last_message_seq: u32,
}

/// Why a join was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinRefusal {
    /// The room does not exist and may not be opened by a join.
    RoomNotFound,
    /// The room is full.
    RoomFull,
    /// The shard has no room for another room or participant.
    NodeFull,
    /// A resume for a participant that is not there any more: the client must join anew.
    StateMismatch,
}

/// A shared value crosses hosts as a value.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Arc<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        T::serialize(value, serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(deserializer).map(Arc::new)
    }
}
