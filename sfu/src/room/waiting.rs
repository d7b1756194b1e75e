//! Waiting: somebody who has joined and is not admitted.
//!
//! ```text
//!   token: waiting ─► joined: transport, own entry, nobody else          admit ─► the ordinary permission and roster
//!                          ▲                                                │
//!                          └───────────── hold: tracks and subscriptions end, everyone departs for everyone ◄┘
//! ```
//!
//! Who waits has no permission and is hidden ([`Permission::none`]); what its token grants is held back. So the rules
//! of permission and of the hidden keep media and data away from it and it from the others, when subscriptions are set
//! up and never for each packet. What is asked here besides is only whether somebody who waits may *see*.
//!
//! What an administrator has decided about an identity goes before what its tokens say, as long as the room lives: an
//! older token must not undo a hold.

use std::{sync::Arc, time::Instant};

use protocol::{
    ids::Identity,
    permission::{Admission, Permission},
};

use super::{Room, data_flow::HeldData, participant::Participant};
use crate::{
    context::Context,
    keys::ParticipantKey,
    relay::message::EdgeAct,
    words::{
        administration::{Administered, Refused, Report},
        event::Message,
        info::{LeaveReason, RoomInfo},
    },
};

/// Most identities about which something is decided in one room: many times a full one.
const DECISIONS_MAX: usize = 256;

/// How far the version of a participant jumps when it is shown again to somebody for whom it had departed under the next
/// one.
const VERSION_OF_RETURN: u32 = 2;

/// What administrators have decided.
#[derive(Default)]
pub(super) struct Decisions(Vec<(Identity, Admission)>);

impl Decisions {
    pub(super) fn about(&self, identity: &Identity) -> Option<Admission> {
        self.0.iter().find(|(known, _)| known == identity).map(|(_, word)| *word)
    }

    /// False if no more can be kept.
    fn keep(&mut self, identity: &Identity, word: Admission) -> bool {
        if let Some(known) = self.0.iter_mut().find(|(known, _)| known == identity) {
            known.1 = word;
        } else if self.0.len() < DECISIONS_MAX {
            self.0.push((identity.clone(), word));
        } else {
            return false;
        }
        true
    }
}

impl Participant {
    /// Whether it waits here. Of a mirror that is its own shard's business.
    pub(super) fn is_waiting(&self) -> bool {
        self.held_back.is_some()
    }

    /// What it may do, or will.
    pub(super) fn granted(&self) -> &Permission {
        self.held_back.as_ref().unwrap_or(&self.permission)
    }

    /// Its connection is brought up before it may receive, so that the line is tried while it waits.
    pub(super) fn may_ever_subscribe(&self) -> bool {
        self.granted().can_subscribe
    }

    /// As its attribute says; `None` if it was never asked to wait nor let in.
    pub(super) fn admission(&self) -> Option<Admission> {
        Admission::of_attribute(self.attributes.get(Admission::ATTRIBUTE)?)
    }

    /// The attribute is written here alone: nobody else's word about it counts.
    pub(super) fn show(&mut self, admission: Option<Admission>) {
        let key = Admission::ATTRIBUTE.to_owned();
        match admission {
            Some(word) => self.attributes.insert(key, word.as_str().to_owned()),
            None => self.attributes.remove(&key),
        };
    }

    /// What it may do becomes what it will be allowed.
    pub(super) fn hold_back(&mut self) {
        self.held_back = Some(std::mem::replace(&mut self.permission, Permission::none()));
    }
}

impl Room {
    pub(super) fn is_waiting(&self, key: ParticipantKey) -> bool {
        self.participants.get(key).is_some_and(Participant::is_waiting)
    }

    /// The room as a participant may know it: nothing of the others while it waits.
    pub(super) fn info_for(&self, key: ParticipantKey) -> RoomInfo {
        if !self.is_waiting(key) {
            return self.info();
        }
        let metadata = String::new();
        RoomInfo {
            participants: 0,
            publishers: 0,
            active_recording: false,
            metadata,
            ..self.info()
        }
    }

    /// An administrator lets somebody in or sends it out, be it here, at an edge, or not there yet.
    pub(super) fn decide(
        &mut self,
        context: &mut Context,
        identity: &Identity,
        word: Admission,
        now: Instant,
    ) -> Administered {
        let present = self.participant_by_identity(identity);
        let enters = |one: &&Participant| word == Admission::Admitted && one.is_waiting();
        let one = present.and_then(|key| self.participants.get(key)).filter(enters);
        if one.is_some_and(|one| !self.has_seat_for(one)) || !self.decisions.keep(identity, word) {
            return Err(Refused::Full);
        }
        let Some(key) = present else { return Ok(Report::Done) };
        let is_elsewhere = self.participants.get(key).is_some_and(|one| one.elsewhere().is_some());
        if is_elsewhere && word == Admission::Admitted {
            for other in self.renew_versions(key) {
                self.relay_participant(context, other);
            }
        }
        if self.hand_on(context, key, || EdgeAct::Decide(word)) {
            return self.report_decided_mirror(key, word);
        }
        self.set_admission(context, key, word, now);
        self.report_participant(key)
    }

    /// Of a participant that is connected here.
    pub(super) fn set_admission(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        word: Admission,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let before = participant.permission.clone();
        participant.show(Some(word));
        match word {
            Admission::Admitted => self.let_in(context, key, now),
            Admission::Waiting => self.send_out(context, key, now),
        }
        self.announce(context, key);
        self.tell_recording(context);
        self.tell_claims(context, key);
        self.move_home_if_publisher(context, key, &before, now);
        tracing::info!(room = %self.sid, admission = word.as_str(), "admission decided");
    }

    /// The roster first, then what may be received of it.
    fn let_in(&mut self, context: &mut Context, key: ParticipantKey, now: Instant) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Some(granted) = participant.held_back.take() else { return };
        let session = participant.session();
        // Before it hears or says anything: it has to be asked.
        self.judge_recording(context, now);
        self.note_arrival(key, now);
        let _ = self.renew_versions(key);
        context.emit(session, Message::Room(self.info()));
        for other in self.others_seen_by(key) {
            context.emit(session, Message::Participant(Arc::new(other)));
        }
        self.permit(context, key, granted, now);
    }

    /// Everybody of this shard but one has another version: whoever has been told that they departed, under the next
    /// one, takes them for new. A mirror's version is its own shard's.
    fn renew_versions(&mut self, but: ParticipantKey) -> Vec<ParticipantKey> {
        let others = self.participants.iter_mut();
        let others = others.filter(|(key, one)| *key != but && one.elsewhere().is_none());
        let renewed = others.map(|(key, one)| {
            one.version = one.version.saturating_add(VERSION_OF_RETURN);
            key
        });
        renewed.collect()
    }

    /// For everyone who stays it departs, and for it everyone.
    fn send_out(&mut self, context: &mut Context, key: ParticipantKey, now: Instant) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        if participant.is_waiting() {
            return;
        }
        let mut unheard = Vec::new();
        participant.held_data = HeldData::default();
        // What it has said and nobody has got is said no more.
        while let Some(unsaid) = participant.data_flow.take_parked() {
            unheard.push(unsaid.bytes.len());
        }
        let granted = participant.permission.clone();
        let session = participant.session();
        for bytes in unheard {
            self.tell_taken(context, key, bytes);
        }
        self.permit(context, key, Permission::none(), now);
        let others =
            self.participants.iter().filter(|(other, one)| *other != key && !one.permission.hidden);
        for (_, other) in others {
            let farewell = other.farewell(LeaveReason::ClientInitiated);
            context.emit(session, Message::Participant(Arc::new(farewell)));
        }
        if let Some(participant) = self.participants.get_mut(key) {
            participant.held_back = Some(granted);
        }
        if let Some(participant) = self.participants.get(key) {
            self.note_presence(participant, false, now);
        }
        self.judge_recording(context, now);
        context.emit(session, Message::Room(self.info_for(key)));
    }

    /// As its edge is about to make it.
    fn report_decided_mirror(&self, key: ParticipantKey, word: Admission) -> Administered {
        let report = self.report_participant(key)?;
        if let Report::Participant(mut info) = report {
            info.attributes.insert(Admission::ATTRIBUTE.to_owned(), word.as_str().to_owned());
            return Ok(Report::Participant(info));
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_bounded_and_the_last_one_counts() {
        let mut decisions = Decisions::default();
        let who = |number: usize| Identity::try_from(format!("p{number}")).unwrap();
        for number in 0..DECISIONS_MAX {
            assert!(decisions.keep(&who(number), Admission::Waiting));
        }
        assert!(!decisions.keep(&who(DECISIONS_MAX), Admission::Waiting));
        assert!(decisions.keep(&who(0), Admission::Admitted));
        assert_eq!(decisions.about(&who(0)), Some(Admission::Admitted));
        assert_eq!(decisions.about(&who(1)), Some(Admission::Waiting));
        assert_eq!(decisions.about(&who(DECISIONS_MAX)), None);
    }
}
