//! A room on several shards, seen from its home: where listeners are served, what edges are told, what they say.
//!
//! The home decides every join, for it alone knows the roster: publishers stay, a listener may be handed on to an edge
//! (`placement.rs`). Joins travel the same ordered link as the roster, so neither can overtake the other. From then on
//! the listener is a mirror image here, kept as its edge says.
//!
//! A packet goes to an edge once, if someone there subscribes to its publication; the edge does the rest with the
//! ordinary code: history, retransmission, rewriting, negotiation.

use std::time::Instant;

use protocol::{
    ids::{ParticipantSid, TrackSid},
    permission::Admission,
};

use crate::{
    context::Context,
    keys::{LayerIndex, ParticipantKey},
    placement::{ShardId, place_listener},
    relay::{
        EdgeId, FarEnd, TrackHandle,
        message::{Down, Opening, Up},
        wire::{RelayedPacket, RelayedReport},
    },
    room::{
        Role, Room,
        interest::Interest,
        participant::{Participant, Signal},
        publication::{Origin, Publication, SenderReport},
    },
    rtp::packet::Arrived,
    words::{
        command::Join,
        event::{JoinRefusal, LeaveAction, Message},
        info::LeaveReason,
    },
};

impl Room {
    /// The shard for somebody who joins: this one, or another for a listener more than this one should serve.
    pub(in crate::room) fn place(&self, context: &Context, join: &Join) -> ShardId {
        let own = context.config.shard;
        let permission = &join.permission;
        let listens = permission.can_subscribe
            && !permission.can_publish
            && permission.can_publish_sources.is_empty();
        // Who waits may turn out to be anybody, and is watched from here. Consent is watched over by one shard.
        let waits = join.admission == Some(Admission::Waiting);
        if !self.is_home() || !listens || waits || self.has_recording() {
            return own;
        }
        let max = usize::try_from(self.limits.overflow_subscriptions).unwrap_or(usize::MAX);
        place_listener(own, &context.relays.loads, self.subscriptions.len(), max)
    }

    /// Lets a listener in at an edge, and everybody else see it at once.
    pub(in crate::room) fn admit_at_edge(
        &mut self,
        context: &mut Context,
        shard: ShardId,
        join: Join,
        now: Instant,
    ) -> ParticipantKey {
        let at = self.open_edge(context, shard);
        let sid = ParticipantSid::random(&mut context.rng);
        let admit = Down::Admit(sid.clone(), Box::new(join.clone()));
        let signal = Signal::Elsewhere { at, session: Some(join.session) };
        let key =
            self.participants.insert(Participant { signal, ..Participant::new(sid, join, now) });
        self.closes = None;
        context.relays.down(at, &admit);
        context.relays.count_person(shard);
        context.counters.joins_handed_on += 1;
        self.announce_arrival(context, key);
        if self.participants.get(key).is_some_and(|one| one.permission.recorder) {
            self.announce_room(context);
        }
        tracing::info!(room = %self.sid, participants = self.participants.len(), shard = shard.0, "listener handed on");
        key
    }

    /// Somebody who is at an edge comes back over a new socket: the edge goes on with it.
    pub(in crate::room) fn resume_at_edge(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        at: FarEnd,
        join: &Join,
    ) -> Result<ParticipantKey, JoinRefusal> {
        let participant = self.participants.get_mut(key).ok_or(JoinRefusal::StateMismatch)?;
        let is_same = join.resume.as_ref().is_some_and(|one| one.participant == participant.sid);
        if !is_same {
            return Err(JoinRefusal::StateMismatch);
        }
        context.ended.extend(participant.booked_session());
        participant.signal = Signal::Elsewhere { at, session: Some(join.session) };
        context.relays.down(at, &Down::Resume(Box::new(join.clone())));
        context.counters.joins_handed_on += 1;
        Ok(key)
    }

    fn open_edge(&mut self, context: &mut Context, shard: ShardId) -> FarEnd {
        let Role::Home(edges) = &self.role else {
            return FarEnd { shard, edge: EdgeId(u64::MAX) };
        };
        if let Some(open) = edges.iter().find(|edge| edge.shard == shard) {
            return *open;
        }
        let edge = context.relays.open(context.config.shard, self.key);
        let at = FarEnd { shard, edge };
        let opening = Opening {
            sid: self.sid.clone(),
            name: self.name.clone(),
            created_unix_ms: self.created_unix_ms,
            settings: self.settings.all(),
        };
        context.relays.down(at, &Down::Open(opening));
        for key in self.participants.keys() {
            if let Some(mirror) = self.mirror_of(key) {
                context.relays.down(at, &Down::Participant(Box::new(mirror)));
            }
        }
        if let Role::Home(edges) = &mut self.role {
            edges.push(at);
        }
        tracing::info!(room = %self.sid, shard = shard.0, "edge opened");
        at
    }

    pub(in crate::room) fn tell_edges(&self, context: &mut Context, message: &Down) {
        if let Role::Home(edges) = &self.role {
            for edge in edges {
                context.relays.down(*edge, message);
            }
        }
    }

    /// Ends the edges that serve nobody any more.
    pub(in crate::room) fn close_idle_edges(&mut self, context: &mut Context) {
        let Role::Home(edges) = &self.role else { return };
        let serves =
            |edge: &FarEnd| self.participants.values().any(|one| one.elsewhere() == Some(*edge));
        let idle: Vec<_> = edges.iter().filter(|edge| !serves(edge)).copied().collect();
        for edge in idle {
            self.close_edge(context, edge, LeaveReason::RoomClosed, LeaveAction::Disconnect);
        }
    }

    /// Ends all edges; whoever is there is told to leave.
    pub(crate) fn close_edges(
        &mut self,
        context: &mut Context,
        reason: LeaveReason,
        action: LeaveAction,
    ) {
        let Role::Home(edges) = &self.role else { return };
        for edge in edges.clone() {
            self.close_edge(context, edge, reason, action);
        }
    }

    fn close_edge(
        &mut self,
        context: &mut Context,
        edge: FarEnd,
        reason: LeaveReason,
        action: LeaveAction,
    ) {
        context.relays.down(edge, &Down::Close(reason, action));
        self.forget_edge(context, edge);
    }

    fn forget_edge(&mut self, context: &mut Context, edge: FarEnd) {
        if let Role::Home(edges) = &mut self.role {
            edges.retain(|one| *one != edge);
        }
        for publication in self.publications.values_mut() {
            publication.lose_interest(edge);
        }
        for participant in self.participants.values_mut() {
            participant.data_flow.forget(edge);
            participant.data_tracks.lose_interest(edge);
        }
        context.relays.close(context.config.shard, edge.edge);
        tracing::info!(room = %self.sid, shard = edge.shard.0, "edge closed");
    }

    /// The link to a shard was reset: whoever was there is gone, and told so by that shard.
    pub(crate) fn lose_edge(&mut self, context: &mut Context, shard: ShardId, now: Instant) {
        let Role::Home(edges) = &self.role else { return };
        let Some(edge) = edges.iter().find(|edge| edge.shard == shard).copied() else { return };
        self.forget_edge(context, edge);
        let lost: Vec<_> = self
            .participants
            .iter()
            .filter(|(_, one)| one.elsewhere() == Some(edge))
            .map(|(key, _)| key)
            .collect();
        for key in lost {
            // Its join may have been under way. Whoever has been let in does not mind a second answer: see
            // `Message::Refused`.
            let session = self.participants.get(key).and_then(Participant::booked_session);
            context.emit(session, Message::Refused(JoinRefusal::NodeFull));
            self.remove(context, key, LeaveReason::Migration, LeaveAction::Reconnect, now);
        }
    }

    /// The edge on a shard, by its number.
    pub(crate) fn edge_at(&self, shard: ShardId, edge: EdgeId) -> Option<FarEnd> {
        let Role::Home(edges) = &self.role else { return None };
        edges.iter().find(|one| **one == FarEnd { shard, edge }).copied()
    }

    /// An edge says something.
    pub(crate) fn on_edge(&mut self, context: &mut Context, at: FarEnd, message: Up, now: Instant) {
        match message {
            Up::Participant(mirror) => {
                let known = self.participant_by_sid(&mirror.info.sid);
                if let Some(key) = known.filter(|key| self.is_elsewhere(*key, at)) {
                    self.update_mirror(context, key, *mirror);
                }
            }
            Up::Departed(departure) => {
                let known = self.participant_by_sid(&departure.participant);
                if let Some(key) = known.filter(|key| self.is_elsewhere(*key, at)) {
                    self.remove(context, key, departure.reason, LeaveAction::Disconnect, now);
                }
            }
            Up::DataTaken(sender, bytes) => {
                self.on_data_taken(context, at, &sender, bytes, now);
            }
            Up::WantData(track, wants) => self.on_data_wanted(context, at, &track, wants),
            Up::Want(track, handle) => self.on_wanted(context, at, &track, handle, now),
            Up::Unwant(track) => {
                if let Some(key) = self.publication_by_sid(&track)
                    && let Some(publication) = self.publications.get_mut(key)
                {
                    publication.lose_interest(at);
                }
            }
            Up::KeyFrame(track, layer) => {
                context.counters.key_frame_requests_received += 1;
                if let Some(key) = self.publication_by_sid(&track) {
                    self.request_key_frame(context, key, layer.map(LayerIndex), now);
                }
            }
        }
    }

    fn is_elsewhere(&self, key: ParticipantKey, at: FarEnd) -> bool {
        self.participants.get(key).is_some_and(|one| one.elsewhere() == Some(at))
    }

    fn on_wanted(
        &mut self,
        context: &mut Context,
        at: FarEnd,
        track: &TrackSid,
        handle: TrackHandle,
        now: Instant,
    ) {
        let Some(key) = self.publication_by_sid(track) else { return };
        let Some(publication) = self.publications.get_mut(key) else { return };
        publication.lose_interest(at);
        let Origin::Here(interests) = &mut publication.origin else { return };
        interests.push(Interest { at, handle, begun: 0 });
        if !std::mem::replace(&mut publication.told_subscribed, true) {
            let publisher = publication.publisher;
            context.emit(self.session_of(publisher), Message::TrackSubscribed(track.clone()));
        }
        self.request_key_frame(context, key, None, now);
    }
}

impl Publication {
    /// One copy of a packet for each edge that wants it. Hot: one copy of the payload per edge.
    pub(in crate::room) fn relay(
        &mut self,
        context: &mut Context,
        layer: LayerIndex,
        packet: &Arrived<'_>,
    ) {
        let Origin::Here(interests) = &mut self.origin else { return };
        for interest in interests {
            let begun = 1 << layer.0;
            if interest.begun & begun == 0 {
                // Its numbers may be older than what the edge has seen of the layer before.
                interest.begun |= begun;
                context.relays.restart(interest.at, interest.handle, layer.0);
            }
            let packet = RelayedPacket {
                track: interest.handle,
                layer: layer.0,
                seq: packet.seq,
                meta: packet.meta(),
                extensions: (&packet.values).into(),
                payload: packet.payload,
            };
            if context.relays.packet(interest.at, &packet) {
                context.counters.relayed_packets += 1;
            } else {
                context.counters.relay_dropped_packets += 1;
            }
        }
    }

    /// The publisher's clock for each edge that wants the publication.
    pub(in crate::room) fn relay_report(
        &self,
        context: &mut Context,
        layer: LayerIndex,
        report: SenderReport,
    ) {
        let Origin::Here(interests) = &self.origin else { return };
        for interest in interests {
            let report = RelayedReport {
                track: interest.handle,
                layer: layer.0,
                ntp: report.ntp,
                rtp_timestamp: report.rtp_timestamp,
            };
            context.relays.report(interest.at, &report);
        }
    }

    /// A layer begins with other numbers: edges are told before its next packet.
    pub(in crate::room) fn begin_relay_anew(&mut self, layer: LayerIndex) {
        if let Origin::Here(interests) = &mut self.origin {
            for interest in interests {
                interest.begun &= !(1 << layer.0);
            }
        }
    }

    fn lose_interest(&mut self, edge: FarEnd) {
        if let Origin::Here(interests) = &mut self.origin {
            interests.retain(|interest| interest.at != edge);
        }
    }
}
