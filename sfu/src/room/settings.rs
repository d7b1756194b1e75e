//! A room's own settings: the node's defaults, and what an administrator or the token that opened it says otherwise.

use std::time::{Duration, Instant};

use protocol::permission::Admission;

use super::{Room, participant::Participant};
use crate::{
    context::Context,
    limits::Limits,
    relay::message::Down,
    words::{administration::RoomSettings, command::Join, info::ParticipantKind},
};

/// See the module.
pub(crate) struct Settings {
    pub(super) empty_timeout_s: u32,
    pub(super) departure_timeout_s: u32,
    /// Never more than the node allows.
    pub(super) participants_max: u32,
    pub(super) metadata: String,
}

impl Settings {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            empty_timeout_s: limits.empty_timeout_s,
            departure_timeout_s: limits.departure_timeout_s,
            participants_max: limits.participants_per_room.into(),
            metadata: String::new(),
        }
    }

    /// All of them, for an edge.
    pub(super) fn all(&self) -> RoomSettings {
        RoomSettings {
            empty_timeout_s: Some(self.empty_timeout_s),
            departure_timeout_s: Some(self.departure_timeout_s),
            participants_max: Some(self.participants_max),
            metadata: Some(self.metadata.clone()),
        }
    }
}

impl Room {
    /// Takes what is given. A room in which nobody is waits anew: whoever sets it up expects someone.
    pub(crate) fn set(&mut self, given: RoomSettings, now: Instant) {
        let node_max = u32::from(self.limits.participants_per_room);
        let settings = &mut self.settings;
        settings.empty_timeout_s = given.empty_timeout_s.unwrap_or(settings.empty_timeout_s);
        settings.departure_timeout_s =
            given.departure_timeout_s.unwrap_or(settings.departure_timeout_s);
        settings.participants_max =
            given.participants_max.unwrap_or(settings.participants_max).min(node_max);
        if let Some(metadata) = given.metadata {
            settings.metadata = metadata;
        }
        if self.is_home() && self.is_empty() {
            self.closes = Some(now + Duration::from_secs(self.settings.empty_timeout_s.into()));
        }
    }

    /// Takes new settings and tells everyone, here and at the edges.
    pub(super) fn change_settings(
        &mut self,
        context: &mut Context,
        given: RoomSettings,
        now: Instant,
    ) {
        self.set(given.clone(), now);
        self.announce_room(context);
        self.tell_edges(context, &Down::Settings(given));
    }

    /// Whether there is no seat for a newcomer beside `others`, whom the room has.
    pub(super) fn is_full_for<'a>(
        &self,
        join: &Join,
        others: impl Iterator<Item = &'a Participant> + Clone,
    ) -> bool {
        let node_max = usize::from(self.limits.participants_per_room);
        let room_max = usize::try_from(self.settings.participants_max).unwrap_or(usize::MAX);
        let seated = others.clone().filter(|one| takes_seat(one.kind, &one.permission)).count();
        let waits = join.admission == Some(Admission::Waiting);
        others.count() >= node_max
            || (!waits && takes_seat(join.kind, &join.permission) && seated >= room_max)
    }

    /// Whether there is a seat for somebody who waits.
    pub(super) fn has_seat_for(&self, waiting: &Participant) -> bool {
        let room_max = usize::try_from(self.settings.participants_max).unwrap_or(usize::MAX);
        let seated = self.participants.values().filter(|one| takes_seat(one.kind, &one.permission));
        !takes_seat(waiting.kind, waiting.granted()) || seated.count() < room_max
    }
}

/// A recorder or an invisible helper must not take a patient's seat.
fn takes_seat(kind: ParticipantKind, permission: &protocol::permission::Permission) -> bool {
    let is_helper = matches!(kind, ParticipantKind::Egress | ParticipantKind::Agent);
    !is_helper && !permission.recorder && !permission.hidden
}
