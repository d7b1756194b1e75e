//! Telling the observer what happens in the room. Only the home does, once for each.

use std::collections::BTreeMap;

use super::{Room, participant::Participant, publication::Origin, report::Series};
use crate::{
    context::Context,
    keys::{ParticipantKey, PublicationKey},
    words::{
        event::Message,
        info::{ParticipantInfo, ParticipantState},
        occurrence::{OBSERVER, Occurrence, What},
    },
};

impl Room {
    pub(crate) fn happened(&self, context: &mut Context, what: impl FnOnce() -> What) {
        if context.observed && self.is_home() {
            let occurrence = Occurrence { room: self.info(), what: what() };
            context.emit(Some(OBSERVER), Message::Happened(Box::new(occurrence)));
        }
    }

    /// A participant's media connection stands, here or at an edge.
    pub(super) fn participant_joined(&self, context: &mut Context, key: ParticipantKey) {
        if let Some(info) = self.participant_info(key) {
            self.happened(context, || What::ParticipantJoined(Box::new(info)));
        }
    }

    /// A participant is gone; `state` is what it was in, `info` how it is seen for the last time.
    pub(super) fn participant_gone(
        &self,
        context: &mut Context,
        state: ParticipantState,
        info: &ParticipantInfo,
        series: &Series,
    ) {
        let info = || Box::new(info.clone());
        if state == ParticipantState::Active && !series.samples().is_empty() {
            self.happened(context, || What::ParticipantQuality(info(), series.samples().to_vec()));
        }
        self.happened(context, || match state {
            ParticipantState::Active => What::ParticipantLeft(info()),
            _ => What::ParticipantAborted(info()),
        });
    }

    pub(super) fn track_published(&self, context: &mut Context, key: PublicationKey) {
        self.happened_to_track(context, key, What::TrackPublished);
    }

    /// To be said while the publication is still known.
    pub(super) fn track_unpublished(&self, context: &mut Context, key: PublicationKey) {
        self.happened_to_track(context, key, What::TrackUnpublished);
    }

    fn happened_to_track(
        &self,
        context: &mut Context,
        key: PublicationKey,
        what: impl FnOnce(Box<ParticipantInfo>, Box<crate::words::info::TrackInfo>) -> What,
    ) {
        let Some(publication) = self.publications.get(key) else { return };
        let Some(publisher) = self.participants.get(publication.publisher) else { return };
        if matches!(publication.origin, Origin::Here(_)) {
            let track = publication.info.clone();
            self.happened(context, || what(Box::new(name_plate(publisher)), Box::new(track)));
        }
    }
}

/// Who it is, and no more: metadata may be large, and tracks come and go often.
fn name_plate(participant: &Participant) -> ParticipantInfo {
    ParticipantInfo {
        metadata: String::new(),
        attributes: BTreeMap::new(),
        ..participant.info(Vec::new())
    }
}
