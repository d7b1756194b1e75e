//! Participants and publications of other shards: how they are told, and kept as they are told.
//!
//! A mirror image is an ordinary participant whose signal is elsewhere, and an ordinary publication whose packets are
//! relayed: subscriptions, offers, history and rewriting know no difference. Its version is written by its own shard
//! only. What an edge does at its home's word is here as well.

use std::time::Instant;

use bytes::Bytes;
use protocol::ids::ParticipantSid;
use slotmap::{Key as _, KeyData};

use crate::{
    connection::{incoming::Route, sctp::ChannelLabel},
    context::Context,
    drop_reason::DropReason,
    keys::{LayerIndex, ParticipantKey, PublicationKey},
    limits::Limits,
    relay::{
        Direction, FarEnd, TrackHandle,
        message::{Departure, Down, Mirror, Opening, TrackMedia, Up},
        wire::{RelayedData, RelayedPacket, RelayedReport},
    },
    room::{
        Role, Room,
        data::stamp_of,
        data_packet::{self, Stamped},
        demand::Demand,
        participant::{Audience, Participant},
        publication::{LAYERS_MAX, Origin, Publication, SenderReport},
        subscription::Binding,
    },
    rtp::{extension::ExtensionValues, ids::Mid, packet::Arrived},
    words::{
        event::{LeaveAction, Message},
        info::{LeaveReason, ParticipantInfo, ParticipantState, TrackInfo},
    },
};

impl Room {
    /// An edge of a room that is at home elsewhere.
    pub(crate) fn edge(
        key: crate::keys::RoomKey,
        home: FarEnd,
        opening: Opening,
        limits: Limits,
        now: Instant,
    ) -> Self {
        let Opening { sid, name, created_unix_ms, settings } = opening;
        let mut edge = Self {
            role: Role::Edge(home),
            closes: None,
            ..Self::new(key, sid, name, created_unix_ms, limits, now)
        };
        edge.set(settings, now);
        edge
    }

    /// A participant as other shards need to know it.
    pub(in crate::room) fn mirror_of(&self, key: ParticipantKey) -> Option<Mirror> {
        let participant = self.participants.get(key)?;
        let publications =
            participant.publications.iter().filter_map(|one| self.publications.get(*one));
        Some(Mirror {
            info: self.participant_info(key)?,
            audience: match &participant.audience {
                Audience::Everyone => None,
                Audience::Only(allowed) => Some(allowed.clone()),
            },
            media: publications.map(Publication::media).collect(),
        })
    }

    /// Tells the other shards of the room what a participant is now: the home tells all edges but the participant's
    /// own; an edge tells the home of its own participants.
    pub(in crate::room) fn relay_participant(&self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        let from = participant.elsewhere();
        match &self.role {
            Role::Home(edges) if !edges.is_empty() => {
                let Some(mirror) = self.mirror_of(key) else { return };
                let message = Down::Participant(Box::new(mirror));
                for edge in edges.iter().filter(|edge| Some(**edge) != from) {
                    context.relays.down(*edge, &message);
                }
            }
            Role::Edge(home) if from.is_none() => {
                let Some(mirror) = self.mirror_of(key) else { return };
                context.relays.up(*home, &Up::Participant(Box::new(mirror)));
            }
            Role::Home(_) | Role::Edge(_) => {}
        }
    }

    /// Tells the other shards that a participant, which was `from` there, is gone. A home tells the participant's own
    /// edge only if it is the home that ends it.
    pub(in crate::room) fn relay_departure(
        &self,
        context: &mut Context,
        from: Option<FarEnd>,
        departure: Departure,
    ) {
        match &self.role {
            Role::Home(edges) => {
                let is_told = |edge: &&FarEnd| departure.is_replaced || Some(**edge) != from;
                let edges: Vec<_> = edges.iter().filter(is_told).copied().collect();
                let message = Down::Departed(departure);
                for edge in edges {
                    context.relays.down(edge, &message);
                }
            }
            Role::Edge(home) if from.is_none() && !departure.is_replaced => {
                context.relays.up(*home, &Up::Departed(departure));
            }
            Role::Edge(_) => {}
        }
    }

    /// The home says something. Joins, sessions and the end of the edge are the shard's part.
    pub(crate) fn on_home(&mut self, context: &mut Context, message: Down, now: Instant) {
        match message {
            Down::Participant(mirror) => match self.participant_by_sid(&mirror.info.sid) {
                Some(key)
                    if self.participants.get(key).is_some_and(|one| one.elsewhere().is_none()) => {}
                Some(key) => self.update_mirror(context, key, *mirror),
                None => self.insert_mirror(context, *mirror, now),
            },
            Down::Departed(departure) => self.on_departed(context, &departure, now),
            Down::DataTaken(sender, bytes) => {
                if let Some(home) = self.home() {
                    self.on_data_taken(context, home, &sender, bytes, now);
                }
            }
            Down::WantData(track, wants) => {
                if let Some(home) = self.home() {
                    self.on_data_wanted(context, home, &track, wants);
                }
            }
            Down::Settings(given) => self.change_settings(context, given, now),
            Down::Administer(sid, act) => {
                if let Some(key) = self.participant_by_sid(&sid) {
                    self.administer_at_edge(context, key, act, now);
                }
            }
            Down::DataOfServer { packet, lossy } => {
                self.on_data_of_server(context, &packet, lossy, now);
            }
            Down::Speakers(speakers) => {
                for participant in self.participants.values().filter(|one| !one.is_waiting()) {
                    context.emit(participant.session(), Message::Speakers(speakers.clone()));
                }
            }
            Down::Open(_)
            | Down::Admit(..)
            | Down::Resume(_)
            | Down::SessionClosed(_)
            | Down::Close(..) => {}
        }
    }

    fn on_departed(&mut self, context: &mut Context, departure: &Departure, now: Instant) {
        let Some(key) = self.participant_by_sid(&departure.participant) else { return };
        if departure.is_replaced {
            self.replace(context, key, now);
        } else {
            self.remove(context, key, departure.reason, LeaveAction::Disconnect, now);
        }
    }

    fn insert_mirror(&mut self, context: &mut Context, mirror: Mirror, now: Instant) {
        let Role::Edge(home) = self.role else { return };
        let Mirror { info, audience, media } = mirror;
        let tracks = info.tracks.clone();
        let recorder = info.permission.recorder;
        let key = self.participants.insert(Participant::mirrored(info, home, now));
        let fresh = self.mirror_tracks(context, key, tracks, media);
        if let (Some(allowed), Some(participant)) = (audience, self.participants.get_mut(key)) {
            participant.audience = Audience::Only(allowed);
        }
        self.announce_arrival(context, key);
        if recorder {
            self.announce_room(context);
        }
        self.subscribe_all_to_each(context, fresh);
        self.match_data_tracks(context);
    }

    /// A mirrored participant is something else now. Who sees it is told if its shard says that it is news.
    pub(in crate::room) fn update_mirror(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        mirror: Mirror,
    ) {
        let Mirror { info, audience, media } = mirror;
        let tracks = info.tracks.clone();
        let Some(participant) = self.participants.get_mut(key) else { return };
        let is_news = info.version > participant.version;
        let becomes_active =
            info.state == ParticipantState::Active && participant.state != ParticipantState::Active;
        let was_restricted = matches!(participant.audience, Audience::Only(_));
        if is_news && info.permission.hidden && !participant.permission.hidden {
            self.vanish(context, key);
        }
        let Some(participant) = self.participants.get_mut(key) else { return };
        if is_news {
            participant.take_info(info);
        }
        participant.audience = audience.map_or(Audience::Everyone, Audience::Only);
        let is_restricted = matches!(participant.audience, Audience::Only(_));
        let fresh = self.mirror_tracks(context, key, tracks, media);
        if is_news {
            self.tell(context, key, |_| true);
        }
        if is_news && becomes_active {
            self.participant_joined(context, key);
        }
        self.subscribe_all_to_each(context, fresh);
        if was_restricted || is_restricted {
            self.apply_audience(context, key);
        }
        self.match_data_tracks(context);
    }

    /// Ends the publications that a mirrored participant has no more, changes those that go on, and returns the new ones.
    fn mirror_tracks(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        tracks: Vec<TrackInfo>,
        media: Vec<TrackMedia>,
    ) -> Vec<PublicationKey> {
        if self.is_home() {
            // Whoever may publish is let in here, never at an edge.
            return Vec::new();
        }
        let known = self.participants.get(key).map(|one| one.publications.clone());
        for publication in known.unwrap_or_default() {
            let sid = self.publications.get(publication).map(|one| one.sid().clone());
            if !tracks.iter().any(|track| Some(&track.sid) == sid.as_ref()) {
                self.unpublish(context, publication);
            }
        }
        let mut fresh = Vec::new();
        for (track, media) in tracks.into_iter().zip(media) {
            match self.own_publication(key, &track.sid) {
                Some(publication) => self.change_track(publication, track),
                None => fresh.extend(self.mirror_publication(key, track, media)),
            }
        }
        fresh
    }

    fn change_track(&mut self, key: PublicationKey, track: TrackInfo) {
        let Some(publication) = self.publications.get_mut(key) else { return };
        if publication.info.muted != track.muted {
            // As for a publication of this shard; after unmuting the home asks for the key frame.
            for subscription in &publication.subscribers {
                if let Some(subscription) = self.subscriptions.get_mut(*subscription) {
                    subscription.stream.running = false;
                }
            }
        }
        publication.info = track;
    }

    fn mirror_publication(
        &mut self,
        key: ParticipantKey,
        info: TrackInfo,
        media: TrackMedia,
    ) -> Option<PublicationKey> {
        let mid = Mid::new(&info.mid)?;
        let publisher = self.participants.get_mut(key)?;
        let publication = self.publications.insert(Publication {
            publisher: key,
            origin: Origin::Relayed { wanted: false },
            info,
            mid,
            cid: String::new(),
            codec: media.codec,
            fmtp: media.fmtp,
            red: media.red,
            stereo: media.stereo,
            rids: Vec::new(),
            layers: Vec::new(),
            subscribers: Vec::new(),
            told_subscribed: true,
            demand: Demand::default(),
            tap: None,
        });
        publisher.publications.push(publication);
        Some(publication)
    }

    fn subscribe_all_to_each(&mut self, context: &mut Context, publications: Vec<PublicationKey>) {
        for publication in publications {
            self.subscribe_all_to(context, publication);
        }
        self.offer_all_stale(context);
    }

    /// Tells the home whether someone here receives a relayed publication, if that has changed.
    pub(in crate::room) fn tell_interest(&mut self, context: &mut Context, key: PublicationKey) {
        let Role::Edge(home) = self.role else { return };
        let Some(publication) = self.publications.get_mut(key) else { return };
        let Origin::Relayed { wanted } = &mut publication.origin else { return };
        let wants = publication
            .subscribers
            .iter()
            .filter_map(|one| self.subscriptions.get(*one))
            .any(|one| !one.settings.disabled && one.binding != Binding::Refused);
        if std::mem::replace(wanted, wants) == wants {
            return;
        }
        let track = publication.sid().clone();
        let message = if wants {
            Up::Want(track, TrackHandle(key.data().as_ffi()))
        } else {
            Up::Unwant(track)
        };
        context.relays.up(home, &message);
    }

    /// Asks the home for a key frame of a relayed publication.
    pub(in crate::room) fn request_relayed_key_frame(
        &mut self,
        context: &mut Context,
        key: PublicationKey,
        layer: Option<LayerIndex>,
        now: Instant,
    ) {
        let Role::Edge(home) = self.role else { return };
        let Some(publication) = self.publications.get_mut(key) else { return };
        let layer = layer.or_else(|| publication.highest_active(now));
        let known = layer.and_then(|layer| publication.layer_mut(layer));
        // Throttled here too: the link need not carry the storm of a hundred listeners.
        if known.is_some_and(|layer| !layer.requests.on_needed(now)) {
            return;
        }
        let message = Up::KeyFrame(publication.sid().clone(), layer.map(|layer| layer.0));
        context.relays.up(home, &message);
    }

    /// Makes up for requests that were held back.
    pub(in crate::room) fn request_held_key_frames(&mut self, context: &mut Context, now: Instant) {
        let Role::Edge(home) = self.role else { return };
        for publication in self.publications.values_mut() {
            let Origin::Relayed { wanted: true } = publication.origin else { continue };
            let track = publication.info.sid.clone();
            for layer in &mut publication.layers {
                if layer.requests.due(now) {
                    let message = Up::KeyFrame(track.clone(), Some(layer.index.0));
                    context.relays.up(home, &message);
                }
            }
        }
    }

    /// The publication that the home calls by a handle that it was given.
    fn relayed(&mut self, handle: TrackHandle) -> Option<(PublicationKey, &mut Publication)> {
        let key = PublicationKey::from(KeyData::from_ffi(handle.0));
        let publication = self.publications.get_mut(key)?;
        matches!(publication.origin, Origin::Relayed { wanted: true }).then_some((key, publication))
    }

    /// A packet from the home. Hot: as a packet of a publisher, without decryption and demultiplexing.
    pub(crate) fn on_relayed_packet(
        &mut self,
        context: &mut Context,
        packet: &RelayedPacket<'_>,
        now: Instant,
    ) {
        let layer = LayerIndex(packet.layer);
        let Some((publication, found)) = self.relayed(packet.track) else { return };
        if found.relayed_layer(layer).is_none() {
            return;
        }
        let extensions = &packet.extensions;
        let arrived = Arrived {
            seq: packet.seq,
            marker: packet.meta.marker,
            timestamp: packet.meta.timestamp,
            codec: packet.meta.codec,
            values: ExtensionValues {
                audio_level: extensions.audio_level,
                video_orientation: extensions.video_orientation,
                playout_delay: extensions.playout_delay,
                abs_capture_time: extensions.abs_capture_time,
                dependency_descriptor: extensions.dependency_descriptor,
                ..ExtensionValues::default()
            },
            payload: packet.payload,
        };
        self.forward(context, Route { publication, layer }, None, &arrived, now);
    }

    /// The publisher's clock, from the home.
    pub(crate) fn on_relayed_report(&mut self, report: &RelayedReport, now: Instant) {
        let Some((_, publication)) = self.relayed(report.track) else { return };
        if let Some(layer) = publication.layer_mut(LayerIndex(report.layer)) {
            let RelayedReport { ntp, rtp_timestamp, .. } = *report;
            layer.sender_report = Some(SenderReport { ntp, rtp_timestamp, received: now });
        }
    }

    /// A layer begins with other numbers: as if it had got a new SSRC.
    pub(crate) fn on_relayed_restart(&mut self, handle: TrackHandle, layer: u8) {
        let layer = LayerIndex(layer);
        if usize::from(layer.0) >= LAYERS_MAX {
            return;
        }
        let Some((key, publication)) = self.relayed(handle) else { return };
        publication.layers.retain(|one| one.index != layer);
        let Some(publication) = self.publications.get(key) else { return };
        for subscription in &publication.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(*subscription) {
                subscription.stream.restart(layer);
            }
        }
    }

    /// The shards where somebody is meant by a message, but not its sender's.
    pub(in crate::room) fn far_ends_meant(
        &self,
        from: ParticipantKey,
        stamped: &Stamped,
    ) -> impl Iterator<Item = FarEnd> {
        let origin = self.participants.get(from).and_then(Participant::elsewhere);
        let ends = match &self.role {
            Role::Home(edges) => edges.as_slice(),
            Role::Edge(home) if origin.is_none() => std::slice::from_ref(home),
            Role::Edge(_) => &[],
        };
        let is_meant_at = move |end: FarEnd| {
            let mut there = self.participants.values().filter(|one| one.elsewhere() == Some(end));
            there.any(|one| crate::room::data::is_meant(one, stamped))
        };
        let others = ends.iter().copied().filter(move |end| Some(*end) != origin);
        others.filter(move |end| is_meant_at(*end))
    }

    /// Passes a data message on to the shards where somebody is meant.
    pub(in crate::room) fn relay_data(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        label: ChannelLabel,
        stamped: &Stamped,
    ) {
        let ends: Vec<_> = self.far_ends_meant(from, stamped).collect();
        let direction = if self.is_home() { Direction::Down } else { Direction::Up };
        let Some(sender) = self.participants.get_mut(from) else { return };
        for end in ends {
            let (sid, message) = (sender.sid.as_str(), &stamped.bytes[..]);
            let data = RelayedData { direction, sender: sid, label, message };
            if !context.relays.data(end, &data) {
                context.counters.relay_dropped_packets += 1;
            }
            if label.is_reliable() {
                sender.data_flow.on_relayed(end, message.len());
            }
        }
    }

    /// A data message of another shard's participant, which that shard has checked and stamped.
    pub(crate) fn on_relayed_data(
        &mut self,
        context: &mut Context,
        at: FarEnd,
        data: &RelayedData<'_>,
        now: Instant,
    ) -> Result<(), DropReason> {
        let sid = ParticipantSid::try_from(data.sender.to_owned());
        let from = sid.ok().and_then(|sid| self.participant_by_sid(&sid));
        let from = from.ok_or(DropReason::DataRefused)?;
        let sender = self.participants.get_mut(from).filter(|one| one.elsewhere() == Some(at));
        let sender = sender.ok_or(DropReason::DataRefused)?;
        if data.label == ChannelLabel::DataTrack {
            return self.pass_data_track(context, from, &Bytes::copy_from_slice(data.message), now);
        }
        // The same stamp again changes nothing; it finds whom the message is for.
        let stamp = stamp_of(sender, data.label);
        let stamped =
            data_packet::stamp(data.message, stamp).map_err(|_| DropReason::DataRefused)?;
        if data.label.is_reliable() {
            sender.data_flow.park(stamped);
            self.pump(context, from, now);
        } else {
            self.distribute(context, from, data.label, &stamped, now);
        }
        Ok(())
    }

    /// A relayed message was passed on here: its shard may send more.
    pub(in crate::room) fn tell_taken(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        bytes: usize,
    ) {
        let is_home = self.is_home();
        let Some(sender) = self.participants.get_mut(from) else { return };
        let Some(at) = sender.elsewhere() else { return };
        let Some(taken) = sender.data_flow.take_relayed(bytes) else { return };
        if is_home {
            context.relays.down(at, &Down::DataTaken(sender.sid.clone(), taken));
        } else {
            context.relays.up(at, &Up::DataTaken(sender.sid.clone(), taken));
        }
    }

    /// Another shard has passed on what was relayed to it.
    pub(in crate::room) fn on_data_taken(
        &mut self,
        context: &mut Context,
        at: FarEnd,
        sender: &ParticipantSid,
        bytes: u32,
        now: Instant,
    ) {
        // It may have left meanwhile.
        let Some(key) = self.participant_by_sid(sender) else { return };
        if let Some(participant) = self.participants.get_mut(key) {
            participant.data_flow.on_taken(at, usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        self.pump(context, key, now);
    }
}

impl Publication {
    fn media(&self) -> TrackMedia {
        TrackMedia {
            codec: self.codec,
            fmtp: self.fmtp.clone(),
            red: self.red,
            stereo: self.stereo,
        }
    }
}

impl Departure {
    pub(in crate::room) fn of(
        info: &ParticipantInfo,
        reason: LeaveReason,
        is_replaced: bool,
    ) -> Self {
        Self { participant: info.sid.clone(), reason, is_replaced }
    }
}
