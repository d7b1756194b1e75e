//! A participant: what it is, may do and wants. Its media stands in publications and subscriptions.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use protocol::{
    ids::{Identity, ParticipantSid, SessionId, TrackSid},
    permission::{Admission, Permission},
    recording::STATE_ATTRIBUTE,
};

use super::{
    data_flow::{DataFlow, HeldData},
    data_track::DataTracks,
    line::LineState,
    speaker::AudioLevel,
    standing::Standing,
};
use crate::{
    keys::{ConnectionKey, PublicationKey},
    relay::FarEnd,
    room::subscriber::Subscriber,
    rtp::ids::Mid,
    words::{
        command::{AddTrack, Connections, Join, TrackPermission, TrackSettings},
        info::{
            ClientInfo, LeaveReason, MediaKind, ParticipantInfo, ParticipantKind, ParticipantState,
            Target, TrackInfo,
        },
    },
};

/// The attribute that says that the line to a participant carries little more than sound.
const LOW_BANDWIDTH: &str = "bedside.low_bandwidth";

/// See the module.
pub(crate) struct Participant {
    pub(crate) sid: ParticipantSid,
    pub(crate) identity: Identity,
    pub(crate) name: String,
    pub(crate) metadata: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) kind: ParticipantKind,
    pub(crate) permission: Permission,
    /// Of somebody who waits: what it may do once it is admitted. See `waiting.rs`.
    pub(super) held_back: Option<Permission>,
    pub(crate) client: ClientInfo,
    pub(crate) state: ParticipantState,
    /// Grows with every change that others see; this is its one writer's field.
    pub(crate) version: u32,
    pub(crate) joined_unix_ms: i64,
    pub(crate) joined: Instant,
    pub(crate) signal: Signal,
    /// One is its publisher's and its subscriber's at once.
    pub(crate) peer_connections: Connections,
    pub(crate) publisher: Option<ConnectionKey>,
    /// Version of the SDP we answer with.
    pub(crate) answers: u64,
    /// Sections of the last publisher offer that carry a publication, or did.
    pub(crate) used_sections: Vec<Mid>,
    pub(crate) subscriber: Option<Subscriber>,
    pub(crate) pending: Vec<PendingTrack>,
    pub(crate) publications: Vec<PublicationKey>,
    pub(crate) auto_subscribe: bool,
    pub(crate) adaptive_stream: bool,
    pub(crate) may_pause: bool,
    /// Explicit wishes that override `auto_subscribe`, by track; kept for tracks that may still come.
    pub(crate) wanted: BTreeMap<TrackSid, bool>,
    pub(crate) settings: BTreeMap<TrackSid, TrackSettings>,
    pub(crate) audience: Audience,
    pub(crate) last_message_seq: u32,
    pub(crate) held_data: HeldData,
    pub(crate) data_flow: DataFlow,
    pub(crate) data_tracks: DataTracks,
    /// Since when a connection of its has had no path.
    pub(crate) lost_since: Option<Instant>,
    /// When it was last told that it sends more than it may.
    pub(crate) ceiling_told: Option<Instant>,
    /// Announced again under the id of a track that is still published: answered when that one ends.
    pub(crate) queued: Vec<AddTrack>,
    pub(crate) audio_level: AudioLevel,
    /// How the line to it has been.
    pub(crate) line: LineState,
    pub(crate) standing: Standing,
    /// What its entry says of a recording.
    pub(super) recording: Shown,
}

/// The participant's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// It has one.
    Connected(SessionId),
    /// It lost it, and may resume.
    Lost { since: Instant },
    /// The participant is connected to another shard, which the room reaches through this link; here it is a mirror
    /// image. `session` is the one that the home has handed on.
    Elsewhere { at: FarEnd, session: Option<SessionId> },
}

/// What a participant's entry says of the recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Attributes of the server.
    pub(super) attributes: Vec<(&'static str, String)>,
    /// Nobody has been told yet.
    pub(super) is_untold: bool,
}

/// Who may subscribe to a participant's tracks.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    Everyone,
    Only(Vec<TrackPermission>),
}

/// A track that was announced and waits for its offer.
#[derive(Debug, Clone)]
pub(crate) struct PendingTrack {
    pub(crate) sid: TrackSid,
    pub(crate) add: AddTrack,
}

impl Participant {
    pub(crate) fn new(sid: ParticipantSid, join: Join, now: Instant) -> Self {
        let admission = join.admission;
        let mut participant = Self {
            name: join.name,
            metadata: join.metadata,
            attributes: join.attributes,
            kind: join.kind,
            permission: join.permission,
            client: join.client,
            joined_unix_ms: join.unix_ms,
            auto_subscribe: join.auto_subscribe,
            adaptive_stream: join.adaptive_stream,
            may_pause: join.may_pause,
            peer_connections: join.connections,
            ..Self::bare(sid, join.identity, Signal::Connected(join.session), now)
        };
        if admission == Some(Admission::Waiting) {
            participant.hold_back();
        }
        participant.show(admission);
        participant
    }

    /// The mirror image of a participant of another shard.
    pub(crate) fn mirrored(info: ParticipantInfo, at: FarEnd, now: Instant) -> Self {
        let signal = Signal::Elsewhere { at, session: None };
        let mut mirrored = Self::bare(info.sid.clone(), info.identity.clone(), signal, now);
        mirrored.take_info(info);
        mirrored
    }

    /// Its shard says that it is this now.
    pub(crate) fn take_info(&mut self, info: ParticipantInfo) {
        self.name = info.name;
        self.metadata = info.metadata;
        self.attributes = info.attributes;
        self.kind = info.kind;
        self.permission = info.permission;
        self.client.client_protocol = info.client_protocol;
        self.client.capabilities = info.capabilities;
        self.joined_unix_ms = info.joined_unix_ms;
        self.state = info.state;
        self.version = info.version;
        self.data_tracks.mirror(info.data_tracks);
    }

    fn bare(sid: ParticipantSid, identity: Identity, signal: Signal, now: Instant) -> Self {
        Self {
            sid,
            identity,
            name: String::new(),
            metadata: String::new(),
            attributes: BTreeMap::new(),
            kind: ParticipantKind::Standard,
            permission: Permission::default(),
            held_back: None,
            client: ClientInfo::default(),
            state: ParticipantState::Joined,
            version: 1,
            joined_unix_ms: 0,
            joined: now,
            signal,
            peer_connections: Connections::Two,
            publisher: None,
            answers: 0,
            used_sections: Vec::new(),
            subscriber: None,
            pending: Vec::new(),
            publications: Vec::new(),
            auto_subscribe: false,
            adaptive_stream: false,
            may_pause: true,
            line: LineState::default(),
            standing: Standing::default(),
            recording: Shown::default(),
            wanted: BTreeMap::new(),
            settings: BTreeMap::new(),
            audience: Audience::Everyone,
            last_message_seq: 0,
            held_data: HeldData::default(),
            data_flow: DataFlow::new(now),
            data_tracks: DataTracks::default(),
            lost_since: None,
            ceiling_told: None,
            queued: Vec::new(),
            audio_level: AudioLevel::default(),
        }
    }

    /// The session that can be told something.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match self.signal {
            Signal::Connected(session) => Some(session),
            Signal::Lost { .. } | Signal::Elsewhere { .. } => None,
        }
    }

    /// The session that the shard has in its books, perhaps for another shard.
    pub(crate) fn booked_session(&self) -> Option<SessionId> {
        match self.signal {
            Signal::Elsewhere { session, .. } => session,
            _ => self.session(),
        }
    }

    /// Where the participant is connected, if not here.
    pub(crate) fn elsewhere(&self) -> Option<FarEnd> {
        match self.signal {
            Signal::Elsewhere { at, .. } => Some(at),
            Signal::Connected(_) | Signal::Lost { .. } => None,
        }
    }

    /// Whether one connection serves for everything.
    pub(crate) fn has_single_connection(&self) -> bool {
        self.peer_connections != Connections::Two
    }

    /// The connection that decides whether the participant is there.
    pub(crate) fn primary(&self) -> Option<ConnectionKey> {
        self.subscriber.as_ref().map(|subscriber| subscriber.connection).or(self.publisher)
    }

    pub(crate) fn connections(&self) -> impl Iterator<Item = ConnectionKey> + '_ {
        let subscriber = self.subscriber.as_ref().map(|subscriber| subscriber.connection);
        self.publisher.into_iter().chain(subscriber.filter(|one| self.publisher != Some(*one)))
    }

    pub(crate) fn has_unanswered_offer(&self, now: Instant, patience: Duration) -> bool {
        let offer = self.subscriber.as_ref().and_then(|subscriber| subscriber.outstanding.as_ref());
        offer.is_some_and(|offer| now.saturating_duration_since(offer.sent) >= patience)
    }

    pub(crate) fn is_primary(&self, target: Target) -> bool {
        match target {
            Target::Subscriber | Target::Both => true,
            Target::Publisher => self.subscriber.is_none(),
        }
    }

    pub(crate) fn wants(&self, track: &TrackSid) -> bool {
        self.wanted.get(track).copied().unwrap_or(self.auto_subscribe)
    }

    /// Whether this participant lets another subscribe to one of its tracks.
    pub(crate) fn admits(&self, other: &Participant, track: &TrackSid) -> bool {
        match &self.audience {
            Audience::Everyone => true,
            Audience::Only(_) if other.permission.recorder => true,
            Audience::Only(allowed) => allowed.iter().any(|entry| {
                entry.names(other) && (entry.all_tracks || entry.tracks.contains(track))
            }),
        }
    }

    /// Whether this participant lets another receive its data tracks: tracks that are named one by one are media.
    pub(crate) fn admits_to_data(&self, other: &Participant) -> bool {
        match &self.audience {
            Audience::Everyone => true,
            Audience::Only(_) if other.permission.recorder => true,
            Audience::Only(allowed) => {
                allowed.iter().any(|entry| entry.all_tracks && entry.names(other))
            }
        }
    }

    /// As others see it; `tracks` are its publications.
    pub(crate) fn info(&self, tracks: Vec<TrackInfo>) -> ParticipantInfo {
        ParticipantInfo {
            sid: self.sid.clone(),
            identity: self.identity.clone(),
            name: self.name.clone(),
            state: self.state,
            is_publisher: !tracks.is_empty(),
            tracks,
            metadata: self.metadata.clone(),
            attributes: self.shown_attributes(),
            joined_unix_ms: self.joined_unix_ms,
            version: self.version,
            permission: self.permission.clone(),
            kind: self.kind,
            client_protocol: self.client.client_protocol,
            capabilities: self.client.capabilities.clone(),
            data_tracks: self.data_tracks.infos(),
            disconnect_reason: None,
        }
    }

    /// Its attributes, and what the server says of its line and of a recording: nobody else's word about these counts.
    fn shown_attributes(&self) -> BTreeMap<String, String> {
        let mut shown = self.attributes.clone();
        shown.retain(|name, _| !name.starts_with(STATE_ATTRIBUTE));
        let of_recording = self.recording.attributes.iter();
        shown.extend(of_recording.map(|(name, value)| ((*name).to_owned(), value.clone())));
        if self.line.is_low {
            shown.insert(LOW_BANDWIDTH.to_owned(), "true".to_owned());
        }
        shown
    }

    /// As others see it for the last time.
    pub(crate) fn farewell(&self, reason: LeaveReason) -> ParticipantInfo {
        ParticipantInfo {
            state: ParticipantState::Disconnected,
            version: self.version.saturating_add(1),
            disconnect_reason: Some(reason),
            // Nobody needs them of someone who is gone, and they may be large.
            metadata: String::new(),
            attributes: BTreeMap::new(),
            data_tracks: Vec::new(),
            ..self.info(Vec::new())
        }
    }

    /// Takes the announced track that an SDP track id belongs to: the one with that id, else the oldest of its kind that
    /// no section of the offer names (browsers sometimes rewrite ids). `named` are the ids of all sections.
    pub(crate) fn take_pending(
        &mut self,
        kind: MediaKind,
        msid_track: Option<&str>,
        named: &[&str],
    ) -> Option<PendingTrack> {
        let by_id = |ids: &[&str]| {
            self.pending
                .iter()
                .position(|one| one.add.kind == kind && ids.iter().any(|id| one.goes_by(id)))
        };
        let unnamed = || {
            self.pending
                .iter()
                .position(|one| one.add.kind == kind && !named.iter().any(|id| one.goes_by(id)))
        };
        let own: Vec<&str> = msid_track.into_iter().collect();
        let index = by_id(&own).or_else(unnamed)?;
        Some(self.pending.remove(index))
    }
}

impl TrackPermission {
    fn names(&self, other: &Participant) -> bool {
        self.participant.as_ref() == Some(&other.sid)
            || self.identity.as_ref() == Some(&other.identity)
    }
}

impl PendingTrack {
    fn goes_by(&self, id: &str) -> bool {
        self.add.cid == id || self.add.codecs.iter().any(|codec| codec.cid == id)
    }
}
