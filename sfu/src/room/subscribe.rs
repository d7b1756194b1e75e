//! Who receives what: the wanted set, reconciled with what is published and permitted.

use std::time::Instant;

use protocol::ids::TrackSid;
use rand::Rng;

use super::{
    Room,
    ladder::first_goal,
    subscription::{Binding, Repairs, RtxStream, Stream, Subscription},
};
use crate::{
    connection::{outgoing::OutgoingStream, sdp::SectionKind},
    context::Context,
    keys::{ConnectionKey, ParticipantKey, PublicationKey, SubscriptionKey},
    rtp::{
        ids::{ExtSeq, Seq, Ssrc},
        rewrite::Rewriter,
    },
    words::{command::TrackSettings, event::Message},
};

impl Room {
    /// A newcomer, or someone whose permission grew, gets all it wants.
    pub(super) fn subscribe_to_all(&mut self, context: &mut Context, key: ParticipantKey) {
        for publication in self.publications.keys().collect::<Vec<_>>() {
            self.reconcile(context, key, publication);
        }
    }

    /// A new publication goes to everyone who wants it.
    pub(super) fn subscribe_all_to(&mut self, context: &mut Context, publication: PublicationKey) {
        for key in self.participants.keys().collect::<Vec<_>>() {
            self.reconcile(context, key, publication);
        }
    }

    /// Makes the subscription of one participant to one publication be what it should be. Offers follow separately.
    pub(super) fn reconcile(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        publication: PublicationKey,
    ) {
        let present = self.subscription_of(key, publication);
        match (present, self.should_receive(key, publication)) {
            (None, true) => self.subscribe(context, key, publication),
            (Some(subscription), false) => self.unsubscribe(context, subscription),
            (None, false) | (Some(_), true) => {}
        }
    }

    pub(super) fn should_receive(&self, key: ParticipantKey, publication: PublicationKey) -> bool {
        let (Some(participant), Some(publication)) =
            (self.participants.get(key), self.publications.get(publication))
        else {
            return false;
        };
        publication.publisher != key
            && participant.permission.can_subscribe
            && participant.subscriber.is_some()
            && participant.wants(publication.sid())
            && (!participant.records() || self.is_recording())
            && self
                .participants
                .get(publication.publisher)
                .is_some_and(|publisher| publisher.admits(participant, publication.sid()))
    }

    pub(super) fn subscription_of(
        &self,
        key: ParticipantKey,
        publication: PublicationKey,
    ) -> Option<SubscriptionKey> {
        let publication = self.publications.get(publication)?;
        publication
            .subscribers
            .iter()
            .copied()
            .find(|one| self.subscriptions.get(*one).is_some_and(|one| one.subscriber == key))
    }

    fn subscribe(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        publication_key: PublicationKey,
    ) {
        let Some(publication) = self.publications.get_mut(publication_key) else { return };
        let Some(participant) = self.participants.get_mut(key) else { return };
        let adaptive = participant.adaptive_stream;
        let Some(subscriber) = &mut participant.subscriber else { return };
        let kind = if publication.is_video() { SectionKind::Video } else { SectionKind::Audio };
        let connection = subscriber.connection;
        let track = publication.sid().clone();
        let settings = participant.settings.get(&track).copied().unwrap_or_default();
        let mut mid = None;
        let ssrc = fresh_ssrc(context, connection, None);
        let rtx = publication.is_video().then(|| RtxStream {
            ssrc: fresh_ssrc(context, connection, Some(ssrc)),
            highest: first_number(context),
        });
        let rewriter = Rewriter::new(first_number(context).seq());
        let goal = first_goal(adaptive, publication, &settings);
        let subscription = self.subscriptions.try_insert_with_key(|subscription| {
            mid = subscriber.assign(kind, subscription);
            mid.map(|mid| Subscription {
                subscriber: key,
                publication: publication_key,
                track,
                connection,
                mid,
                ssrc,
                rtx,
                binding: Binding::Offered,
                is_plain_sound: false,
                is_sound_doubled: false,
                settings,
                stream: Stream::new(rewriter, goal),
                repairs: if rtx.is_some() { Repairs::new() } else { Repairs::default() },
            })
            .ok_or(())
        });
        let Ok(subscription) = subscription else { return };
        publication.subscribers.push(subscription);
        if let Some(connection) = context.connections.get_mut(connection) {
            let streams = &mut connection.outgoing.streams;
            streams.insert(ssrc, OutgoingStream { subscription, is_rtx: false });
            if let Some(rtx) = rtx {
                streams.insert(rtx.ssrc, OutgoingStream { subscription, is_rtx: true });
            }
        }
        self.tell_interest(context, publication_key);
        let now = context.now;
        self.tell_demand(context, publication_key, now);
    }

    pub(super) fn unsubscribe(&mut self, context: &mut Context, key: SubscriptionKey) {
        let Some(subscription) = self.subscriptions.remove(key) else { return };
        if let Some(publication) = self.publications.get_mut(subscription.publication) {
            publication.subscribers.retain(|one| *one != key);
        }
        if let Some(participant) = self.participants.get_mut(subscription.subscriber)
            && let Some(subscriber) = &mut participant.subscriber
        {
            subscriber.release(key);
        }
        if let Some(connection) = context.connections.get_mut(subscription.connection) {
            connection.outgoing.streams.retain(|_, stream| stream.subscription != key);
            connection.outgoing.pacer.forget(key);
        }
        self.tell_interest(context, subscription.publication);
    }

    pub(super) fn unsubscribe_from_all(&mut self, context: &mut Context, key: ParticipantKey) {
        let own: Vec<_> = self
            .subscriptions
            .iter()
            .filter(|(_, one)| one.subscriber == key)
            .map(|(key, _)| key)
            .collect();
        for subscription in own {
            self.unsubscribe(context, subscription);
        }
    }

    /// The client switches tracks on or off; unknown ones are remembered, they may come.
    pub(super) fn set_wanted(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        tracks: Vec<TrackSid>,
        wanted: bool,
    ) {
        for track in tracks {
            let publication = self.publication_by_sid(&track);
            self.forget_stale_wishes(key);
            if let Some(participant) = self.participants.get_mut(key)
                && (participant.wanted.len() < WISHES_MAX
                    || participant.wanted.contains_key(&track))
            {
                participant.wanted.insert(track, wanted);
            }
            if let Some(publication) = publication {
                self.reconcile(context, key, publication);
            }
        }
        self.offer_if_stale(context, key);
    }

    /// Makes room in full lists of wishes: those for tracks that ended go.
    fn forget_stale_wishes(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let publications = &self.publications;
        let exists = |sid: &TrackSid| publications.values().any(|one| one.sid() == sid);
        if participant.wanted.len() >= WISHES_MAX {
            participant.wanted.retain(|sid, _| exists(sid));
        }
        if participant.settings.len() >= WISHES_MAX {
            participant.settings.retain(|sid, _| exists(sid));
        }
    }

    /// The client says how it wants tracks sent.
    pub(super) fn set_track_settings(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        tracks: Vec<TrackSid>,
        settings: TrackSettings,
        now: Instant,
    ) {
        for track in tracks {
            let publication = self.publication_by_sid(&track);
            let subscription = publication.and_then(|one| self.subscription_of(key, one));
            if let Some(participant) = self.participants.get_mut(key)
                && (participant.settings.len() < WISHES_MAX
                    || participant.settings.contains_key(&track))
            {
                participant.settings.insert(track, settings);
            }
            let (Some(publication), Some(subscription)) = (publication, subscription) else {
                continue;
            };
            let Some(one) = self.subscriptions.get_mut(subscription) else { continue };
            one.settings = settings;
            if settings.disabled {
                one.stream.running = false;
            }
            self.tell_interest(context, publication);
            self.tell_demand(context, publication, now);
        }
        self.allocate(context, key, now);
    }

    /// The publisher says who may receive its tracks.
    pub(super) fn apply_audience(&mut self, context: &mut Context, key: ParticipantKey) {
        let Some(publisher) = self.participants.get(key) else { return };
        let sid = publisher.sid.clone();
        for publication in publisher.publications.clone() {
            let Some(track) = self.publications.get(publication).map(|one| one.sid().clone())
            else {
                continue;
            };
            for other in self.participants.keys().collect::<Vec<_>>() {
                let before = self.subscription_of(other, publication).is_some();
                self.reconcile(context, other, publication);
                let after = self.subscription_of(other, publication).is_some();
                if before != after {
                    let changed = Message::SubscriptionAllowed {
                        publisher: sid.clone(),
                        track: track.clone(),
                        allowed: after,
                    };
                    context.emit(self.session_of(other), changed);
                }
            }
        }
        self.offer_all_stale(context);
    }
}

/// Most tracks a participant may have wishes for: all that a full room publishes.
const WISHES_MAX: usize = 1024;

/// An SSRC that nothing on the connection uses: two streams under one SSRC would share AEAD nonces.
fn fresh_ssrc(context: &mut Context, connection: ConnectionKey, other: Option<Ssrc>) -> Ssrc {
    loop {
        let ssrc = Ssrc(context.rng.next_u32());
        let used = context.connections.get(connection).is_some_and(|connection| {
            connection.outgoing.streams.contains_key(&ssrc)
                || connection.report_ssrc == ssrc
                // On an only connection feedback about either direction names SSRCs.
                || connection.incoming.route(ssrc).is_some()
        });
        if !used && other != Some(ssrc) {
            return ssrc;
        }
    }
}

/// A random number in rollover 0, low enough that the stream's first packets cannot wrap (RFC 3550 §5.1 wants it
/// unpredictable, RFC 3711 §3.3.1 wants the first packet's rollover known).
fn first_number(context: &mut Context) -> ExtSeq {
    // 15 random bits.
    let random = (context.rng.next_u32() & 0x7fff) as u16;
    ExtSeq(u64::from(Seq(random).0))
}
