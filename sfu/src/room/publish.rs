//! Publishing: announced tracks, publications that appear with an offer, mute, and their end.

use protocol::{ids::TrackSid, permission::TrackSource};

use super::{
    Room,
    demand::Demand,
    participant::{Participant, PendingTrack},
    publication::{Origin, Publication, quality_of, sorted_layers},
};
use crate::{
    connection::sdp::NegotiatedSection,
    context::Context,
    keys::{ParticipantKey, PublicationKey},
    limits::PENDING_TRACKS_MAX,
    recording::feed::Moment,
    rtp::{ids::Rid, payload::CodecKind},
    words::{
        command::AddTrack,
        event::{Message, Outcome},
        info::{CodecInfo, MediaKind, TrackInfo, VideoLayer},
    },
};

/// Tracks announced under an id that is still in use, which wait for its end (LiveKit's limit).
const QUEUED_TRACKS_MAX: usize = 3;

/// RED with Opus: redundancy is offered to subscribers beside the codec itself.
const RED_COMPANION: CodecKind = CodecKind::Opus;

impl Room {
    /// `add_track`: answered at once with a sid, or refused with the reason.
    pub(super) fn add_track(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        mut add: AddTrack,
    ) {
        let limit = usize::from(self.limits.publications_per_participant);
        let Some(participant) = self.participants.get(key) else { return };
        if let Some(pending) = participant.pending.iter().find(|one| one.add.cid == add.cid) {
            // Asked again, perhaps because the answer was lost.
            let published =
                Message::TrackPublished { cid: add.cid.clone(), track: track_info(pending) };
            context.emit(participant.session(), published);
            return;
        }
        if let Some((outcome, message)) = self.refuse_track(participant, &add, limit) {
            let refusal = Message::RequestOutcome {
                request_id: 0,
                outcome,
                message: message.to_owned(),
                add_track: Some(Box::new(add.clone())),
            };
            context.emit(participant.session(), refusal);
            if outcome == Outcome::Queued
                && let Some(participant) = self.participants.get_mut(key)
            {
                participant.queued.push(add);
            }
            return;
        }
        let sid = TrackSid::random_with_hint(sid_hint(add.kind, add.source), &mut context.rng);
        add.layers = sorted_layers(std::mem::take(&mut add.layers));
        let pending = PendingTrack { sid, add };
        let published =
            Message::TrackPublished { cid: pending.add.cid.clone(), track: track_info(&pending) };
        context.emit(participant.session(), published);
        if let Some(participant) = self.participants.get_mut(key) {
            participant.pending.push(pending);
        }
    }

    fn refuse_track(
        &self,
        participant: &Participant,
        add: &AddTrack,
        limit: usize,
    ) -> Option<(Outcome, &'static str)> {
        if !participant.permission.allows_source(add.source) {
            return Some((Outcome::NotAllowed, "the token does not allow publishing this source"));
        }
        if add.existing.is_some() {
            return Some((Outcome::UnsupportedType, "backup codecs are not supported"));
        }
        let published = participant
            .publications
            .iter()
            .filter_map(|publication| self.publications.get(*publication))
            .any(|publication| publication.cid == add.cid);
        if published && participant.queued.len() < QUEUED_TRACKS_MAX {
            return Some((Outcome::Queued, "a track with this id is still published"));
        }
        let all = participant.pending.len() + participant.publications.len();
        if published || participant.pending.len() >= PENDING_TRACKS_MAX || all >= limit {
            return Some((Outcome::LimitExceeded, "too many tracks; unpublish one first"));
        }
        None
    }

    /// A pending track whose section was accepted becomes a publication. Returns its key.
    pub(super) fn publish(
        &mut self,
        key: ParticipantKey,
        pending: &PendingTrack,
        section: &NegotiatedSection,
    ) -> Option<PublicationKey> {
        let codec = section.codecs.iter().find(|codec| codec.codec != CodecKind::Red)?;
        let mut info = track_info(pending);
        codec.codec.mime().clone_into(&mut info.mime_type);
        section.mid.as_str().clone_into(&mut info.mid);
        info.simulcast = section.rids.len() > 1;
        info.version = 1;
        let sdp_cid = section.msid_track.clone().filter(|id| *id != pending.add.cid);
        info.codecs = vec![CodecInfo {
            mime_type: info.mime_type.clone(),
            mid: info.mid.clone(),
            cid: pending.add.cid.clone(),
            sdp_cid: sdp_cid.unwrap_or_default(),
            layers: info.layers.clone(),
        }];
        let publication = self.publications.insert(Publication {
            publisher: key,
            origin: Origin::Here(Vec::new()),
            mid: section.mid,
            cid: pending.add.cid.clone(),
            codec: codec.codec,
            fmtp: codec.fmtp.clone(),
            red: codec.codec == RED_COMPANION
                && section.codecs.iter().any(|codec| codec.codec == CodecKind::Red),
            stereo: section.stereo,
            rids: ascending(section.rids.clone()),
            layers: Vec::new(),
            subscribers: Vec::new(),
            told_subscribed: false,
            demand: Demand::default(),
            tap: None,
            info,
        });
        self.participants.get_mut(key)?.publications.push(publication);
        Some(publication)
    }

    /// Ends a publication and everything that hangs on it. Announce the publisher afterwards.
    pub(super) fn unpublish(&mut self, context: &mut Context, key: PublicationKey) {
        let Some(publication) = self.publications.get(key) else { return };
        self.track_unpublished(context, key);
        for subscription in publication.subscribers.clone() {
            self.unsubscribe(context, subscription);
        }
        let Some(publication) = self.publications.remove(key) else { return };
        if let Some(publisher) = self.participants.get_mut(publication.publisher) {
            publisher.publications.retain(|one| *one != key);
            let queued = publisher.queued.iter().position(|add| add.cid == publication.cid);
            if let Some(add) = queued.map(|index| publisher.queued.remove(index)) {
                self.add_track(context, publication.publisher, add);
            }
        }
    }

    /// The publisher mutes or unmutes one of its tracks.
    pub(super) fn mute(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        track: &TrackSid,
        muted: bool,
        now: std::time::Instant,
    ) {
        if let Some(participant) = self.participants.get_mut(key)
            && let Some(pending) = participant.pending.iter_mut().find(|one| one.sid == *track)
        {
            pending.add.muted = muted;
            return;
        }
        let Some(publication) = self.own_publication(key, track) else { return };
        let Some(one) = self.publications.get_mut(publication) else { return };
        if one.info.muted == muted {
            return;
        }
        one.info.muted = muted;
        one.info.version = one.info.version.saturating_add(1);
        let subscribers = one.subscribers.clone();
        self.note(Moment::Muted { track: track.clone(), muted }, now);
        for key in subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(key) {
                subscription.stream.running = false;
            }
            if !muted {
                self.ask_for_picture(context, key, publication, now);
            }
        }
        if !muted {
            // For edges too.
            self.request_key_frame(context, publication, None, now);
        }
        self.announce(context, key);
    }

    /// A publication of this very participant.
    pub(super) fn own_publication(
        &self,
        key: ParticipantKey,
        track: &TrackSid,
    ) -> Option<PublicationKey> {
        let publication = self.publication_by_sid(track)?;
        (self.publications.get(publication)?.publisher == key).then_some(publication)
    }
}

impl AddTrack {
    /// LiveKit `AudioTrackFeature::TfStereo` is 0.
    fn is_stereo(&self) -> bool {
        self.audio_features.contains(&0)
    }

    /// LiveKit `AudioTrackFeature::TfNoDtx` is 1.
    pub(super) fn wants_dtx(&self) -> bool {
        !self.audio_features.contains(&1)
    }

    /// Redundant audio is possible unless switched off; it would carry end-to-end encrypted frames twice.
    pub(super) fn wants_red(&self) -> bool {
        !self.disable_red && self.encryption == 0
    }

    pub(super) fn answer_section(&self) -> crate::connection::sdp::AnswerSection {
        crate::connection::sdp::AnswerSection {
            send: None,
            accept: true,
            reject: false,
            preferred: self.codecs.first().and_then(|codec| CodecKind::from_name(&codec.codec)),
            red: self.wants_red(),
            stereo: self.is_stereo(),
            dtx: self.wants_dtx(),
        }
    }
}

/// rids in ascending quality: `q`, `h`, `f` by name, others in the order they were offered.
fn ascending(mut rids: Vec<Rid>) -> Vec<Rid> {
    let rank = |rid: &Rid| ["q", "h", "f"].iter().position(|name| *name == rid.as_str());
    if rids.iter().all(|rid| rank(rid).is_some()) {
        rids.sort_by_key(rank);
    }
    rids
}

fn sid_hint(kind: MediaKind, source: TrackSource) -> &'static str {
    match (kind, source) {
        (MediaKind::Audio, TrackSource::Microphone) => "AM",
        (MediaKind::Audio, TrackSource::ScreenShareAudio) => "As",
        (MediaKind::Audio, _) => "AU",
        (MediaKind::Video, TrackSource::Camera) => "VC",
        (MediaKind::Video, TrackSource::ScreenShare) => "VS",
        (MediaKind::Video, _) => "VU",
    }
}

/// The stream a track belongs to, if its publisher does not say.
fn default_stream(source: TrackSource) -> &'static str {
    match source {
        TrackSource::Camera | TrackSource::Microphone => "camera",
        TrackSource::ScreenShare | TrackSource::ScreenShareAudio => "screen",
        TrackSource::Unknown => "unknown",
    }
}

fn track_info(pending: &PendingTrack) -> TrackInfo {
    let add = &pending.add;
    let layers = if add.kind == MediaKind::Video && add.layers.is_empty() {
        let quality = quality_of(2);
        vec![VideoLayer { quality, width: add.width, height: add.height, bitrate_bps: 0, ssrc: 0 }]
    } else {
        add.layers.clone()
    };
    TrackInfo {
        sid: pending.sid.clone(),
        kind: add.kind,
        name: add.name.clone(),
        muted: add.muted,
        width: add.width,
        height: add.height,
        simulcast: layers.len() > 1,
        source: add.source,
        layers,
        mime_type: String::new(),
        mid: String::new(),
        codecs: Vec::new(),
        encryption: add.encryption,
        stream: if add.stream.is_empty() {
            default_stream(add.source).to_owned()
        } else {
            add.stream.clone()
        },
        disable_red: add.disable_red,
        audio_features: add.audio_features.clone(),
        version: 0,
    }
}
