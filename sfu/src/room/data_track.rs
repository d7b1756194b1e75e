//! Data tracks: streams of frames on the `_data_track` channel, for whoever asks for them.
//!
//! ```text
//!   byte 0   1          2        4     6       8           12
//!   | flags | reserved | handle | seq | frame | timestamp | extensions | payload        (all of it the publisher's)
//!                       └─ rewritten: each subscriber knows each track by a handle of its own
//! ```
//!
//! Owns: who publishes and receives which track here, and which shards want it. Never looks into frames: they may be
//! encrypted. Loss is allowed; a slow receiver gets the newest.

use std::{collections::BTreeSet, time::Instant};

use bytes::{Bytes, BytesMut};
use protocol::ids::DataTrackSid;

use super::{Role, Room};
use crate::{
    connection::sctp::ChannelLabel,
    context::Context,
    drop_reason::DropReason,
    keys::ParticipantKey,
    relay::{
        Direction, FarEnd,
        message::{Down, Up},
        wire::RelayedData,
    },
    words::{
        command::{DataTrackOffer, DataTrackRequest, KnownDataTrack},
        event::{Message, Outcome},
        info::{DataTrackHandle, DataTrackInfo},
    },
};

/// Data tracks of one participant: as many as other publications.
const DATA_TRACKS_MAX: usize = 16;

/// Data tracks that one participant may ask for, present or future: all of a full room of 64.
const DATA_TRACKS_WANTED_MAX: usize = 1024;

/// Longest name, in characters (the wire's).
const NAME_CHARS_MAX: usize = 256;

/// Where the handle stands in a packet, which has at least the header.
const HANDLE: std::ops::Range<usize> = 2..4;
const HEADER_BYTES: usize = 12;

/// The data tracks that a participant publishes, and those that it wants.
#[derive(Debug, Default)]
pub(crate) struct DataTracks {
    published: Vec<DataTrack>,
    wanted: BTreeSet<DataTrackSid>,
    last_handle: u16,
    /// Who received tracks of a mirror that have ended, and has not been told.
    bereft: Vec<ParticipantKey>,
}

#[derive(Debug)]
struct DataTrack {
    info: DataTrackInfo,
    /// Who receives it here, under which handle.
    subscribers: Vec<(ParticipantKey, DataTrackHandle)>,
    /// Shards where somebody does.
    far: Vec<FarEnd>,
    /// Of a mirror's: its shard has been told that somebody here does.
    is_wanted: bool,
}

impl DataTracks {
    /// As others see them.
    pub(super) fn infos(&self) -> Vec<DataTrackInfo> {
        self.published.iter().map(|track| track.info.clone()).collect()
    }

    /// Of a mirror: these are published now.
    pub(super) fn mirror(&mut self, infos: Vec<DataTrackInfo>) {
        let ended = self.published.extract_if(.., |track| !infos.contains(&track.info));
        self.bereft.extend(ended.flat_map(|track| track.subscribers).map(|(key, _)| key));
        for info in infos {
            if !self.published.iter().any(|track| track.info.sid == info.sid) {
                self.published.push(DataTrack::new(info));
            }
        }
    }

    /// Who receives something of it here.
    pub(super) fn receivers(&self) -> Vec<ParticipantKey> {
        let subscribers = self.published.iter().flat_map(|track| &track.subscribers);
        let unique: BTreeSet<_> = subscribers.map(|(key, _)| *key).collect();
        unique.into_iter().collect()
    }

    pub(super) fn lose_interest(&mut self, end: FarEnd) {
        for track in &mut self.published {
            track.far.retain(|known| *known != end);
        }
    }

    fn by_sid(&mut self, sid: &DataTrackSid) -> Option<&mut DataTrack> {
        self.published.iter_mut().find(|track| track.info.sid == *sid)
    }

    fn by_handle(&self, handle: DataTrackHandle) -> Option<&DataTrack> {
        self.published.iter().find(|track| track.info.handle == handle)
    }

    fn refusal(&self, offer: &DataTrackOffer) -> Option<(Outcome, &'static str)> {
        let name = offer.name.as_str();
        if offer.handle.0 == 0 {
            Some((Outcome::InvalidHandle, "a handle is not zero"))
        } else if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            Some((Outcome::InvalidName, "a name has 1 to 256 characters"))
        } else if self.by_handle(offer.handle).is_some() {
            Some((Outcome::DuplicateHandle, "this handle is in use"))
        } else if self.published.iter().any(|track| track.info.name == name) {
            Some((Outcome::DuplicateName, "this name is in use"))
        } else if self.published.len() >= DATA_TRACKS_MAX {
            Some((Outcome::LimitExceeded, "16 data tracks are published"))
        } else {
            None
        }
    }
}

impl DataTrack {
    fn new(info: DataTrackInfo) -> Self {
        Self { info, subscribers: Vec::new(), far: Vec::new(), is_wanted: false }
    }
}

impl Room {
    /// A participant begins a data track.
    pub(super) fn publish_data_track(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        offer: DataTrackOffer,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let session = participant.session();
        let refusal = if participant.permission.can_publish_data {
            participant.data_tracks.refusal(&offer)
        } else {
            Some((Outcome::NotAllowed, "the token does not allow publishing data"))
        };
        if let Some((outcome, message)) = refusal {
            let (message, request) = (message.to_owned(), DataTrackRequest::Publish(offer));
            context.emit(session, Message::DataTrackRefused { outcome, message, request });
            return;
        }
        let info = DataTrackInfo {
            sid: DataTrackSid::random(&mut context.rng),
            handle: offer.handle,
            name: offer.name,
            encryption: offer.encryption,
            description: offer.description,
        };
        participant.data_tracks.published.push(DataTrack::new(info.clone()));
        context.emit(session, Message::DataTrackPublished(info));
        self.announce(context, key);
        self.match_data_tracks(context);
    }

    /// A participant ends a data track.
    pub(super) fn unpublish_data_track(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        handle: DataTrackHandle,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let session = participant.session();
        let published = &mut participant.data_tracks.published;
        let Some(place) = published.iter().position(|track| track.info.handle == handle) else {
            let (message, request) =
                ("no such data track".to_owned(), DataTrackRequest::Unpublish(handle));
            let outcome = Outcome::NotFound;
            context.emit(session, Message::DataTrackRefused { outcome, message, request });
            return;
        };
        let track = published.remove(place);
        context.emit(session, Message::DataTrackUnpublished(track.info));
        self.announce(context, key);
        for (subscriber, _) in track.subscribers {
            self.tell_data_handles(context, subscriber);
        }
    }

    /// A participant wants data tracks, or does not any more; those that are unknown may still come.
    pub(super) fn set_data_wanted(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        wishes: Vec<(DataTrackSid, bool)>,
    ) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let wanted = &mut participant.data_tracks.wanted;
        for (sid, wants) in wishes {
            if !wants {
                wanted.remove(&sid);
            } else if wanted.len() < DATA_TRACKS_WANTED_MAX {
                wanted.insert(sid);
            }
        }
        self.match_data_tracks(context);
    }

    /// Gives every data track to those who want it and may have it, and tells whoever has other tracks than before.
    pub(super) fn match_data_tracks(&mut self, context: &mut Context) {
        let publishers: Vec<_> = self
            .participants
            .iter()
            .filter(|(_, one)| !one.data_tracks.published.is_empty())
            .map(|(key, _)| key)
            .collect();
        let everyone = self.participants.values_mut();
        let mut changed: BTreeSet<_> =
            everyone.flat_map(|one| std::mem::take(&mut one.data_tracks.bereft)).collect();
        for publisher in publishers {
            let Some(infos) = self.participants.get(publisher).map(|one| one.data_tracks.infos())
            else {
                continue;
            };
            for info in infos {
                self.match_data_track(context, publisher, &info.sid, &mut changed);
            }
        }
        for key in changed {
            self.tell_data_handles(context, key);
        }
    }

    fn match_data_track(
        &mut self,
        context: &mut Context,
        publisher: ParticipantKey,
        sid: &DataTrackSid,
        changed: &mut BTreeSet<ParticipantKey>,
    ) {
        let Some(owner) = self.participants.get(publisher) else { return };
        let meant: Vec<_> = self
            .participants
            .iter()
            .filter(|(key, one)| {
                *key != publisher
                    && owner.permission.can_publish_data
                    && one.elsewhere().is_none()
                    && one.permission.can_subscribe
                    && one.data_tracks.wanted.contains(sid)
                    && owner.admits_to_data(one)
            })
            .map(|(key, _)| key)
            .collect();
        let known = |one: &mut DataTrack| one.subscribers.iter().map(|(key, _)| *key).collect();
        let before: Vec<ParticipantKey> =
            self.data_track(publisher, sid).map(known).unwrap_or_default();
        for key in meant.iter().filter(|key| !before.contains(key)) {
            let Some(handle) = self.next_data_handle(*key) else { continue };
            if let Some(track) = self.data_track(publisher, sid) {
                track.subscribers.push((*key, handle));
            }
            changed.insert(*key);
        }
        changed.extend(before.iter().filter(|key| !meant.contains(key)));
        let Some(owner) = self.participants.get(publisher) else { return };
        let elsewhere = owner.elsewhere();
        let is_home = self.is_home();
        let Some(track) = self.data_track(publisher, sid) else { return };
        track.subscribers.retain(|(key, _)| meant.contains(key));
        let wants = !track.subscribers.is_empty() || !track.far.is_empty();
        if let Some(at) = elsewhere
            && std::mem::replace(&mut track.is_wanted, wants) != wants
        {
            if is_home {
                context.relays.down(at, &Down::WantData(sid.clone(), wants));
            } else {
                context.relays.up(at, &Up::WantData(sid.clone(), wants));
            }
        }
    }

    fn data_track(
        &mut self,
        publisher: ParticipantKey,
        sid: &DataTrackSid,
    ) -> Option<&mut DataTrack> {
        self.participants.get_mut(publisher)?.data_tracks.by_sid(sid)
    }

    /// A handle that the participant knows no track by; never zero.
    fn next_data_handle(&mut self, key: ParticipantKey) -> Option<DataTrackHandle> {
        let taken: BTreeSet<_> =
            self.data_tracks_of(key).into_iter().map(|known| known.handle).collect();
        let tracks = &mut self.participants.get_mut(key)?.data_tracks;
        for _ in 0..=taken.len() {
            tracks.last_handle = tracks.last_handle.wrapping_add(1).max(1);
            if !taken.contains(&DataTrackHandle(tracks.last_handle)) {
                return Some(DataTrackHandle(tracks.last_handle));
            }
        }
        None
    }

    /// What a participant receives, by its own handles.
    fn data_tracks_of(&self, key: ParticipantKey) -> Vec<KnownDataTrack> {
        let publishers = self.participants.values();
        let known = publishers.flat_map(|publisher| {
            publisher.data_tracks.published.iter().filter_map(move |track| {
                let (_, handle) = track.subscribers.iter().find(|(one, _)| *one == key)?;
                Some(KnownDataTrack {
                    handle: *handle,
                    track: track.info.sid.clone(),
                    publisher: publisher.sid.clone(),
                    publisher_identity: publisher.identity.clone(),
                })
            })
        });
        known.collect()
    }

    /// Tells a participant by which handles it knows its tracks; always all of them.
    pub(super) fn tell_data_handles(&self, context: &mut Context, key: ParticipantKey) {
        context.emit(self.session_of(key), Message::DataTrackHandles(self.data_tracks_of(key)));
    }

    /// Passes a packet of a data track on, here and to other shards. One copy each.
    pub(super) fn pass_data_track(
        &mut self,
        context: &mut Context,
        from: ParticipantKey,
        packet: &Bytes,
        now: Instant,
    ) -> Result<(), DropReason> {
        let sender = self.participants.get(from).ok_or(DropReason::DataRefused)?;
        let handle = packet.get(HANDLE).and_then(|bytes| bytes.try_into().ok());
        let handle = handle.filter(|_| packet.len() >= HEADER_BYTES).map(u16::from_be_bytes);
        let track = handle.and_then(|handle| sender.data_tracks.by_handle(DataTrackHandle(handle)));
        let track = track.filter(|_| sender.permission.can_publish_data);
        let track = track.ok_or(DropReason::DataRefused)?;
        let (subscribers, sid) = (track.subscribers.clone(), sender.sid.clone());
        let origin = sender.elsewhere();
        let direction = if self.is_home() { Direction::Down } else { Direction::Up };
        let label = ChannelLabel::DataTrack;
        for end in track.far.iter().filter(|end| Some(**end) != origin) {
            let data = RelayedData { direction, sender: sid.as_str(), label, message: packet };
            if !context.relays.data(*end, &data) {
                context.counters.relay_dropped_packets += 1;
            }
        }
        if let Some(sender) = self.participants.get_mut(from) {
            sender.data_flow.spend(subscribers.len());
        }
        for (subscriber, handle) in subscribers {
            let mut copy = BytesMut::from(&packet[..]);
            if let Some(place) = copy.get_mut(HANDLE) {
                place.copy_from_slice(&handle.0.to_be_bytes());
            }
            self.deliver(context, subscriber, label, &copy.freeze(), now);
        }
        Ok(())
    }

    /// Somebody on another shard wants a data track, or nobody does any more.
    pub(super) fn on_data_wanted(
        &mut self,
        context: &mut Context,
        at: FarEnd,
        sid: &DataTrackSid,
        wants: bool,
    ) {
        let tracks = self.participants.values_mut();
        let found = tracks.filter_map(|one| one.data_tracks.by_sid(sid)).next();
        // It may have ended meanwhile.
        let Some(track) = found else { return };
        track.far.retain(|known| *known != at);
        if wants {
            track.far.push(at);
        }
        self.match_data_tracks(context);
    }

    /// The home of an edge, as the other end of what it says.
    pub(super) fn home(&self) -> Option<FarEnd> {
        match self.role {
            Role::Edge(home) => Some(home),
            Role::Home(_) => None,
        }
    }
}
