//! The words between signalling and a shard: [`Command`]s in, [`Event`]s out.
//!
//! Plain values (serde), because they also cross hosts. They carry no protobuf and no SDP: signalling translates between
//! the LiveKit client protocol and these, so that no shard reads a client's text. Every reference to a participant from outside is by [`SessionId`]; the shard
//! knows which participant a session speaks for.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    ids::{DataTrackSid, Identity, ParticipantSid, RoomName, RoomSid, SessionId, TrackSid},
    permission::{Permission, TrackSource},
};
use serde::{Deserialize, Serialize};

pub use crate::connection::sdp::{RemoteDescription, SdpError};
use crate::placement::ShardId;

pub mod administration;
pub mod occurrence;

use administration::{Act, Administered, RoomSettings};
use occurrence::Occurrence;

/// What a shard is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Command {
    /// A verified token asks to enter (or, with `resume`, to continue in) a room. Answered by exactly one of
    /// [`Message::Joined`], [`Message::Resumed`], [`Message::Refused`].
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
    /// Something that an administrator asks. Answered by exactly one [`Message::Administered`].
    Administer {
        /// To whom the answer goes.
        session: SessionId,
        /// What is asked.
        act: Box<Act>,
    },
    /// From now on [`OBSERVER`](occurrence::OBSERVER) is told what happens in rooms.
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
    /// What it may do.
    pub permission: Permission,
    /// Subscribe to every publication as it appears.
    pub auto_subscribe: bool,
    /// The client adapts sizes to what is shown: start low.
    pub adaptive_stream: bool,
    /// The client's software.
    pub client: ClientInfo,
    /// The participant to continue as, when the client reconnects (`reconnect=1&sid=`).
    pub resume: Option<Resume>,
    /// Wall clock at the join, milliseconds since the Unix epoch (the shard has no wall clock).
    pub unix_ms: i64,
    /// Nobody enters: the question is whether somebody would be let in. Answered by [`Message::Admissible`] or
    /// [`Message::Refused`].
    pub only_asks: bool,
}

/// A client's wish to continue after its socket was lost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resume {
    /// The participant it was; any other sid than the one present is refused as [`LeaveReason::StateMismatch`].
    pub participant: ParticipantSid,
}

/// LiveKit participant kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are LiveKit's")]
pub enum ParticipantKind {
    Standard,
    Ingress,
    Egress,
    Sip,
    Agent,
    Connector,
    Bridge,
}

/// What the client says of its software.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// `js`, `rust`, `swift`, ... in lower case.
    pub sdk: String,
    /// `Chrome`, `Firefox`, ... as the client names it.
    pub browser: String,
    /// LiveKit protocol number (the version gates of the wire).
    pub protocol: u32,
    /// Client-to-client protocol, mirrored to the others.
    pub client_protocol: i32,
    /// Capability numbers, mirrored to the others.
    pub capabilities: Vec<i32>,
}

/// Which of a participant's two connections is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// The connection on which the client publishes; the client offers.
    Publisher,
    /// The connection on which the client receives; the server offers.
    Subscriber,
}

/// What a session asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Publisher offer; answered by [`Message::Answer`] with the same id.
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
    /// [`Message::RequestOutcome`].
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
    /// Begins a data track; answered by [`Message::DataTrackPublished`] or [`Message::DataTrackRefused`].
    PublishDataTrack(Box<DataTrackOffer>),
    /// Ends an own data track; answered likewise.
    UnpublishDataTrack(DataTrackHandle),
    /// Wants data tracks, present or future, or does not any more. Answered by [`Message::DataTrackHandles`] when it has
    /// other tracks for it.
    DataSubscription(Vec<(DataTrackSid, bool)>),
    /// What the client believed before it resumed.
    SyncState(Box<SyncState>),
    /// The client leaves for good. Nothing is answered.
    Leave,
}

/// How a data track is named in packets: by its publisher, or by one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DataTrackHandle(pub u16);

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

/// A data track as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataTrackInfo {
    /// Its sid.
    pub sid: DataTrackSid,
    /// The publisher's handle.
    pub handle: DataTrackHandle,
    /// Name.
    pub name: String,
    /// LiveKit `Encryption.Type` number.
    pub encryption: i32,
    /// As in [`DataTrackOffer`].
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

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// LiveKit video quality; the numbers are the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum VideoQuality {
    /// rid `q`.
    Low,
    /// rid `h`.
    Medium,
    /// rid `f`.
    High,
}

/// One declared simulcast layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoLayer {
    /// Which.
    pub quality: VideoQuality,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bits per second.
    pub bitrate_bps: u32,
    /// SSRC, filled by the server once known; 0 before.
    pub ssrc: u32,
}

/// How a subscriber wants a track (stored; layers follow it with the quality work).
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
    /// Answer to the publisher offer of the same id.
    Answer {
        /// Echo of the offer's id.
        id: u32,
        /// The SDP.
        sdp: String,
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

/// What a refresh token is minted from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Display name.
    pub name: String,
    /// Metadata.
    pub metadata: String,
    /// Attributes.
    pub attributes: BTreeMap<String, String>,
    /// Permission.
    pub permission: Permission,
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
    /// Those who left meanwhile (state [`ParticipantState::Disconnected`]), then everyone present, itself included.
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

/// A room as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// This life of the room.
    pub sid: RoomSid,
    /// Its name.
    pub name: RoomName,
    /// Seconds an empty room waits for its first participant.
    pub empty_timeout_s: u32,
    /// Seconds an abandoned room waits for someone to return.
    pub departure_timeout_s: u32,
    /// Most participants; 0 for no limit of its own.
    pub participants_max: u32,
    /// When it was opened, milliseconds since the Unix epoch.
    pub created_unix_ms: i64,
    /// Metadata.
    pub metadata: String,
    /// Visible participants.
    pub participants: u32,
    /// Participants who publish.
    pub publishers: u32,
    /// Someone records.
    pub active_recording: bool,
}

/// A participant as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantInfo {
    /// This stay.
    pub sid: ParticipantSid,
    /// Who.
    pub identity: Identity,
    /// Display name.
    pub name: String,
    /// Where in its life.
    pub state: ParticipantState,
    /// Publications.
    pub tracks: Vec<TrackInfo>,
    /// Metadata.
    pub metadata: String,
    /// Attributes.
    pub attributes: BTreeMap<String, String>,
    /// When it joined, milliseconds since the Unix epoch.
    pub joined_unix_ms: i64,
    /// Grows with each change; one writer.
    pub version: u32,
    /// Permissions.
    pub permission: Permission,
    /// Kind.
    pub kind: ParticipantKind,
    /// Publishes something.
    pub is_publisher: bool,
    /// Mirrored from the client.
    pub client_protocol: i32,
    /// Mirrored from the client.
    pub capabilities: Vec<i32>,
    /// Data tracks.
    pub data_tracks: Vec<DataTrackInfo>,
    /// Why it left, if it did.
    pub disconnect_reason: Option<LeaveReason>,
}

/// A participant's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParticipantState {
    /// Signalling is being set up.
    Joining,
    /// Signalling stands.
    Joined,
    /// The primary connection stands.
    Active,
    /// Gone.
    Disconnected,
}

/// A publication as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackInfo {
    /// Its sid.
    pub sid: TrackSid,
    /// Audio or video.
    pub kind: MediaKind,
    /// Name.
    pub name: String,
    /// Muted by its publisher.
    pub muted: bool,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// More than one layer.
    pub simulcast: bool,
    /// Source.
    pub source: TrackSource,
    /// Declared layers.
    pub layers: Vec<VideoLayer>,
    /// `audio/opus`, `video/VP8`, ...; empty until negotiated.
    pub mime_type: String,
    /// mid in the publisher's SDP; empty until negotiated.
    pub mid: String,
    /// Codecs.
    pub codecs: Vec<CodecInfo>,
    /// LiveKit `Encryption.Type` number.
    pub encryption: i32,
    /// Stream name: tracks of one stream are played in sync.
    pub stream: String,
    /// No RED.
    pub disable_red: bool,
    /// LiveKit `AudioTrackFeature` numbers.
    pub audio_features: Vec<i32>,
    /// Grows with each change.
    pub version: u32,
}

/// One codec of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodecInfo {
    /// `video/VP8`, ...
    pub mime_type: String,
    /// mid.
    pub mid: String,
    /// The client's id.
    pub cid: String,
    /// The id in the client's SDP, if it differs.
    pub sdp_cid: String,
    /// Layers.
    pub layers: Vec<VideoLayer>,
}

/// One speaker entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Speaker {
    /// Who.
    pub participant: ParticipantSid,
    /// 0 (silent) to 1 (loudest).
    pub level: f32,
    /// Speaking.
    pub active: bool,
}

/// Why a participant left or must leave; names and numbers are LiveKit's `DisconnectReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are LiveKit's")]
pub enum LeaveReason {
    Unknown = 0,
    ClientInitiated = 1,
    DuplicateIdentity = 2,
    ServerShutdown = 3,
    ParticipantRemoved = 4,
    RoomDeleted = 5,
    StateMismatch = 6,
    JoinFailure = 7,
    Migration = 8,
    SignalClose = 9,
    RoomClosed = 10,
    ConnectionTimeout = 14,
    MediaFailure = 15,
}

/// What the leaving client should do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaveAction {
    /// Stay away.
    Disconnect,
    /// Resume on a new socket.
    Resume,
    /// Join anew.
    Reconnect,
}
