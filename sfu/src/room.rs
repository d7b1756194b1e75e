//! A room: its participants, their publications, and who receives what.
//!
//! Owns the rules of a consultation's media: who is in, who may publish, who hears whom. Knows no address and no
//! datagram: it speaks of connections by key and hands packets down to them. Read `forward.rs` first: it is the hot
//! path.

pub(crate) mod administer;
pub(crate) mod admission;
pub(crate) mod allocate;
pub(crate) mod bandwidth;
pub(crate) mod consent;
pub(crate) mod copy;
pub(crate) mod data;
pub(crate) mod data_flow;
pub mod data_packet;
pub(crate) mod data_track;
pub(crate) mod demand;
pub(crate) mod dynacast;
pub(crate) mod feedback;
pub(crate) mod forward;
pub(crate) mod interest;
pub(crate) mod key_frame;
pub(crate) mod ladder;
pub(crate) mod layer_switch;
pub(crate) mod line;
pub(crate) mod meter;
pub(crate) mod negotiation;
pub(crate) mod occurrences;
pub(crate) mod pacing;
pub(crate) mod participant;
pub(crate) mod permit;
pub(crate) mod publication;
pub(crate) mod publish;
pub(crate) mod quality;
mod questions;
pub(crate) mod recording;
pub(crate) mod report;
pub(crate) mod requests;
pub(crate) mod roster;
pub(crate) mod settings;
pub(crate) mod speaker;
pub(crate) mod spread;
pub(crate) mod standing;
pub(crate) mod subscribe;
pub(crate) mod subscriber;
pub(crate) mod subscription;
pub(crate) mod tick;
pub(crate) mod waiting;

use std::{collections::VecDeque, time::Instant};

use protocol::ids::{Identity, ParticipantSid, RoomName, RoomSid, TrackSid};
use slotmap::SlotMap;

use self::{
    participant::Participant,
    publication::{Origin, Publication},
    questions::Questions,
    settings::Settings,
    subscription::Subscription,
    waiting::Decisions,
};
use crate::{
    keys::{LayerIndex, ParticipantKey, PublicationKey, RoomKey, SubscriptionKey},
    limits::Limits,
    relay::FarEnd,
    words::info::{ParticipantInfo, RoomInfo},
};

/// What this shard is to the room.
pub(crate) enum Role {
    /// Its home: publishers and the one true roster are here. Listeners may be at these edges.
    Home(Vec<FarEnd>),
    /// An edge: it serves listeners and mirrors the rest from the home.
    Edge(FarEnd),
}

/// See the module.
pub(crate) struct Room {
    pub(crate) key: RoomKey,
    sid: RoomSid,
    pub(crate) name: RoomName,
    role: Role,
    created_unix_ms: i64,
    limits: Limits,
    settings: Settings,
    /// Who was let in or sent out by an administrator.
    decisions: Decisions,
    /// What the server asked clients.
    questions: Questions,
    recording: Option<Box<recording::Recording>>,
    /// Recordings that were asked for so far.
    askings: u32,
    /// Whether everyone knows that it runs.
    told_recording: bool,
    /// Joins into it so far, refused ones too, and openings by an administrator: see `directory.rs`.
    pub(crate) joins: u64,
    participants: SlotMap<ParticipantKey, Participant>,
    publications: SlotMap<PublicationKey, Publication>,
    subscriptions: SlotMap<SubscriptionKey, Subscription>,
    /// Scratch of `feedback`.
    awaited: Vec<(PublicationKey, LayerIndex)>,
    /// Scratch of `bandwidth`.
    requests: Vec<(SubscriptionKey, allocate::Request)>,
    /// Those who left lately: a resuming client must be told.
    departed: VecDeque<(Instant, ParticipantInfo)>,
    /// When an empty room closes.
    closes: Option<Instant>,
    /// When the running speaker window ends.
    window_ends: Instant,
}

impl Room {
    pub(crate) fn new(
        key: RoomKey,
        sid: RoomSid,
        name: RoomName,
        created_unix_ms: i64,
        limits: Limits,
        now: Instant,
    ) -> Self {
        Self {
            key,
            sid,
            name,
            role: Role::Home(Vec::new()),
            created_unix_ms,
            limits,
            settings: Settings::new(limits),
            decisions: Decisions::default(),
            questions: Questions::default(),
            recording: None,
            askings: 0,
            told_recording: false,
            joins: 0,
            participants: SlotMap::with_key(),
            publications: SlotMap::with_key(),
            subscriptions: SlotMap::with_key(),
            awaited: Vec::new(),
            requests: Vec::new(),
            departed: VecDeque::new(),
            closes: Some(now + std::time::Duration::from_secs(limits.empty_timeout_s.into())),
            window_ends: now + speaker::WINDOW,
        }
    }

    pub(crate) fn sid(&self) -> &RoomSid {
        &self.sid
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// An empty room whose time is up. An edge is ended by its home.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.is_home() && self.is_empty() && self.closes.is_some_and(|at| at <= now)
    }

    /// Participants and publications of this shard, and subscriptions.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let participants = self.participants.values().filter(|one| one.elsewhere().is_none());
        let publications =
            self.publications.values().filter(|one| matches!(one.origin, Origin::Here(_)));
        (participants.count(), publications.count(), self.subscriptions.len())
    }

    pub(crate) fn is_home(&self) -> bool {
        matches!(self.role, Role::Home(_))
    }

    fn participant_by_identity(&self, identity: &Identity) -> Option<ParticipantKey> {
        self.participants
            .iter()
            .find(|(_, participant)| participant.identity == *identity)
            .map(|(key, _)| key)
    }

    fn participant_by_sid(&self, sid: &ParticipantSid) -> Option<ParticipantKey> {
        let found = self.participants.iter().find(|(_, participant)| participant.sid == *sid);
        found.map(|(key, _)| key)
    }

    fn publication_by_sid(&self, sid: &TrackSid) -> Option<PublicationKey> {
        self.publications
            .iter()
            .find(|(_, publication)| publication.sid() == sid)
            .map(|(key, _)| key)
    }

    /// The room as clients see it.
    fn info(&self) -> RoomInfo {
        let visible = || self.participants.values().filter(|one| !one.permission.hidden);
        RoomInfo {
            sid: self.sid.clone(),
            name: self.name.clone(),
            empty_timeout_s: self.settings.empty_timeout_s,
            departure_timeout_s: self.settings.departure_timeout_s,
            participants_max: self.settings.participants_max,
            created_unix_ms: self.created_unix_ms,
            metadata: self.settings.metadata.clone(),
            participants: count(visible()),
            publishers: count(visible().filter(|one| !one.publications.is_empty())),
            active_recording: self.is_recording()
                || self.participants.values().any(|one| one.permission.recorder),
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
