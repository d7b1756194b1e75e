//! Who is in the room: joining, resuming, leaving, being gone.
//!
//! A participant is in the room from its join until it leaves, is replaced by the same identity, or has lost its
//! socket for longer than the resume window. Its media ends with it.

use std::time::{Duration, Instant};

use protocol::ids::{ParticipantSid, SessionId};

use super::{
    Room,
    participant::{Participant, Signal},
};
use crate::{
    connection::sctp::ChannelLabel,
    context::Context,
    keys::{Owner, ParticipantKey},
    relay::{
        FarEnd,
        message::{Departure, Down},
    },
    room::subscriber::Subscriber,
    words::{
        command::{Connections, Join},
        event::{JoinRefusal, Joined, LeaveAction, Message, Resumed},
        info::{LeaveReason, ParticipantInfo, Target},
    },
};

/// How long a participant without a socket is kept: iOS closes sockets of hidden pages, and clients retry for about
/// as long before they join anew.
pub(super) const RESUME_WINDOW: Duration = Duration::from_secs(30);

/// How long those who left are remembered for resuming clients: the resume window, and as long until a dead socket is
/// noticed.
const DEPARTED_MEMORY: Duration = Duration::from_secs(60);

/// Most departures remembered.
const DEPARTED_MAX: usize = 256;

/// Protocol from which clients take a new sid under the same identity as a replacement.
const PROTOCOL_REPLACES_IDENTITY: u32 = 12;

/// What is left of a participant that was taken out.
struct Farewell {
    session: Option<SessionId>,
    /// Where it was connected, if not here.
    from: Option<FarEnd>,
    /// As others see it for the last time.
    info: ParticipantInfo,
}

impl Room {
    /// Admits a participant, or continues with one.
    pub(crate) fn join(
        &mut self,
        context: &mut Context,
        mut join: Join,
        now: Instant,
    ) -> Result<ParticipantKey, JoinRefusal> {
        join.admission = self.decisions.about(&join.identity).or(join.admission);
        let present = self.participant_by_identity(&join.identity);
        if let Some(resume) = join.resume.clone() {
            let elsewhere = present
                .and_then(|key| Some((key, self.participants.get(key)?.elsewhere()?)))
                .filter(|_| self.is_home());
            return match elsewhere {
                Some((key, at)) => self.resume_at_edge(context, key, at, &join),
                None => self.resume(context, &join, &resume.participant),
            };
        }
        if !self.has_place_for(&join) {
            return Err(JoinRefusal::RoomFull);
        }
        if let Some(older) = present {
            self.replace(context, older, now);
        }
        let shard = self.place(context, &join);
        if shard != context.config.shard {
            return Ok(self.admit_at_edge(context, shard, join, now));
        }
        let sid = ParticipantSid::random(&mut context.rng);
        context.relays.count_person(shard);
        Ok(self.admit(context, sid, join, now))
    }

    /// Whether the room is not full; whoever is present may always come again.
    pub(crate) fn has_place_for(&self, join: &Join) -> bool {
        let present = self.participant_by_identity(&join.identity);
        let others = self.participants.iter().filter(|(key, _)| Some(*key) != present);
        !self.is_full_for(join, others.map(|(_, one)| one))
    }

    /// Lets somebody in here.
    pub(crate) fn admit(
        &mut self,
        context: &mut Context,
        sid: ParticipantSid,
        join: Join,
        now: Instant,
    ) -> ParticipantKey {
        let session = join.session;
        let key = self.participants.insert(Participant::new(sid, join, now));
        self.closes = None;
        // Before anything else: whoever has not been asked is not recorded, nor are the others beside it.
        self.judge_recording(context, now);
        self.has_told_recording(key);
        self.note_arrival(key, now);
        self.open_subscriber(context, key, now);
        if let Some(participant) = self.participant_info(key) {
            let joined = Joined {
                shard: context.config.shard,
                room: self.info_for(key),
                participant,
                others: self.others_seen_by(key),
                subscriber_primary: self
                    .participants
                    .get(key)
                    .is_some_and(|one| one.subscriber.as_ref().is_some_and(Subscriber::offers)),
            };
            context.emit(Some(session), Message::Joined(Box::new(joined)));
        }
        self.announce_arrival(context, key);
        self.tell_recording(context);
        if self.participants.get(key).is_some_and(|one| one.permission.recorder) {
            self.announce_room(context);
        }
        self.subscribe_to_all(context, key);
        self.offer_if_stale(context, key);
        tracing::info!(room = %self.sid, participants = self.participants.len(), "participant joined");
        key
    }

    /// A participant who may receive gets the connection on which we offer, one with a single connection gets that.
    pub(super) fn open_subscriber(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        if participant.subscriber.is_some() {
            return;
        }
        if participant.has_single_connection() {
            // Whatever it may do now: a permission may be given later, and nothing new must be opened for it.
            let can_be_asked = participant.peer_connections == Connections::One;
            let owner = Owner { room: self.key, participant: key, target: Target::Both };
            let connection = context.open_connection(owner, now);
            participant.publisher = Some(connection);
            participant.subscriber = Some(Subscriber::of_offering_client(connection, can_be_asked));
            return;
        }
        if !participant.may_ever_subscribe() {
            return;
        }
        let owner = Owner { room: self.key, participant: key, target: Target::Subscriber };
        let connection = context.open_connection(owner, now);
        if let Some(connection) = context.connections.get_mut(connection) {
            for label in [ChannelLabel::Reliable, ChannelLabel::Lossy, ChannelLabel::DataTrack] {
                connection.open_channel(label);
            }
        }
        participant.subscriber = Some(Subscriber::new(connection));
    }

    fn resume(
        &mut self,
        context: &mut Context,
        join: &Join,
        sid: &ParticipantSid,
    ) -> Result<ParticipantKey, JoinRefusal> {
        let key = self.participant_by_identity(&join.identity).ok_or(JoinRefusal::StateMismatch)?;
        let participant = self.participants.get_mut(key).ok_or(JoinRefusal::StateMismatch)?;
        // With another number of connections its media cannot go on.
        let is_same = participant.sid == *sid && participant.peer_connections == join.connections;
        if !is_same || participant.elsewhere().is_some() {
            return Err(JoinRefusal::StateMismatch);
        }
        participant.signal = Signal::Connected(join.session);
        let last_message_seq = participant.last_message_seq;
        if let Some(subscriber) = &mut participant.subscriber {
            subscriber.resume();
            if subscriber.offers() {
                context.restart_ice(subscriber.connection);
            }
        }
        // All who are remembered: what was told last may have died with the old socket, and a departure that is known
        // changes nothing. Clients tell people apart by identity: whoever came back under another sid is present.
        let departed = self
            .departed
            .iter()
            .filter(|(_, info)| self.participant_by_identity(&info.identity).is_none());
        let sees_others = !self.is_waiting(key);
        let mut participants: Vec<_> =
            departed.filter(|_| sees_others).map(|(_, info)| info.clone()).collect();
        participants.extend(self.others_seen_by(key));
        participants.extend(self.participant_info(key));
        let shard = context.config.shard;
        let resumed = Resumed { shard, room: self.info_for(key), participants, last_message_seq };
        context.emit(Some(join.session), Message::Resumed(Box::new(resumed)));
        self.offer_if_stale(context, key);
        tracing::info!(room = %self.sid, participant = %sid, "participant resumed");
        Ok(key)
    }

    /// The same identity joins again: the newcomer wins.
    pub(super) fn replace(&mut self, context: &mut Context, key: ParticipantKey, now: Instant) {
        let reason = LeaveReason::DuplicateIdentity;
        let farewell = self.take_out(context, key, reason, now);
        if let Some(Farewell { session, from, info }) = farewell {
            let leave = Message::Leave { reason, action: LeaveAction::Disconnect };
            context.emit(session, leave);
            self.relay_departure(context, from, Departure::of(&info, reason, true));
            self.announce_departure(context, &info, |one| {
                one.client.protocol < PROTOCOL_REPLACES_IDENTITY
            });
            if info.permission.recorder {
                self.announce_room(context);
            }
        }
    }

    /// Removes a participant and tells the others; the participant itself is told `action` if it has a socket and did
    /// not ask for it.
    pub(crate) fn remove(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        reason: LeaveReason,
        action: LeaveAction,
        now: Instant,
    ) {
        let farewell = self.take_out(context, key, reason, now);
        let Some(Farewell { session, from, info }) = farewell else { return };
        if reason != LeaveReason::ClientInitiated {
            context.emit(session, Message::Leave { reason, action });
        }
        self.relay_departure(context, from, Departure::of(&info, reason, false));
        self.announce_departure(context, &info, |_| true);
        if info.permission.recorder {
            self.announce_room(context);
        }
        tracing::info!(
            room = %self.sid, participant = %info.sid, ?reason,
            participants = self.participants.len(), "participant left"
        );
        if info.permission.hidden {
            return;
        }
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.pop_front();
        }
        self.departed.push_back((now, info));
    }

    fn take_out(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        reason: LeaveReason,
        now: Instant,
    ) -> Option<Farewell> {
        self.pass_last_words(context, key, now);
        let participant = self.participants.get_mut(key)?;
        participant.queued.clear();
        for publication in participant.publications.clone() {
            self.unpublish(context, publication);
        }
        self.unsubscribe_from_all(context, key);
        let participant = self.participants.remove(key)?;
        if !participant.is_waiting() {
            self.note_presence(&participant, false, now);
        }
        // Who is replaced comes again at once: it is judged then.
        if reason != LeaveReason::DuplicateIdentity {
            self.judge_recording(context, now);
        }
        for connection in participant.connections() {
            context.close_connection(connection, now);
        }
        context.ended.extend(participant.booked_session());
        self.offer_all_stale(context);
        for receiver in participant.data_tracks.receivers() {
            self.tell_data_handles(context, receiver);
        }
        self.match_data_tracks(context);
        if self.participants.is_empty() {
            let wait = Duration::from_secs(self.settings.departure_timeout_s.into());
            self.closes = Some(now + wait);
        }
        let info = participant.farewell(reason);
        let series = &participant.standing.series;
        self.participant_gone(context, participant.state, &info, series);
        self.tell_recording(context);
        Some(Farewell { session: participant.session(), from: participant.elsewhere(), info })
    }

    /// The socket is gone without a leave.
    pub(crate) fn lose_session(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        session: SessionId,
        now: Instant,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        if let Signal::Elsewhere { at, session: Some(handed_on) } = participant.signal
            && handed_on == session
        {
            // Its socket closed before the client could be told which shard it is on.
            context.relays.down(at, &Down::SessionClosed(session));
            return;
        }
        if participant.signal != Signal::Connected(session) {
            return;
        }
        participant.signal = Signal::Lost { since: now };
        if !self.is_connected(context, key) {
            self.remove(context, key, LeaveReason::SignalClose, LeaveAction::Disconnect, now);
        }
    }

    /// Throws a participant's connections away as they are.
    pub(crate) fn drop_connections(&self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        for connection in participant.connections() {
            drop(context.drop_connection(connection));
        }
    }

    /// Whether a session still speaks for this participant.
    pub(crate) fn speaks_for(&self, key: ParticipantKey, session: SessionId) -> bool {
        self.session_of(key) == Some(session)
    }

    /// Everyone must go: the node stops, or the room is deleted.
    pub(crate) fn remove_all(
        &mut self,
        context: &mut Context,
        reason: LeaveReason,
        action: LeaveAction,
        now: Instant,
    ) {
        self.end_recording(context, now);
        let everyone: Vec<_> = self.participants.keys().collect();
        for key in &everyone {
            let session = self.session_of(*key);
            context.emit(session, Message::Leave { reason, action });
            context.ended.extend(session);
        }
        for participant in self.participants.values_mut() {
            // Nobody is told of the others' departure any more.
            if participant.elsewhere().is_none() {
                participant.signal = Signal::Lost { since: now };
            }
        }
        for key in everyone {
            if let Some(Farewell { from, info, .. }) = self.take_out(context, key, reason, now)
                && !self.is_home()
            {
                self.relay_departure(context, from, Departure::of(&info, reason, false));
            }
        }
        self.close_edges(context, reason, action);
    }

    pub(super) fn forget_departed(&mut self, now: Instant) {
        while self
            .departed
            .front()
            .is_some_and(|(left, _)| now.duration_since(*left) > DEPARTED_MEMORY)
        {
            self.departed.pop_front();
        }
    }
}
