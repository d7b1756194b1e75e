//! What a shard is told: [`Command`]s, and the requests of sessions in them.

use std::collections::BTreeMap;

use super::administration::{Act, RoomSettings};
use protocol::{
    ids::{DataTrackSid, Identity, ParticipantSid, RoomName, SessionId, TrackSid},
    permission::{Admission, Permission, TrackSource},
};
use serde::{Deserialize, Serialize};

use crate::words::info::{
    ClientInfo, DataTrackHandle, LeaveAction, MediaKind, ParticipantKind, Target, VideoLayer,
    VideoQuality,
};

pub use crate::connection::sdp::{RemoteDescription, RemoteSection, SdpError, SectionKind};

/// What a shard is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Command {
    /// A verified token asks to enter (or, with `resume`, to continue in) a room. Answered by exactly one of
    /// `Message::Joined`, `Message::Resumed`, `Message::Refused`.
    Join(Box<Join>),
    /// A request of a session that has joined. A session that speaks for nobody is told to join anew.
    Request {
        /// Who asks.
        session: SessionId,
        /// What for.
        request: Request,
    },
    /// The session's socket is gone without a leave: the participant stays for the resume window.
    SessionClosed(SessionId),
    /// Something that an administrator asks. Answered by exactly one `Message::Administered`.
    Administer {
        /// To whom the answer goes.
        session: SessionId,
        /// What is asked.
        act: Box<Act>,
    },
    /// From now on `OBSERVER` (`words::occurrence`) is told what happens in rooms.
    Observe,
    /// The node stops: every participant is told to leave (`SERVER_SHUTDOWN`, reconnect), rooms close.
    Drain,
}

/// Entry into a room. The token has been verified; these are its claims and the client's wishes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Join {
    /// The socket that will speak for the participant.
    pub session: SessionId,
    /// Which room.
    pub room: RoomName,
    /// Whether the room may be opened by this join if it does not exist.
    pub may_open_room: bool,
    /// The room's settings, if it is opened by this join.
    pub room_settings: RoomSettings,
    /// Who.
    pub identity: Identity,
    /// Display name.
    pub name: String,
    /// Free text for the application, at most 512 KiB.
    pub metadata: String,
    /// Key-value pairs for the application, at most 64 KiB in all.
    pub attributes: BTreeMap<String, String>,
    /// Participant kind.
    pub kind: ParticipantKind,
    /// What it may do, once it is admitted.
    pub permission: Permission,
    /// Whether it is admitted; `None` if its token says nothing of it, which admits it.
    pub admission: Option<Admission>,
    /// Subscribe to every publication as it appears.
    pub auto_subscribe: bool,
    /// The client adapts sizes to what is shown: start low.
    pub adaptive_stream: bool,
    /// Pictures may be paused when the line does not carry them; else the lowest layer is always sent.
    pub may_pause: bool,
    /// How many peer connections the client has.
    pub connections: Connections,
    /// The client's software.
    pub client: ClientInfo,
    /// The participant to continue as, when the client reconnects (`reconnect=1&sid=`).
    pub resume: Option<Resume>,
    /// Wall clock at the join, milliseconds since the Unix epoch (the shard has no wall clock).
    pub unix_ms: i64,
    /// Nobody enters: the question is whether somebody would be let in. Answered by `Message::Admissible` or
    /// `Message::Refused`.
    pub only_asks: bool,
}

/// The peer connections of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Connections {
    /// One on which it offers and publishes, one on which we offer and it receives.
    #[default]
    Two,
    /// One, on which it offers, and offers again when it is asked.
    One,
    /// One, on which it offers once: it cannot be asked (WHIP, WHEP).
    OneOfferedOnce,
}

/// A client's wish to continue after its socket was lost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resume {
    /// The participant it was; any other sid than the one present is refused as `LeaveReason::StateMismatch`.
    pub participant: ParticipantSid,
}

/// What a session asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Offer on the publisher connection, or on the only one; answered by `Message::Answer` with the same id.
    Offer {
        /// The client's counter.
        id: u32,
        /// What it says, read and bounded.
        description: Box<RemoteDescription>,
    },
    /// Answer to our subscriber offer; id 0 means "the latest".
    Answer {
        /// The id of the offer that is answered.
        id: u32,
        /// What it says, read and bounded.
        description: Box<RemoteDescription>,
    },
    /// The client sent a description that cannot be read: it is told to leave.
    Unreadable {
        /// It has grown too large, and is small again in a new session: the client is told to come back.
        too_large: bool,
    },
    /// A remote candidate. ICE-lite needs none (clients become peer-reflexive); counted and forgotten.
    Trickle {
        /// For which connection.
        target: Target,
    },
    /// Announces a track that the next offer will carry.
    AddTrack(Box<AddTrack>),
    /// Mutes or unmutes an own track.
    Mute {
        /// The track.
        track: TrackSid,
        /// The new state.
        muted: bool,
    },
    /// Subscribes to or unsubscribes from tracks, present or future.
    Subscription {
        /// The tracks.
        tracks: Vec<TrackSid>,
        /// On or off.
        subscribe: bool,
    },
    /// How a subscribed track shall be sent.
    TrackSettings {
        /// The tracks.
        tracks: Vec<TrackSid>,
        /// The wish.
        settings: TrackSettings,
    },
    /// Who may subscribe to the sender's tracks.
    SubscriptionPermission {
        /// Everyone.
        all_participants: bool,
        /// Otherwise these.
        allowed: Vec<TrackPermission>,
    },
    /// Changes own name, metadata, attributes (an empty attribute value deletes the key). Answered by
    /// `Message::RequestOutcome`.
    UpdateMetadata {
        /// The client's counter, echoed.
        request_id: u32,
        /// New name, if not empty.
        name: String,
        /// New metadata, if not empty.
        metadata: String,
        /// Attributes to merge.
        attributes: BTreeMap<String, String>,
    },
    /// Changes the features of an own audio track.
    UpdateAudioTrack {
        /// The track.
        track: TrackSid,
        /// LiveKit `AudioTrackFeature` numbers.
        features: Vec<i32>,
    },
    /// Changes the size of an own video track, in pixels.
    UpdateVideoTrack {
        /// The track.
        track: TrackSid,
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// Begins a data track; answered by `Message::DataTrackPublished` or `Message::DataTrackRefused`.
    PublishDataTrack(Box<DataTrackOffer>),
    /// Ends an own data track; answered likewise.
    UnpublishDataTrack(DataTrackHandle),
    /// Wants data tracks, present or future, or does not any more. Answered by `Message::DataTrackHandles` when it has
    /// other tracks for it.
    DataSubscription(Vec<(DataTrackSid, bool)>),
    /// What the client believed before it resumed.
    SyncState(Box<SyncState>),
    /// Trouble that a client has ordered, in development.
    Simulate(Simulation),
    /// The client leaves for good. Nothing is answered.
    Leave,
}

/// Trouble to order (LiveKit's `SimulateScenario`), as far as it is the media plane's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Simulation {
    /// The participant counts as speaking for so long.
    Speaker {
        /// At most a minute.
        seconds: u32,
    },
    /// What it receives is bounded as if its line carried no more.
    Bandwidth {
        /// Bits a second; `None` ends it.
        bps: Option<u64>,
    },
    /// Its media ends without a word.
    Failure,
    /// It is told to leave.
    Leave(LeaveAction),
}

/// A data track to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataTrackOffer {
    /// The publisher's handle.
    pub handle: DataTrackHandle,
    /// Name, unique among the publisher's.
    pub name: String,
    /// LiveKit `Encryption.Type` number; carried through.
    pub encryption: i32,
    /// How frames are encoded, in signalling's words; carried through.
    pub description: Vec<u8>,
}

/// A data track that a subscriber receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDataTrack {
    /// The handle in its packets.
    pub handle: DataTrackHandle,
    /// Which.
    pub track: DataTrackSid,
    /// Whose.
    pub publisher: ParticipantSid,
    /// Whose.
    pub publisher_identity: Identity,
}

/// A request about data tracks that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataTrackRequest {
    /// To publish.
    Publish(DataTrackOffer),
    /// To unpublish.
    Unpublish(DataTrackHandle),
}

/// A track announced by `add_track`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddTrack {
    /// The client's id for the track: normally the msid track id of its SDP.
    pub cid: String,
    /// Track name.
    pub name: String,
    /// Audio or video.
    pub kind: MediaKind,
    /// Camera, microphone, ...
    pub source: TrackSource,
    /// Published muted.
    pub muted: bool,
    /// Pixels; 0 if unknown.
    pub width: u32,
    /// Pixels; 0 if unknown.
    pub height: u32,
    /// Declared simulcast layers.
    pub layers: Vec<VideoLayer>,
    /// Codecs the client means to send, in order.
    pub codecs: Vec<SimulcastCodec>,
    /// LiveKit `Encryption.Type` number (0 none, 1 GCM, 2 custom); carried through.
    pub encryption: i32,
    /// Stream name; empty means by source.
    pub stream: String,
    /// No RED for this track.
    pub disable_red: bool,
    /// LiveKit `AudioTrackFeature` numbers.
    pub audio_features: Vec<i32>,
    /// Sid of an existing publication, for a backup codec.
    pub existing: Option<TrackSid>,
}

/// One codec of `add_track`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulcastCodec {
    /// `vp8`, `h264`, ... as the client writes it.
    pub codec: String,
    /// The client's track id for this codec.
    pub cid: String,
}

/// How a subscriber wants a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TrackSettings {
    /// Send nothing for now.
    pub disabled: bool,
    /// Wanted quality, if no size is given.
    pub quality: Option<VideoQuality>,
    /// Pixels; 0 if not given.
    pub width: u32,
    /// Pixels; 0 if not given.
    pub height: u32,
    /// Frames per second; 0 if not given.
    pub fps: u32,
    /// Weight for the allocator.
    pub priority: u32,
}

/// One entry of a subscription permission.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrackPermission {
    /// Who, by sid.
    pub participant: Option<ParticipantSid>,
    /// Who, by identity.
    pub identity: Option<Identity>,
    /// All tracks of the sender.
    pub all_tracks: bool,
    /// Otherwise these.
    pub tracks: Vec<TrackSid>,
}

/// A resuming client's view (`sync_state`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SyncState {
    /// Tracks it had switched: un-subscribed ones with auto-subscribe, subscribed ones without.
    pub subscription_tracks: Vec<TrackSid>,
    /// Whether `subscription_tracks` are to be subscribed or unsubscribed.
    pub subscribe: bool,
    /// Its own publications, by sid (`None`: an entry without track info, which is a mismatch).
    pub published: Vec<Option<TrackSid>>,
    /// Tracks it had disabled.
    pub disabled: Vec<TrackSid>,
    /// Data tracks it wants, or does not.
    pub data_wanted: Vec<(DataTrackSid, bool)>,
}
