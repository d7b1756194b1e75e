//! Offer and answer on both of a participant's connections (RFC 3264, RFC 9429).
//!
//! On the publisher connection the client offers and we answer each offer at once. On the subscriber connection we
//! offer; while an offer is unanswered, changes only mark it stale, and the answer triggers the next one. On the only
//! connection of a client the client offers, and our answer also says what is sent; changes have us ask for an offer.

mod section_plan;

use std::{collections::BTreeMap, time::Instant};

use protocol::ids::TrackSid;

use self::section_plan::{SectionPlan, Subject};
use super::{
    Room,
    participant::Participant,
    publication::Publication,
    subscription::{Binding, PayloadTypes, Subscription},
};
use crate::{
    connection::{
        dtls::DtlsRole,
        ice::IceCredentials,
        sdp::{
            self, AcceptedSection, AnswerSection, LocalTransport, NegotiatedSection, OfferCodec,
            OfferMedia, OfferSection, RemoteDescription, RemoteSection, SectionKind, SentTrack,
            Setup,
        },
    },
    context::Context,
    keys::{ConnectionKey, Owner, ParticipantKey, PublicationKey, SubscriptionKey},
    room::subscriber::{Offerer, Outstanding, SectionState, Subscriber},
    rtp::{ids::Mid, payload::CodecKind},
    words::{
        event::{LeaveAction, Message, SubscriptionError},
        info::{LeaveReason, MediaKind, Target},
    },
};

/// An SDP could not be used; the participant is told to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusable;

impl Room {
    /// The client offers on its publisher connection, or on its only one.
    pub(super) fn publisher_offer(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        id: u32,
        remote: &RemoteDescription,
        now: Instant,
    ) {
        if self.answer_publisher(context, key, id, remote, now) == Err(Unusable) {
            self.remove(context, key, LeaveReason::MediaFailure, LeaveAction::Disconnect, now);
        }
    }

    fn answer_publisher(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        id: u32,
        remote: &RemoteDescription,
        now: Instant,
    ) -> Result<(), Unusable> {
        let connection = self.publisher_connection(context, key, now).ok_or(Unusable)?;
        apply_transport(context, connection, remote)?;
        self.end_unoffered(context, key, remote);
        self.take_receiving_sections(context, key, remote);
        let plans = self.plan_sections(context, key, remote);
        let sending = self.what_is_sent(key);
        let sections: Vec<AnswerSection> = plans
            .iter()
            .zip(&remote.sections)
            .map(|(plan, section)| {
                let sent = sending.iter().find(|(mid, ..)| *mid == section.mid);
                let send = sent.map(|(_, _, track)| track.clone());
                AnswerSection { send, ..plan.answer.clone() }
            })
            .collect();
        let participant = self.participants.get_mut(key).ok_or(Unusable)?;
        participant.answers += 1;
        let version = participant.answers;
        let session = participant.session();
        let (text, negotiated) = with_transport(context, connection, |transport| {
            sdp::answer(remote, &sections, transport, version)
        })
        .ok_or(Unusable)?;
        let (kept, fresh) = self.bind_sections(key, plans, &negotiated);
        if let Some(connection) = context.connections.get_mut(connection) {
            let used = negotiated.iter().filter_map(|section| {
                let publication = kept.iter().find(|(mid, _)| *mid == section.mid)?.1;
                Some((section, publication))
            });
            connection.incoming.negotiate(used);
        }
        let sent = negotiated.iter().filter_map(|section| {
            let (_, subscription, track) = sending.iter().find(|(mid, ..)| *mid == section.mid)?;
            Some((section.sent.as_ref()?, *subscription, track))
        });
        let names = sent.clone().filter(|(section, ..)| section.active).filter_map(name_of_sent);
        context.emit(session, Message::Answer { id, sdp: text, mid_to_track: names.collect() });
        for (section, subscription, _) in sent {
            self.bind_subscription(context, key, subscription, section, now);
        }
        self.on_answered(context, key);
        // A path may have come before the description.
        context.drive(connection, now);
        self.announce(context, key);
        for publication in fresh {
            self.track_published(context, publication);
            self.record_publication(context, publication, now);
            self.subscribe_all_to(context, publication);
        }
        self.offer_all_stale(context);
        Ok(())
    }

    fn subscriber_mut(&mut self, key: ParticipantKey) -> Option<&mut Subscriber> {
        self.participants.get_mut(key)?.subscriber.as_mut()
    }

    /// The sections in which a client with one connection receives; those that waited for one get it.
    fn take_receiving_sections(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        remote: &RemoteDescription,
    ) {
        let Some(subscriber) = self.subscriber_mut(key).filter(|one| !one.offers()) else { return };
        let lost = subscriber.take_offer(&remote.sections);
        let is_short = std::mem::take(&mut subscriber.is_short_of_sections);
        for subscription in &lost {
            self.unsubscribe(context, *subscription);
        }
        if is_short || !lost.is_empty() {
            self.subscribe_to_all(context, key);
        }
    }

    /// What a participant with one connection is sent, by section.
    fn what_is_sent(&self, key: ParticipantKey) -> Vec<(Mid, SubscriptionKey, SentTrack)> {
        let subscriber = self.participants.get(key).and_then(|one| one.subscriber.as_ref());
        let subscriber = subscriber.filter(|one| !one.offers());
        let sections = subscriber.into_iter().flat_map(|one| &one.sections);
        let sent = sections.filter_map(|section| {
            let key = section.subscription()?;
            let track = self.describe_subscription(self.subscriptions.get(key)?)?;
            Some((section.mid, key, track))
        });
        sent.collect()
    }

    /// An offer on an only connection is answered: what the answer freed can be taken by others now.
    fn on_answered(&mut self, context: &mut Context, key: ParticipantKey) {
        let Some(subscriber) = self.subscriber_mut(key).filter(|one| !one.offers()) else { return };
        subscriber.on_answered();
        if std::mem::take(&mut subscriber.is_short_of_sections) {
            self.subscribe_to_all(context, key);
        }
    }

    fn publisher_connection(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        now: Instant,
    ) -> Option<ConnectionKey> {
        let participant = self.participants.get_mut(key)?;
        if participant.publisher.is_none() {
            let owner = Owner { room: self.key, participant: key, target: Target::Publisher };
            participant.publisher = Some(context.open_connection(owner, now));
        }
        participant.publisher
    }

    /// What each offered section is to us: a publication that goes on, one that ends, a new one, or nothing.
    fn plan_sections(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        remote: &RemoteDescription,
    ) -> Vec<SectionPlan> {
        let mut plans = Vec::with_capacity(remote.sections.len());
        // Only what is new: a browser gives a track that is sent again another id, and the section that it was in before
        // keeps the first.
        let named: Vec<&str> = remote
            .sections
            .iter()
            .filter(|section| !section.rejected && section.direction.sends())
            .filter(|section| self.publication_at(key, section).is_none())
            .filter_map(|section| section.msid.as_ref())
            .map(|(_, track)| track.as_str())
            .collect();
        // Rejecting the first section would end the bundle that it stands for (RFC 9143 §7.5.3).
        let tag = remote.sections.iter().find(|section| !section.rejected).map(|one| one.mid);
        for section in &remote.sections {
            let sends = !section.rejected && section.direction.sends();
            let present = self.publication_at(key, section);
            let plan = match (section.kind, present) {
                (SectionKind::Application, _) => SectionPlan::data(),
                (_, Some(publication)) if sends => {
                    SectionPlan::keep(publication, &self.publications)
                }
                (_, present) => {
                    if let Some(publication) = present {
                        self.unpublish(context, publication);
                    }
                    let pending = sends.then(|| self.take_pending(key, section, &named)).flatten();
                    // One in which a client with one connection receives goes on for that.
                    let is_idle = !sends && !self.is_received_in(key, section);
                    if is_idle && Some(section.mid) != tag && self.was_used(key, section.mid) {
                        SectionPlan::ended()
                    } else {
                        SectionPlan::fresh(pending)
                    }
                }
            };
            plans.push(plan);
        }
        plans
    }

    fn is_received_in(&self, key: ParticipantKey, section: &RemoteSection) -> bool {
        let is_single = self.participants.get(key).is_some_and(Participant::has_single_connection);
        is_single && section.direction.receives()
    }

    fn was_used(&self, key: ParticipantKey, mid: Mid) -> bool {
        self.participants.get(key).is_some_and(|one| one.used_sections.contains(&mid))
    }

    /// Ends publications whose section the offer does not have any more.
    fn end_unoffered(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        remote: &RemoteDescription,
    ) {
        let Some(participant) = self.participants.get(key) else { return };
        let offered = |one: &PublicationKey| {
            self.publications
                .get(*one)
                .is_some_and(|one| remote.sections.iter().any(|section| section.mid == one.mid))
        };
        let gone: Vec<_> =
            participant.publications.iter().copied().filter(|one| !offered(one)).collect();
        for publication in gone {
            self.unpublish(context, publication);
        }
    }

    fn publication_at(
        &self,
        key: ParticipantKey,
        section: &RemoteSection,
    ) -> Option<PublicationKey> {
        let participant = self.participants.get(key)?;
        participant
            .publications
            .iter()
            .copied()
            .find(|one| self.publications.get(*one).is_some_and(|one| one.mid == section.mid))
    }

    fn take_pending(
        &mut self,
        key: ParticipantKey,
        section: &RemoteSection,
        named: &[&str],
    ) -> Option<super::participant::PendingTrack> {
        let kind =
            if section.kind == SectionKind::Audio { MediaKind::Audio } else { MediaKind::Video };
        let track = section.msid.as_ref().map(|(_, track)| track.as_str());
        self.participants.get_mut(key)?.take_pending(kind, track, named)
    }

    /// Turns accepted new sections into publications. Returns all sections with their publication, and the new ones.
    fn bind_sections(
        &mut self,
        key: ParticipantKey,
        plans: Vec<SectionPlan>,
        negotiated: &[NegotiatedSection],
    ) -> (Vec<(Mid, PublicationKey)>, Vec<PublicationKey>) {
        let (mut all, mut fresh) = (Vec::new(), Vec::new());
        for (plan, section) in plans.into_iter().zip(negotiated) {
            let publication = match plan.subject {
                Subject::Kept(publication) => Some(publication),
                Subject::New(pending) if section.active => {
                    let publication = self.publish(key, &pending, section);
                    fresh.extend(publication);
                    publication
                }
                Subject::New(_) | Subject::Nothing => None,
            };
            all.extend(publication.map(|publication| (section.mid, publication)));
        }
        if let Some(participant) = self.participants.get_mut(key) {
            // Bounded by the sections of one offer.
            participant
                .used_sections
                .retain(|mid| negotiated.iter().any(|one| one.mid == *mid && !one.rejected));
            let new = all.iter().map(|(mid, _)| *mid);
            let new: Vec<_> = new.filter(|mid| !participant.used_sections.contains(mid)).collect();
            participant.used_sections.extend(new);
        }
        (all, fresh)
    }

    /// Offers on every subscriber connection that changed, or asks for an offer.
    pub(super) fn offer_all_stale(&mut self, context: &mut Context) {
        for key in self.participants.keys().collect::<Vec<_>>() {
            self.offer_if_stale(context, key);
        }
    }

    /// Offers on the subscriber connection if something changed and no offer is out; a client that offers is asked to.
    pub(super) fn offer_if_stale(&mut self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let session = participant.session();
        let Some(subscriber) = &mut participant.subscriber else { return };
        let Offerer::Server { next_offer, .. } = &mut subscriber.offerer else {
            return self.ask_for_offer(context, key);
        };
        if !subscriber.stale || subscriber.outstanding.is_some() || session.is_none() {
            return;
        }
        let id = *next_offer;
        *next_offer += 1;
        subscriber.stale = false;
        for section in &mut subscriber.sections {
            if section.state == SectionState::Releasing {
                section.state = SectionState::Released;
            }
        }
        let sections =
            subscriber.sections.iter().map(|one| (one.mid, one.subscription())).collect();
        subscriber.outstanding = Some(Outstanding { id, sent: context.now, sections });
        let connection = subscriber.connection;
        let Some(participant) = self.participants.get(key) else { return };
        let (sections, mid_to_track) = self.describe(participant);
        let text = with_transport(context, connection, |transport| {
            sdp::offer(&sections, transport, u64::from(id))
        });
        if let Some(sdp) = text {
            context.emit(session, Message::Offer { id, sdp, mid_to_track });
        }
    }

    /// Has a client with one connection offer again, if something changed or it has too few sections to receive in.
    fn ask_for_offer(&mut self, context: &mut Context, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        let Some(session) = participant.session() else { return };
        let is_short = participant.subscriber.as_ref().is_some_and(|one| one.is_short_of_sections);
        let missing = if is_short { self.missing_sections(key) } else { (0, 0) };
        let now = context.now;
        if let Some((audio, video)) = self.subscriber_mut(key).and_then(|one| one.ask(missing, now))
        {
            let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            let wanted = Message::SectionsWanted { audio: count(audio), video: count(video) };
            context.emit(Some(session), wanted);
        }
    }

    /// Tracks that a participant is to receive and has no section for: sound, pictures.
    fn missing_sections(&self, key: ParticipantKey) -> (usize, usize) {
        let (mut audio, mut video) = (0, 0);
        for (publication, one) in &self.publications {
            let is_missing = self.should_receive(key, publication)
                && self.subscription_of(key, publication).is_none();
            if is_missing {
                let count = if one.is_video() { &mut video } else { &mut audio };
                *count += 1;
            }
        }
        (audio, video)
    }

    fn describe(
        &self,
        participant: &Participant,
    ) -> (Vec<OfferSection>, BTreeMap<String, TrackSid>) {
        let mut sections = Vec::new();
        let mut mid_to_track = BTreeMap::new();
        for section in participant.subscriber.iter().flat_map(|subscriber| &subscriber.sections) {
            let subscription = section.subscription().and_then(|key| self.subscriptions.get(key));
            let media = subscription.and_then(|one| self.describe_subscription(one));
            debug_assert!(
                media.is_some() || section.subscription().is_none(),
                "a section carries a subscription that is not there"
            );
            if let (Some(_), Some(subscription)) = (&media, subscription) {
                mid_to_track.insert(section.mid.as_str().to_owned(), subscription.track.clone());
            }
            let media = media.map_or_else(|| section.idle_media(), OfferMedia::Send);
            sections.push(OfferSection { mid: section.mid, media });
        }
        (sections, mid_to_track)
    }

    fn describe_subscription(&self, subscription: &Subscription) -> Option<SentTrack> {
        let publication = self.publications.get(subscription.publication)?;
        let publisher = self.participants.get(publication.publisher)?;
        let kind = if publication.is_video() { SectionKind::Video } else { SectionKind::Audio };
        Some(SentTrack {
            kind,
            // The client takes both apart again: participant and track (LiveKit's msid convention).
            stream_id: format!("{}|{}", publisher.sid, publication.sid()),
            track_id: publication.sid().to_string(),
            ssrc: subscription.ssrc,
            rtx: subscription.rtx.map(|rtx| rtx.ssrc),
            cname: publisher.sid.to_string(),
            codecs: offered_codecs(publication),
            stereo: publication.stereo,
        })
    }

    /// The client answers our subscriber offer; id 0 means the latest.
    pub(super) fn subscriber_answer(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        id: u32,
        remote: &RemoteDescription,
        now: Instant,
    ) {
        let Some(subscriber) = self.subscriber_mut(key).filter(|one| one.offers()) else {
            return;
        };
        let is_meant = |offer: &mut Outstanding| id == 0 || offer.id == id;
        let Some(offer) = subscriber.outstanding.take_if(is_meant) else { return };
        let connection = subscriber.connection;
        if !offer.is_answered_by(&remote.sections)
            || apply_transport(context, connection, remote).is_err()
        {
            self.remove(context, key, LeaveReason::MediaFailure, LeaveAction::Disconnect, now);
            return;
        }
        for section in &mut subscriber.sections {
            if section.state == SectionState::Released {
                section.state = SectionState::Free;
            }
        }
        let is_short = std::mem::take(&mut subscriber.is_short_of_sections);
        for (section, (_, subscription)) in sdp::accepted(remote).iter().zip(offer.sections) {
            if let Some(subscription) = subscription {
                self.bind_subscription(context, key, subscription, section, now);
            }
        }
        // A path may have come before the description.
        context.drive(connection, now);
        if is_short {
            self.subscribe_to_all(context, key);
        }
        self.offer_if_stale(context, key);
    }

    /// A subscription is answered as it was offered.
    fn bind_subscription(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        subscription: SubscriptionKey,
        section: &AcceptedSection,
        now: Instant,
    ) {
        // It may have ended since.
        let subscription_key = subscription;
        let Some(subscription) = self.subscriptions.get_mut(subscription) else { return };
        let Some(publication) = self.publications.get_mut(subscription.publication) else { return };
        let mut is_open = false;
        if let Some(connection) = context.connections.get_mut(subscription.connection) {
            connection.outgoing.negotiate(&section.extensions, now);
            is_open = connection.is_open() && !subscription.settings.disabled;
        }
        let before = subscription.binding;
        subscription.binding = accepted_payload_types(section, publication.codec)
            .map_or(Binding::Refused, Binding::Bound);
        let (publication_key, publisher) = (subscription.publication, publication.publisher);
        let track = subscription.track.clone();
        if subscription.binding == before {
            return;
        }
        if subscription.binding == Binding::Refused {
            let error = SubscriptionError::CodecUnsupported;
            context.emit(self.session_of(key), Message::SubscriptionFailed { track, error });
            return;
        }
        if !std::mem::replace(&mut publication.told_subscribed, true) {
            context.emit(self.session_of(publisher), Message::TrackSubscribed(track));
        }
        // A key frame that comes before the keys are agreed is lost, and the next is held back: see `on_opened`.
        if !matches!(before, Binding::Bound(_)) && is_open {
            self.ask_for_picture(context, subscription_key, publication_key, now);
        }
    }
}

impl Outstanding {
    /// Whether an answer has the sections of the offer (RFC 3264 §6). Pion leaves the mid of those that it rejects out.
    fn is_answered_by(&self, sections: &[RemoteSection]) -> bool {
        let is_same = |(offered, answered): (&(Mid, _), &RemoteSection)| {
            answered.rejected || answered.mid == offered.0
        };
        sections.len() == self.sections.len() && self.sections.iter().zip(sections).all(is_same)
    }
}

/// A section that sends and its track, as clients are told it.
fn name_of_sent(
    (section, _, track): (&AcceptedSection, SubscriptionKey, &SentTrack),
) -> Option<(String, TrackSid)> {
    let track = TrackSid::try_from(track.track_id.clone()).ok()?;
    Some((section.mid.as_str().to_owned(), track))
}

/// RED before the codec it carries, so that a client that knows both takes it.
fn offered_codecs(publication: &Publication) -> Vec<OfferCodec> {
    let red = publication.red.then(|| OfferCodec { codec: CodecKind::Red, fmtp: String::new() });
    let own = OfferCodec { codec: publication.codec, fmtp: publication.fmtp.clone() };
    red.into_iter().chain([own]).collect()
}

fn accepted_payload_types(section: &AcceptedSection, codec: CodecKind) -> Option<PayloadTypes> {
    if !section.active {
        return None;
    }
    let media = section.codecs.iter().find(|one| one.codec == codec)?;
    // Of RED only that which wraps our codec is of use.
    let wraps = |fmtp: &str| fmtp.split('/').all(|pt| pt.trim().parse() == Ok(media.pt.0));
    let red = section.codecs.iter().find(|one| one.codec == CodecKind::Red && wraps(&one.fmtp));
    Some(PayloadTypes { media: Some(media.pt), rtx: media.rtx, red: red.map(|one| one.pt) })
}

/// Takes ICE credentials, fingerprints and DTLS roles from a description; changed credentials are an ICE restart by the
/// client, which the answer must meet with credentials of ours (RFC 8839 §4.4.1.1.1).
fn apply_transport(
    context: &mut Context,
    key: ConnectionKey,
    remote: &RemoteDescription,
) -> Result<(), Unusable> {
    if remote.ice_ufrag.is_empty() {
        // Every section is rejected: the description says nothing of a transport.
        return Ok(());
    }
    let connection = context.connections.get_mut(key).ok_or(Unusable)?;
    let is_offer = connection.owner.target.is_published_on();
    let role = match remote.setup {
        Setup::Active => DtlsRole::Server,
        Setup::Passive => DtlsRole::Client,
        Setup::Actpass if is_offer => connection.dtls_role(),
        // RFC 5763 §5: an answer decides. Two who wait for each other would wait for ever.
        Setup::Actpass => return Err(Unusable),
    };
    if !connection.take_dtls_role(role) {
        tracing::debug!("the DTLS role was changed");
        return Err(Unusable);
    }
    let restarts =
        is_offer && connection.ice.remote().is_some_and(|known| known.ufrag != remote.ice_ufrag);
    if restarts {
        context.restart_ice(key);
    }
    if let Some(connection) = context.connections.get_mut(key) {
        connection.ice.set_remote(IceCredentials {
            ufrag: remote.ice_ufrag.clone(),
            pwd: remote.ice_pwd.clone(),
        });
        connection.expect_fingerprints(&remote.fingerprints);
    }
    Ok(())
}

/// Lends our side of a connection's transport to a writer of SDP.
fn with_transport<T>(
    context: &Context,
    key: ConnectionKey,
    write: impl FnOnce(&LocalTransport<'_>) -> T,
) -> Option<T> {
    let connection = context.connections.get(key)?;
    let local = connection.ice.local();
    let fingerprint = context.config.certificate.fingerprint().to_string();
    Some(write(&LocalTransport {
        ufrag: &local.ufrag,
        pwd: &local.pwd,
        fingerprint: &fingerprint,
        candidates: &context.config.candidates,
        tcp_candidates: &context.config.tcp_candidates,
        session_id: connection.sdp_session_id(),
        dtls_role: connection.dtls_role(),
    }))
}
