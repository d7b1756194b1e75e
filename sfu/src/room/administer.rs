//! What an administrator does in a room. Each act is done whole or refused; the answer says how things are after it.
//!
//! A participant that is connected to another shard is a mirror image here: what is to be done to it is handed on to
//! its edge, and the answer is what it will be.

use std::time::Instant;

use protocol::{
    ids::{Identity, TrackSid},
    permission::Admission,
};
use slotmap::Key as _;

use super::{
    Role, Room,
    data_packet::{self, Sender, Stamped},
    participant::Participant,
    requests::MetadataChange,
};
use crate::{
    connection::sctp::ChannelLabel,
    context::Context,
    keys::ParticipantKey,
    limits::{DATA_MESSAGE_BYTES_MAX, ROOM_METADATA_BYTES_MAX},
    relay::message::{Departure, Down, EdgeAct},
    words::{
        administration::{
            Administered, ParticipantAct, ParticipantChange, Refused, Report, RoomAct, RoomSettings,
        },
        event::{LeaveAction, Message, Outcome},
        info::LeaveReason,
    },
};

impl Room {
    /// Does one act. Closing the room is the shard's part.
    pub(crate) fn administer(
        &mut self,
        context: &mut Context,
        act: RoomAct,
        now: Instant,
    ) -> Administered {
        match act {
            RoomAct::Close => {
                let (reason, action) = (LeaveReason::RoomDeleted, LeaveAction::Disconnect);
                self.remove_all(context, reason, action, now);
                Ok(Report::Done)
            }
            RoomAct::SetMetadata(metadata) if metadata.len() > ROOM_METADATA_BYTES_MAX => {
                Err(Refused::TooLong)
            }
            RoomAct::SetMetadata(metadata) => {
                let metadata = Some(metadata);
                let given = RoomSettings { metadata, ..RoomSettings::default() };
                self.change_settings(context, given, now);
                Ok(Report::Room(Box::new(self.info())))
            }
            RoomAct::SendData { packet, lossy } => {
                self.send_as_server(context, &packet, lossy, now)
            }
            RoomAct::ListParticipants => {
                let everyone =
                    self.participants.keys().filter_map(|key| self.participant_info(key));
                Ok(Report::Participants(everyone.collect()))
            }
            RoomAct::Record(act) => self.record(context, *act, now),
            RoomAct::OfParticipant { identity, act } => {
                self.administer_participant(context, &identity, act, now)
            }
        }
    }

    /// Opens the room for an administrator, or changes the settings of an open one.
    pub(crate) fn administer_opening(
        &mut self,
        context: &mut Context,
        given: RoomSettings,
        now: Instant,
    ) -> Administered {
        if given.metadata.as_ref().is_some_and(|text| text.len() > ROOM_METADATA_BYTES_MAX) {
            return Err(Refused::TooLong);
        }
        self.change_settings(context, given, now);
        Ok(Report::Room(Box::new(self.info())))
    }

    pub(crate) fn describe_room(&self) -> crate::words::info::RoomInfo {
        self.info()
    }

    fn administer_participant(
        &mut self,
        context: &mut Context,
        identity: &Identity,
        act: ParticipantAct,
        now: Instant,
    ) -> Administered {
        let present = self.participant_by_identity(identity).ok_or(Refused::NoParticipant);
        match act {
            ParticipantAct::Admit => self.decide(context, identity, Admission::Admitted, now),
            ParticipantAct::Hold => self.decide(context, identity, Admission::Waiting, now),
            ParticipantAct::Describe => self.report_participant(present?),
            ParticipantAct::Remove => {
                self.dismiss(context, present?, now);
                Ok(Report::Done)
            }
            ParticipantAct::Mute { track, muted } => {
                self.mute_from_afar(context, present?, &track, muted, now)
            }
            ParticipantAct::Update(change) => {
                let key = present?;
                self.refuse_change(key, &change)?;
                if self.hand_on(context, key, || EdgeAct::Update(change.clone())) {
                    return self.report_changed_mirror(key, *change);
                }
                self.change_participant(context, key, *change, now);
                self.report_participant(key)
            }
            ParticipantAct::Subscribe { tracks, subscribe } => {
                let key = present?;
                let act = || EdgeAct::Subscribe { tracks: tracks.clone(), subscribe };
                if !self.hand_on(context, key, act) {
                    self.set_wanted(context, key, tracks, subscribe);
                }
                Ok(Report::Done)
            }
            ParticipantAct::Ask(question) => {
                let key = present?;
                if self.participants.get(key).is_none_or(Participant::is_waiting) {
                    return Err(Refused::NoParticipant);
                }
                if self.hand_on(context, key, || EdgeAct::Ask(question.clone())) {
                    return Ok(Report::Done);
                }
                self.ask(context, key, *question, now)
            }
        }
    }

    /// The home has been asked to do something to a participant of this edge.
    pub(super) fn administer_at_edge(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        act: EdgeAct,
        now: Instant,
    ) {
        match act {
            EdgeAct::Update(change) => self.change_participant(context, key, *change, now),
            EdgeAct::Subscribe { tracks, subscribe } => {
                self.set_wanted(context, key, tracks, subscribe);
            }
            EdgeAct::Decide(word) => self.set_admission(context, key, word, now),
            EdgeAct::Ask(question) => {
                // Refused or lost on the way: whoever asks waits for an answer that does not come.
                let _ = self.ask(context, key, *question, now);
            }
        }
    }

    /// Hands an act on to the shard that the participant is connected to; false if that is this one.
    pub(super) fn hand_on(
        &self,
        context: &mut Context,
        key: ParticipantKey,
        act: impl FnOnce() -> EdgeAct,
    ) -> bool {
        let Some(participant) = self.participants.get(key) else { return false };
        let Some(at) = participant.elsewhere() else { return false };
        context.relays.down(at, &Down::Administer(participant.sid.clone(), act()));
        true
    }

    fn dismiss(&mut self, context: &mut Context, key: ParticipantKey, now: Instant) {
        let reason = LeaveReason::ParticipantRemoved;
        if let Some(participant) = self.participants.get(key)
            && let Some(at) = participant.elsewhere()
        {
            let (participant, is_replaced) = (participant.sid.clone(), false);
            let departure = Departure { participant, reason, is_replaced };
            context.relays.down(at, &Down::Departed(departure));
        }
        self.remove(context, key, reason, LeaveAction::Disconnect, now);
    }

    fn mute_from_afar(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        track: &TrackSid,
        muted: bool,
        now: Instant,
    ) -> Administered {
        let publication = self.own_publication(key, track).ok_or(Refused::NoTrack)?;
        let was_muted = self.publications.get(publication).is_some_and(|one| one.info.muted);
        if was_muted && !muted {
            return Err(Refused::RemoteUnmute);
        }
        if was_muted != muted {
            self.mute(context, key, track, muted, now);
            let told = Message::RemoteMute { track: track.clone(), muted };
            context.emit(self.session_of(key), told);
        }
        let publication = self.publications.get(publication).ok_or(Refused::NoTrack)?;
        Ok(Report::Track(Box::new(publication.info.clone())))
    }

    fn refuse_change(
        &self,
        key: ParticipantKey,
        change: &ParticipantChange,
    ) -> Result<(), Refused> {
        let participant = self.participants.get(key).ok_or(Refused::NoParticipant)?;
        match MetadataChange::of(change).refusal(&participant.attributes) {
            Some((Outcome::LimitExceeded, _)) => Err(Refused::TooLong),
            Some(_) | None => Ok(()),
        }
    }

    /// Name, metadata and attributes first: whoever loses the right to publish is announced with all of it.
    fn change_participant(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        change: ParticipantChange,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let before = participant.permission.clone();
        let admission = participant.admission();
        MetadataChange::of(&change).apply(participant);
        participant.show(admission);
        let permission = match &mut participant.held_back {
            // It still waits, and may do this once it is admitted.
            Some(granted) => {
                *granted = change.permission.unwrap_or_else(|| granted.clone());
                None
            }
            None => change.permission,
        };
        if let Some(permission) = permission {
            self.permit(context, key, permission, now);
        }
        self.announce(context, key);
        self.tell_claims(context, key);
        self.move_home_if_publisher(context, key, &before, now);
    }

    pub(super) fn report_participant(&self, key: ParticipantKey) -> Administered {
        let info = self.participant_info(key).ok_or(Refused::NoParticipant)?;
        Ok(Report::Participant(Box::new(info)))
    }

    fn report_changed_mirror(
        &self,
        key: ParticipantKey,
        change: ParticipantChange,
    ) -> Administered {
        let mut info = self.participant_info(key).ok_or(Refused::NoParticipant)?;
        let merged = MetadataChange::of(&change);
        merged.apply_to(&mut info.name, &mut info.metadata, &mut info.attributes);
        info.permission = change.permission.unwrap_or(info.permission);
        Ok(Report::Participant(Box::new(info)))
    }

    fn send_as_server(
        &mut self,
        context: &mut Context,
        packet: &[u8],
        lossy: bool,
        now: Instant,
    ) -> Administered {
        let stamped = stamp_as_server(packet, lossy).ok_or(Refused::BadData)?;
        self.deliver_of_server(context, &stamped, lossy, now);
        let is_meant = |at| {
            let mut there = self.participants.values().filter(|one| one.elsewhere() == Some(at));
            there.any(|one| super::data::is_meant(one, &stamped))
        };
        if let Role::Home(edges) = &self.role {
            let down = Down::DataOfServer { packet: packet.to_vec(), lossy };
            for edge in edges.iter().filter(|edge| is_meant(**edge)) {
                context.relays.down(*edge, &down);
            }
        }
        Ok(Report::Done)
    }

    /// The home sends a message of the server to those who are connected here.
    pub(super) fn on_data_of_server(
        &mut self,
        context: &mut Context,
        packet: &[u8],
        lossy: bool,
        now: Instant,
    ) {
        if let Some(stamped) = stamp_as_server(packet, lossy) {
            self.deliver_of_server(context, &stamped, lossy, now);
        }
    }

    fn deliver_of_server(
        &mut self,
        context: &mut Context,
        stamped: &Stamped,
        lossy: bool,
        now: Instant,
    ) {
        let label = if lossy { ChannelLabel::Lossy } else { ChannelLabel::Reliable };
        // From no participant: it goes to everyone it is meant for.
        self.distribute(context, ParticipantKey::null(), label, stamped, now);
    }
}

fn stamp_as_server(packet: &[u8], lossy: bool) -> Option<Stamped> {
    let sender = Sender { identity: "", sid: "", is_agent: false, lossy };
    let is_short = packet.len() <= DATA_MESSAGE_BYTES_MAX;
    is_short.then(|| data_packet::stamp(packet, sender).ok()).flatten()
}
