//! What a participant asks over its signal socket, each request a straight line to what changes.

use std::{collections::BTreeMap, time::Instant};

use protocol::{permission::SERVER_ATTRIBUTES, recording::ANSWER_ATTRIBUTE};

use super::{
    Room,
    participant::{Audience, Participant},
};
use crate::{
    context::Context,
    keys::ParticipantKey,
    words::{
        administration::ParticipantChange,
        command::{Request, Simulation, SyncState},
        event::{LeaveAction, Message, Outcome},
        info::LeaveReason,
    },
};

/// Largest metadata (LiveKit's limit).
const METADATA_BYTES_MAX: usize = 512 * 1024;
/// Largest sum of attribute keys and values (LiveKit's limit).
const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;
/// Longest display name.
const DISPLAY_NAME_BYTES_MAX: usize = 256;

impl Room {
    /// Handles one request of a participant.
    pub(crate) fn request(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        request: Request,
        now: Instant,
    ) {
        match request {
            Request::Offer { id, description } => {
                self.publisher_offer(context, key, id, &description, now);
            }
            Request::Answer { id, description } => {
                self.subscriber_answer(context, key, id, &description, now);
            }
            Request::Unreadable { too_large } => {
                let action =
                    if too_large { LeaveAction::Reconnect } else { LeaveAction::Disconnect };
                self.remove(context, key, LeaveReason::MediaFailure, action, now);
            }
            // An ICE-lite agent sends no checks: it needs no candidates of its peer (RFC 8445 §2.5).
            Request::Trickle { target: _ } => {}
            Request::AddTrack(add) => self.add_track(context, key, *add),
            Request::Mute { track, muted } => self.mute(context, key, &track, muted, now),
            Request::Subscription { tracks, subscribe } => {
                self.set_wanted(context, key, tracks, subscribe);
            }
            Request::TrackSettings { tracks, settings } => {
                self.set_track_settings(context, key, tracks, settings, now);
            }
            Request::SubscriptionPermission { all_participants, allowed } => {
                let audience =
                    if all_participants { Audience::Everyone } else { Audience::Only(allowed) };
                if let Some(participant) = self.participants.get_mut(key) {
                    participant.audience = audience;
                }
                self.apply_audience(context, key);
                self.relay_participant(context, key);
                self.match_data_tracks(context);
            }
            Request::UpdateMetadata { request_id, name, metadata, attributes } => {
                let change = MetadataChange { name, metadata, attributes };
                self.update_metadata(context, key, request_id, change, now);
            }
            Request::UpdateAudioTrack { track, features } => {
                self.update_track(context, key, &track, |info| info.audio_features = features);
            }
            Request::UpdateVideoTrack { track, width, height } => {
                self.update_track(context, key, &track, |info| {
                    info.width = width;
                    info.height = height;
                });
            }
            Request::PublishDataTrack(offer) => self.publish_data_track(context, key, *offer),
            Request::UnpublishDataTrack(handle) => self.unpublish_data_track(context, key, handle),
            Request::DataSubscription(wishes) => self.set_data_wanted(context, key, wishes),
            Request::SyncState(state) => self.sync_state(context, key, *state, now),
            Request::Simulate(simulation) => self.simulate(context, key, simulation, now),
            Request::Leave => {
                self.remove(
                    context,
                    key,
                    LeaveReason::ClientInitiated,
                    LeaveAction::Disconnect,
                    now,
                );
            }
        }
    }

    fn update_metadata(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        request_id: u32,
        mut change: MetadataChange,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get(key) else { return };
        let session = participant.session();
        let answer = change.attributes.remove(ANSWER_ATTRIBUTE);
        // Whoever is asked may answer, whatever else it may change. SDKs say name and metadata again with it.
        let is_answer = answer.is_some() && change.changes_nothing_of(participant);
        let answered = answer.map(|value| self.answer_recording(context, key, &value, now));
        let refused_answer = answered.and_then(Result::err);
        let Some(participant) = self.participants.get_mut(key) else { return };
        let of_server = |key: &String| key.starts_with(SERVER_ATTRIBUTES);
        let refusal = if refused_answer.is_some() || is_answer {
            refused_answer
        } else if change.attributes.keys().any(of_server) {
            Some((Outcome::NotAllowed, "attributes that begin with bedside. are the server's"))
        } else if participant.permission.can_update_metadata {
            change.refusal(&participant.attributes)
        } else {
            Some((Outcome::NotAllowed, "the token does not allow updating own metadata"))
        };
        let (outcome, message) = refusal.unwrap_or((Outcome::Ok, ""));
        if outcome == Outcome::Ok && !is_answer {
            change.apply(participant);
            self.announce(context, key);
            self.tell_claims(context, key);
        }
        let outcome = Message::RequestOutcome {
            request_id,
            outcome,
            message: message.to_owned(),
            add_track: None,
        };
        context.emit(session, outcome);
    }

    fn update_track(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        track: &protocol::ids::TrackSid,
        change: impl FnOnce(&mut crate::words::info::TrackInfo),
    ) {
        let Some(publication) = self.own_publication(key, track) else { return };
        if let Some(publication) = self.publications.get_mut(publication) {
            change(&mut publication.info);
            publication.info.version = publication.info.version.saturating_add(1);
        }
        self.announce(context, key);
    }

    /// Trouble that the client has ordered.
    fn simulate(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        simulation: Simulation,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        match simulation {
            Simulation::Speaker { seconds } => participant.audio_level.simulate(seconds),
            Simulation::Bandwidth { bps } => {
                let connection = participant.subscriber.as_ref().map(|one| one.connection);
                let connection = connection.and_then(|one| context.connections.get_mut(one));
                if let Some(estimator) = connection.and_then(|one| one.outgoing.estimator.as_mut())
                {
                    estimator.simulate(bps);
                    self.allocate(context, key, now);
                }
            }
            Simulation::Failure => {
                self.drop_connections(context, key);
                let (reason, action) = (LeaveReason::MediaFailure, LeaveAction::Reconnect);
                self.remove(context, key, reason, action, now);
            }
            Simulation::Leave(action) => {
                self.remove(context, key, LeaveReason::ServerShutdown, action, now);
            }
        }
    }

    /// A resumed client tells what it believes: what we do not have means that it must join anew.
    fn sync_state(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        state: SyncState,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get(key) else { return };
        let known = |sid: &protocol::ids::TrackSid| {
            self.own_publication(key, sid).is_some()
                || participant.pending.iter().any(|pending| pending.sid == *sid)
        };
        let agrees = state.published.iter().all(|sid| sid.as_ref().is_some_and(known));
        if !agrees {
            self.remove(context, key, LeaveReason::StateMismatch, LeaveAction::Reconnect, now);
            return;
        }
        self.set_wanted(context, key, state.subscription_tracks, state.subscribe);
        for track in state.disabled {
            let mut settings = self
                .participants
                .get(key)
                .and_then(|participant| participant.settings.get(&track).copied())
                .unwrap_or_default();
            settings.disabled = true;
            self.set_track_settings(context, key, vec![track], settings, now);
        }
        self.set_data_wanted(context, key, state.data_wanted);
        // What was told last may have died with the old socket.
        self.tell_data_handles(context, key);
    }
}

/// What a participant or an administrator changes: empty texts mean no change, an empty attribute deletes its key.
pub(super) struct MetadataChange {
    name: String,
    metadata: String,
    attributes: BTreeMap<String, String>,
}

impl MetadataChange {
    pub(super) fn of(change: &ParticipantChange) -> Self {
        Self {
            name: change.name.clone(),
            metadata: change.metadata.clone(),
            attributes: change.attributes.clone(),
        }
    }

    /// Whether everything is as it is already.
    fn changes_nothing_of(&self, participant: &Participant) -> bool {
        self.attributes.is_empty()
            && (self.name.is_empty() || self.name == participant.name)
            && (self.metadata.is_empty() || self.metadata == participant.metadata)
    }

    pub(super) fn apply(self, participant: &mut Participant) {
        let Participant { name, metadata, attributes, .. } = participant;
        self.apply_to(name, metadata, attributes);
    }

    pub(super) fn apply_to(
        self,
        name: &mut String,
        metadata: &mut String,
        attributes: &mut BTreeMap<String, String>,
    ) {
        if !self.name.is_empty() {
            *name = self.name;
        }
        if !self.metadata.is_empty() {
            *metadata = self.metadata;
        }
        attributes.extend(self.attributes);
        attributes.retain(|_, value| !value.is_empty());
    }

    pub(super) fn refusal(
        &self,
        present: &BTreeMap<String, String>,
    ) -> Option<(Outcome, &'static str)> {
        let mut merged = present.clone();
        merged.extend(self.attributes.clone());
        let attributes: usize = merged.iter().map(|(name, value)| name.len() + value.len()).sum();
        if self.metadata.len() > METADATA_BYTES_MAX {
            Some((Outcome::LimitExceeded, "metadata is longer than 512 KiB"))
        } else if attributes > ATTRIBUTES_BYTES_MAX {
            Some((Outcome::LimitExceeded, "attributes are larger than 64 KiB together"))
        } else if self.name.len() > DISPLAY_NAME_BYTES_MAX {
            Some((Outcome::LimitExceeded, "the name is longer than 256 bytes"))
        } else {
            None
        }
    }
}
