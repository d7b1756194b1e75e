//! Telling participants about each other: one version counter, one writer, always before the media it speaks of.

use std::sync::Arc;

use protocol::ids::SessionId;

use super::{Room, participant::Participant};
use crate::{
    context::Context,
    keys::ParticipantKey,
    words::{
        event::Message,
        info::{ParticipantInfo, TrackInfo},
    },
};

impl Room {
    pub(super) fn participant_info(&self, key: ParticipantKey) -> Option<ParticipantInfo> {
        let participant = self.participants.get(key)?;
        Some(participant.info(self.tracks_of(participant)))
    }

    fn tracks_of(&self, participant: &Participant) -> Vec<TrackInfo> {
        participant
            .publications
            .iter()
            .filter_map(|publication| self.publications.get(*publication))
            .map(|publication| publication.info.clone())
            .collect()
    }

    /// Everyone whom `viewer` may see, itself excluded. Who waits sees nobody.
    pub(super) fn others_seen_by(&self, viewer: ParticipantKey) -> Vec<ParticipantInfo> {
        let sees_others = !self.is_waiting(viewer);
        self.participants
            .iter()
            .filter(|(key, one)| sees_others && *key != viewer && !one.permission.hidden)
            .map(|(_, one)| one.info(self.tracks_of(one)))
            .collect()
    }

    /// A participant changed: a new version of it goes to everyone who may see it, itself included.
    pub(super) fn announce(&mut self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        participant.version = participant.version.saturating_add(1);
        self.tell(context, key, |_| true);
    }

    /// As [`announce`](Self::announce), to all but itself and without a new version: its join.
    pub(super) fn announce_arrival(&mut self, context: &mut Context, key: ParticipantKey) {
        self.tell(context, key, |other| other != key);
    }

    pub(super) fn tell(
        &self,
        context: &mut Context,
        key: ParticipantKey,
        whom: impl Fn(ParticipantKey) -> bool,
    ) {
        let Some(info) = self.participant_info(key).map(Arc::new) else { return };
        let hidden = info.permission.hidden;
        for (other, one) in &self.participants {
            if whom(other) && (other == key || !hidden && !one.is_waiting()) {
                context.emit(one.session(), Message::Participant(Arc::clone(&info)));
            }
        }
        self.relay_participant(context, key);
    }

    /// Says that someone is gone.
    pub(super) fn announce_departure(
        &self,
        context: &mut Context,
        info: &ParticipantInfo,
        whom: impl Fn(&Participant) -> bool,
    ) {
        if info.permission.hidden {
            return;
        }
        let info = Arc::new(info.clone());
        for one in self.participants.values().filter(|one| whom(one) && !one.is_waiting()) {
            context.emit(one.session(), Message::Participant(Arc::clone(&info)));
        }
    }

    /// Tells everyone who takes part that the room itself changed.
    pub(super) fn announce_room(&self, context: &mut Context) {
        let info = self.info();
        for one in self.participants.values().filter(|one| !one.is_waiting()) {
            context.emit(one.session(), Message::Room(info.clone()));
        }
    }

    pub(super) fn session_of(&self, key: ParticipantKey) -> Option<SessionId> {
        self.participants.get(key)?.session()
    }
}
