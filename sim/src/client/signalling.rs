//! What a client says to the server and hears from it: messages, the roster, offers and answers.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use protocol::ids::TrackSid;
use sfu::words::{
    command::{RemoteDescription, Request},
    event::Message,
    info::{ParticipantInfo, ParticipantState},
};

use super::{Carries, Feedback, Slot, VirtualClient};
use crate::{
    incoming::IncomingStream,
    outgoing::{Negotiated, PublishedTrack},
    sdp,
    transport::{Identity, Transport},
};

/// Sections of either kind in which livekit-client receives from the beginning.
const RECEIVING_AT_FIRST: u32 = 3;

/// What a client asks: descriptions are still text.
#[derive(Debug, Clone)]
pub enum Asking {
    /// Publisher offer.
    Offer {
        /// The client's counter.
        id: u32,
        /// The SDP.
        sdp: String,
    },
    /// Answer to a subscriber offer.
    Answer {
        /// The id of the offer.
        id: u32,
        /// The SDP.
        sdp: String,
    },
    /// Anything else.
    Other(Request),
}

impl Asking {
    /// As signalling hands it to the media plane.
    #[must_use]
    pub fn read(self) -> Request {
        let read = |sdp: &str| {
            let read = RemoteDescription::parse(sdp).map(Box::new);
            read.map_err(|error| Request::Unreadable { too_large: error.is_too_large() })
        };
        let done =
            |request: Result<Request, Request>| request.unwrap_or_else(|unreadable| unreadable);
        match self {
            Self::Offer { id, sdp } => {
                done(read(&sdp).map(|description| Request::Offer { id, description }))
            }
            Self::Answer { id, sdp } => {
                done(read(&sdp).map(|description| Request::Answer { id, description }))
            }
            Self::Other(request) => request,
        }
    }
}

impl From<Request> for Asking {
    fn from(request: Request) -> Self {
        Self::Other(request)
    }
}

impl VirtualClient {
    /// What to tell the server next.
    pub fn poll_request(&mut self) -> Option<Asking> {
        self.requests.pop_front()
    }

    /// Takes a message of the server.
    pub fn handle_message(&mut self, message: Message, now: Instant) {
        if self.config.keeps_messages {
            self.messages.push(message.clone());
        }
        match message {
            Message::Joined(joined) => {
                assert!(!(self.config.is_single && joined.subscriber_primary), "who offers?");
                self.sid = Some(joined.participant.sid.clone());
                self.take_participants(joined.others);
                if self.config.is_single {
                    self.receive_more(RECEIVING_AT_FIRST, RECEIVING_AT_FIRST);
                }
                // livekit-client negotiates the publisher at once when it sends data or media; we always do.
                self.offer();
            }
            Message::Resumed(resumed) => {
                self.take_participants(resumed.participants);
                self.outstanding_offer = None;
                self.publisher.restart_ice();
                self.offer();
            }
            Message::Refused(refusal) => self.refused = Some(refusal),
            Message::Answer { id, sdp, mid_to_track } => {
                self.on_answer(id, &sdp, &mid_to_track, now);
            }
            Message::SectionsWanted { audio, video } => {
                assert!(self.config.is_single, "we do not receive in sections of ours");
                self.sections_wanted.0 += audio;
                self.sections_wanted.1 += video;
                // As livekit-client: at every request, whatever was asked before.
                if !self.ignores_requests {
                    self.receive_more(audio, video);
                    self.offer();
                }
            }
            Message::Offer { id, sdp, .. } => self.on_offer(id, &sdp, now),
            Message::TrackPublished { cid, track } => {
                // Of two tracks with one id the later one is new.
                if let Some(one) = self.tracks.iter_mut().rev().find(|one| one.cid == cid) {
                    one.sid = Some(track.sid);
                    self.offer();
                }
            }
            Message::Participant(participant) => {
                self.take_participants(vec![Arc::unwrap_or_clone(participant)]);
            }
            Message::Speakers(speakers) => {
                for speaker in speakers {
                    self.speakers.insert(speaker.participant.clone(), speaker);
                }
            }
            Message::SubscribedQuality { track, layers, .. } => {
                // What is not named is not wanted.
                let mut wanted = [false; 3];
                for (place, (_, is_wanted)) in wanted.iter_mut().zip(&layers) {
                    *place = *is_wanted;
                }
                self.want_layers(&track, wanted, now);
            }
            Message::RequestOutcome { outcome, add_track: Some(_), .. } => {
                self.track_refusals.push(outcome);
            }
            Message::Leave { reason, action } => self.left = Some((reason, action)),
            _ => {}
        }
    }

    fn take_participants(&mut self, participants: Vec<ParticipantInfo>) {
        for participant in participants {
            let known = self.participants.get(&participant.sid);
            // LiveKit clients drop what is not newer; but whoever has left they forget, with their version.
            let is_news = known.is_none_or(|known| {
                known.state == ParticipantState::Disconnected || participant.version > known.version
            });
            if is_news && self.sid.as_ref() != Some(&participant.sid) {
                // As livekit-client, by identity: a new sid is a replacement (from protocol 12 on), and whoever left
                // is gone under every sid.
                self.participants.retain(|_, one| one.identity != participant.identity);
                self.participants.insert(participant.sid.clone(), participant);
            }
        }
    }

    /// Those who are present.
    pub fn present(&self) -> impl Iterator<Item = &ParticipantInfo> {
        self.participants.values().filter(|one| one.state != ParticipantState::Disconnected)
    }

    pub(super) fn offer(&mut self) {
        if self.outstanding_offer.is_some() {
            self.must_offer = true;
            return;
        }
        self.must_offer = false;
        self.assign_slots();
        let sections: Vec<_> = self.slots.iter().map(|slot| self.offered(slot)).collect();
        let id = self.next_offer;
        self.next_offer += 1;
        self.outstanding_offer = Some(id);
        let local = local_side(&self.publisher, &self.config.identity);
        let sdp = sdp::write_offer(local, id.into(), self.offers_data, &sections);
        self.requests.push_back(Asking::Offer { id, sdp });
    }

    /// Gives every announced track a section.
    fn assign_slots(&mut self) {
        for track in 0..self.tracks.len() {
            let one = &self.tracks[track];
            let carries = Carries::Track(track);
            let has_slot = self.slots.iter().any(|slot| slot.carries == carries);
            if one.sid.is_none() || one.is_removed || has_slot {
                continue;
            }
            self.add_slot(carries);
        }
    }

    fn add_slot(&mut self, carries: Carries) {
        let slot = Slot { mid: self.next_mid, carries, is_rejected: false };
        self.next_mid += 1;
        match self.slots.iter_mut().find(|slot| slot.is_rejected) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
    }

    /// Sections in which only the server sends.
    fn receive_more(&mut self, audio: u32, video: u32) {
        for (count, is_video) in [(audio, false), (video, true)] {
            (0..count).for_each(|_| self.add_slot(Carries::Received { is_video }));
        }
    }

    fn offered(&self, slot: &Slot) -> sdp::OfferedSection {
        let (track, receives) = match slot.carries {
            Carries::Track(track) => (offered_track(&self.tracks[track]), false),
            Carries::Received { is_video } => (sdp::OfferedTrack::of_server(is_video), true),
        };
        sdp::OfferedSection { mid: slot.mid, is_rejected: slot.is_rejected, receives, track }
    }

    /// Sections of our offers.
    #[must_use]
    pub fn offered_sections(&self) -> usize {
        self.slots.len()
    }

    fn on_answer(
        &mut self,
        id: u32,
        text: &str,
        mid_to_track: &BTreeMap<String, TrackSid>,
        now: Instant,
    ) {
        let Some(remote) = sdp::read(text).filter(|_| self.outstanding_offer == Some(id)) else {
            return;
        };
        self.outstanding_offer = None;
        let sections = remote.sections.iter().filter(|section| section.kind != sdp::Kind::Data);
        for (slot, section) in self.slots.iter_mut().zip(sections) {
            slot.is_rejected |= section.is_rejected;
            let Carries::Track(track) = slot.carries else { continue };
            let track = &mut self.tracks[track];
            if slot.is_rejected {
                track.negotiated = None;
                continue;
            }
            for (id, kind) in section.extensions.iter() {
                self.outgoing_extensions.insert(id, kind);
            }
            let pt = section.pt(if track.is_video { "vp8" } else { "opus" });
            let is_new = track.negotiated.is_none();
            if let Some(pt) = pt.filter(|_| is_new && section.receives) {
                let rtx = track.is_video.then_some(sdp::VP8_RTX);
                let red = section.pt("red").filter(|_| track.is_redundant);
                track.negotiated = Some(Negotiated { mid: section.mid, pt, rtx, red });
                if !track.is_muted && !track.is_removed {
                    track.layers.iter_mut().for_each(|layer| layer.start(now));
                }
            }
        }
        if self.config.is_single {
            self.take_sent(&remote, mid_to_track);
        } else {
            assert!(mid_to_track.is_empty(), "nothing is sent on a publisher connection");
        }
        self.publisher.set_remote(remote, now);
        self.watch_uplink(now);
        if self.must_offer {
            self.offer();
        }
    }

    /// What the server sends on our only connection.
    fn take_sent(&mut self, remote: &sdp::RemoteSide, mid_to_track: &BTreeMap<String, TrackSid>) {
        let before = self.publisher.remote().map_or(&[][..], |remote| &remote.sections);
        let sending = || remote.sections.iter().filter(|section| section.sends);
        for section in sending() {
            let old = before.iter().find(|old| old.mid == section.mid && old.sends);
            let is_same = old.is_none_or(|old| old.ssrcs == section.ssrcs);
            assert!(is_same, "browsers announce no track in {}: it had one before", section.mid);
            for (id, kind) in section.extensions.iter() {
                self.incoming_extensions.insert(id, kind);
            }
        }
        let named = sending().map(|section| {
            (
                section.mid.to_string(),
                section.track.clone().expect("a track that is sent has a name"),
            )
        });
        let told = mid_to_track.iter().map(|(mid, track)| (mid.clone(), track.to_string()));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), named.collect(), "livekit-client looks here");
        self.update_streams(remote);
    }

    fn on_offer(&mut self, id: u32, text: &str, now: Instant) {
        let remote = sdp::read(text).expect("the server's offers can be read");
        self.check_sections(&remote);
        for section in &remote.sections {
            for (id, kind) in section.extensions.iter() {
                self.incoming_extensions.insert(id, kind);
            }
        }
        self.update_streams(&remote);
        let local = local_side(&self.subscriber, &self.config.identity);
        let takes_transport_cc = self.config.feedback == Feedback::TransportCc;
        let sdp = sdp::write_answer(local, id.into(), &remote, takes_transport_cc);
        self.subscriber.set_remote(remote, now);
        let sdp = self.answers_with.take().unwrap_or(sdp);
        self.requests.push_back(Asking::Answer { id, sdp });
    }

    /// Sections never go away nor change places; only what was rejected gets another mid (RFC 9429 §5.2.2). And no mid
    /// serves two tracks: clients on LiveKit's Rust core would miss the second.
    fn check_sections(&mut self, remote: &sdp::RemoteSide) {
        let before = self.subscriber.remote().map_or(&[][..], |remote| &remote.sections);
        assert!(remote.sections.len() >= before.len(), "a section is gone");
        for (old, new) in before.iter().zip(&remote.sections) {
            assert!(old.mid == new.mid || old.is_rejected, "{} became {}", old.mid, new.mid);
            assert!(old.kind == new.kind, "{} is of another kind", new.mid);
        }
        for section in remote.sections.iter().filter(|section| section.sends) {
            let ssrcs = section.ssrcs.map(|(media, _)| media);
            let stream = self.streams.iter().find(|stream| stream.mid == section.mid);
            let is_same = stream.is_none_or(|stream| Some(stream.ssrc) == ssrcs);
            assert!(is_same, "{} has had another track", section.mid);
        }
    }

    fn update_streams(&mut self, remote: &sdp::RemoteSide) {
        for stream in &mut self.streams {
            let section = remote.sections.iter().find(|section| section.mid == stream.mid);
            let ssrc = section.filter(|section| section.sends).and_then(|section| section.ssrcs);
            stream.is_active = ssrc.is_some_and(|(ssrc, _)| ssrc == stream.ssrc);
        }
        for section in remote.sections.iter().filter(|section| section.sends) {
            let (Some(ssrcs), Some(track)) = (section.ssrcs, &section.track) else { continue };
            if self.by_ssrc.contains_key(&ssrcs.0) {
                continue;
            }
            // Servers of another protocol name tracks in their own way.
            let named = TrackSid::try_from(track.clone());
            let named = named.or_else(|_| TrackSid::try_from(format!("TR_{}", section.mid)));
            let Ok(track) = named else { continue };
            let is_video = section.kind == sdp::Kind::Video;
            let place = self.streams.len();
            let mut stream = IncomingStream::new(track, section.mid, ssrcs, is_video);
            stream.pt = section.pt(if is_video { "vp8" } else { "opus" });
            stream.red = section.pt("red").filter(|_| !is_video);
            if self.config.attends {
                stream.attend();
            }
            self.streams.push(stream);
            self.by_ssrc.insert(ssrcs.0, (place, false));
            if let Some(rtx) = ssrcs.1 {
                self.by_ssrc.insert(rtx, (place, true));
            }
        }
    }
}

fn local_side<'a>(transport: &'a Transport, identity: &'a Identity) -> sdp::LocalSide<'a> {
    sdp::LocalSide {
        ufrag: &transport.ufrag,
        pwd: &transport.pwd,
        fingerprint: identity.fingerprint(),
        candidate: transport.candidate,
        is_dtls_server: transport.is_dtls_server,
    }
}

fn offered_track(track: &PublishedTrack) -> sdp::OfferedTrack {
    let first = &track.layers[0];
    let rids: Vec<_> = track.layers.iter().filter_map(|layer| layer.rid).collect();
    sdp::OfferedTrack {
        is_video: track.is_video,
        cid: track.msid.clone(),
        // With simulcast browsers announce no SSRC.
        ssrcs: rids.is_empty().then_some((first.ssrc, first.rtx_ssrc)),
        rids,
        is_sending: !track.is_removed,
        is_redundant: track.is_redundant,
    }
}
