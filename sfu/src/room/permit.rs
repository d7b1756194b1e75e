//! Changing what a participant may do while it is in the room: what it may no longer do ends, what it may do now begins.

use std::time::Instant;

use protocol::permission::Permission;

use super::{Room, participant::Participant};
use crate::{
    context::Context,
    keys::ParticipantKey,
    words::{
        event::{LeaveAction, Message},
        info::{Claims, LeaveReason},
    },
};

impl Room {
    /// Gives a participant another permission. Announce it afterwards.
    pub(super) fn permit(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        permission: Permission,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        if participant.permission == permission {
            return;
        }
        let before = std::mem::replace(&mut participant.permission, permission);
        let (hidden, recorder) = (participant.permission.hidden, participant.permission.recorder);
        self.end_forbidden_tracks(context, key);
        self.open_subscriber(context, key, now);
        self.subscribe_to_all(context, key);
        self.match_data_tracks(context);
        self.offer_all_stale(context);
        if hidden && !before.hidden {
            self.vanish(context, key);
            if let Some(participant) = self.participants.get_mut(key) {
                participant.version = participant.version.saturating_add(1);
            }
        }
        if recorder != before.recorder {
            // Machines are not asked whether they may be recorded; whoever is none any more is.
            self.judge_recording(context, now);
            self.tell_recording(context);
            self.announce_room(context);
        }
    }

    /// What a refresh token is to say from now on.
    pub(super) fn tell_claims(&self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        let claims = Claims {
            name: participant.name.clone(),
            metadata: participant.metadata.clone(),
            attributes: participant.attributes.clone(),
            permission: participant.granted().clone(),
            admission: participant.admission(),
        };
        context.emit(participant.session(), Message::ClaimsChanged(Box::new(claims)));
    }

    /// Whoever may publish is served by the room's home: a listener of an edge that is given the right joins anew, with
    /// the refresh token that says so.
    pub(super) fn move_home_if_publisher(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        before: &Permission,
        now: Instant,
    ) {
        let publishes = |permission: &Permission| {
            permission.can_publish || !permission.can_publish_sources.is_empty()
        };
        let gained = self
            .participants
            .get(key)
            .is_some_and(|one| publishes(&one.permission) && !publishes(before));
        if gained && !self.is_home() {
            self.remove(context, key, LeaveReason::Migration, LeaveAction::Reconnect, now);
        }
    }

    fn end_forbidden_tracks(&mut self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let permission = participant.permission.clone();
        participant.pending.retain(|pending| permission.allows_source(pending.add.source));
        participant.queued.retain(|add| permission.allows_source(add.source));
        let session = participant.session();
        for publication in participant.publications.clone() {
            let Some(info) = self.publications.get(publication).map(|one| &one.info) else {
                continue;
            };
            if !permission.allows_source(info.source) {
                let ended = Message::TrackUnpublished(info.sid.clone());
                self.unpublish(context, publication);
                context.emit(session, ended);
            }
        }
    }

    /// For all others it is as if the participant had left, under its next version.
    pub(super) fn vanish(&self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        let mut last = participant.farewell(LeaveReason::ClientInitiated);
        // Only the announcement differs: who is hidden has no departure.
        last.permission.hidden = false;
        let sid = last.sid.clone();
        self.announce_departure(context, &last, |one: &Participant| one.sid != sid);
    }
}
