//! What is said of rooms, participants and tracks, as clients see them.

use std::collections::BTreeMap;

use protocol::{
    ids::{DataTrackSid, Identity, ParticipantSid, RoomName, RoomSid, TrackSid},
    permission::{Admission, Permission, TrackSource},
};
use serde::{Deserialize, Serialize};

/// Which of a participant's connections is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// The connection on which the client publishes; the client offers.
    Publisher,
    /// The connection on which the client receives; the server offers.
    Subscriber,
    /// The only connection, on which the client offers and publishes and receives.
    Both,
}

impl Target {
    /// Whether the client sends media on it.
    #[must_use]
    pub fn is_published_on(self) -> bool {
        matches!(self, Self::Publisher | Self::Both)
    }

    /// Whether the client receives media on it.
    #[must_use]
    pub fn is_subscribed_on(self) -> bool {
        matches!(self, Self::Subscriber | Self::Both)
    }
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

/// How well a participant is connected; LiveKit's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConnectionQuality {
    /// Nothing has come for seconds.
    Lost,
    /// Sound or picture suffer.
    Poor,
    /// Less than wanted, and nothing suffers.
    Good,
    /// As wanted.
    Excellent,
}

/// How well one participant is connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityOf {
    /// Who.
    pub participant: ParticipantSid,
    /// How well.
    pub quality: ConnectionQuality,
    /// 0 to 5, like a mean opinion score.
    pub score: f32,
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
    /// Permission, once admitted.
    pub permission: Permission,
    /// Whether it waits; `None` if that was never said.
    pub admission: Option<Admission>,
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

/// How a data track is named in packets: by its publisher, or by one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DataTrackHandle(pub u16);

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
    /// As in `DataTrackOffer`.
    pub description: Vec<u8>,
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
