//! A subscriber's line, and what it is used for: estimates come in from feedback, goals of subscriptions go out.
//!
//! Gathers what `allocate` must know, and carries out what it decides: goals, pauses, requests for key frames, probes.
//! Runs a few times a second for each subscriber and at once when its line carries less; never for a packet.

use std::time::{Duration, Instant};

use super::{
    Room,
    allocate::{self, Budget, Ladder, Pace, Rank, Request, Rung},
    layer_switch,
    publication::{Layer, Publication},
    subscription::{ALL_FRAMES, Binding, Goal, Subscription},
};
use crate::{
    bwe::Turn,
    connection::{
        Connection,
        outgoing::{PROBE_TICK, PaddingStream},
    },
    context::Context,
    keys::{ConnectionKey, LayerIndex, ParticipantKey, PublicationKey, SubscriptionKey},
    metrics::Counters,
    rtp::ids::ExtSeq,
    words::{command::TrackSettings, event::Message, info::VideoLayer},
};
use protocol::permission::TrackSource;

/// What a line is taken to carry until its feedback says otherwise: see `bwe`.
const START_BPS: u64 = 1_000_000;

/// After congestion nothing is raised for so long.
const RAISE_AFTER: Duration = Duration::from_millis(2000);

/// Part of the budget that may be used by what is raised, in percent.
const RAISE_PERCENT: u64 = 92;

/// What is sent may cost so much of its part of the estimate, in percent, before it is lowered: rates of layers waver by
/// that, and a line that carries less says so again at once.
const KEEP_PERCENT: u64 = 110;

/// What is sent beyond the budget by more than this, in percent, is ended at once, and not only when the next layer's key
/// frame has come: most of it would be lost, and hold up the rest.
const HOLD_PERCENT: u64 = 125;

/// A still costs this part of the layer's stream: a key frame of a quarter of a second's bits every two seconds.
const STILL_DIVISOR: u64 = 8;

/// Part of an estimate that may go to retransmissions within a second, in percent, and the least of it in bytes.
const REPAIR_PERCENT: u64 = 40;
const REPAIR_BYTES_MIN: u64 = 8 * 1024;

/// Pictures are let onto a line in good order when it carries less of them than this, and less than is wanted.
const PACED_BELOW_BPS: u64 = 1_500_000;
const PACED_NARROWLY_BPS: u64 = 100_000;
const PACED_MIN_BPS: u64 = 16_000;

/// A requested height is met by a layer of this part of it, in percent (LiveKit's rule).
const HEIGHT_PERCENT: u32 = 90;

impl Room {
    /// Takes transport-wide feedback of a subscriber.
    pub(super) fn on_transport_feedback(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        raw: &[u8],
        now: Instant,
    ) {
        let clock = context.abs_send_time;
        let Some(connection) = context.connections.get_mut(key) else { return };
        let participant = connection.owner.participant;
        let Some(change) = connection.outgoing.on_feedback(raw, clock, now) else { return };
        context.counters.feedback_received += 1;
        self.on_line_changed(context, participant, change, now);
        self.probe(context, key, now);
    }

    /// Takes a receiver's own estimate.
    pub(super) fn on_remb(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        bps: u64,
        now: Instant,
    ) {
        let Some(connection) = context.connections.get_mut(key) else { return };
        let participant = connection.owner.participant;
        // Who tells of every packet is not asked for its opinion: both would be of different times.
        if connection.outgoing.is_told_of() {
            return;
        }
        let Some(estimator) = &mut connection.outgoing.estimator else { return };
        let change = estimator.on_remb(bps);
        context.counters.feedback_received += 1;
        self.on_line_changed(context, participant, change, now);
    }

    fn on_line_changed(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        change: Turn,
        now: Instant,
    ) {
        match change {
            Turn::Little => return,
            Turn::Less => context.counters.estimates_lowered += 1,
            Turn::More => {}
        }
        self.allocate(context, key, now);
    }

    /// Measures layers and gives every subscriber anew what its line carries.
    pub(super) fn allocate_all(&mut self, context: &mut Context, now: Instant) {
        for publication in self.publications.values_mut() {
            for layer in &mut publication.layers {
                layer.meter.end_window(now);
            }
        }
        for key in self.participants.keys().collect::<Vec<_>>() {
            self.allocate(context, key, now);
            self.tell_low_bandwidth(context, key, now);
        }
    }

    /// Gives one subscriber what its line carries. O(subscriptions).
    pub(super) fn allocate(&mut self, context: &mut Context, key: ParticipantKey, now: Instant) {
        let Some(connection) = self.subscriber_connection(key) else { return };
        let mut requests = std::mem::take(&mut self.requests);
        requests.clear();
        let sound_bps = self.gather(key, &mut requests, now);
        let Some(one) = context.connections.get_mut(connection).filter(|one| one.is_open()) else {
            self.requests = requests;
            return;
        };
        let wanted: u64 = requests.iter().map(|(_, one)| top_bps(one)).sum();
        let budget = budget(one, sound_bps, now);
        let sent: u64 = requests.iter().map(|(_, one)| one.current_bps).sum();
        let total = allocate::allocate(budget, &mut requests);
        if let Some(estimator) = &mut one.outgoing.estimator {
            estimator.set_wanted(wanted.saturating_add(sound_bps));
        }
        let is_narrow = total < wanted && budget.keep_bps < PACED_BELOW_BPS;
        one.outgoing.pacer.set_rate(is_narrow.then(|| paced_bps(budget)));
        let is_excessive = sent / 100 * HOLD_PERCENT > budget.keep_bps;
        if let Some(participant) = self.participants.get_mut(key) {
            participant.line.is_constrained = total < wanted;
        }
        for (subscription, request) in &requests {
            self.carry_out(context, *subscription, request, is_excessive, now);
        }
        self.requests = requests;
    }

    /// A subscriber can be sent a picture from now on: of the layer that it is to have first, if that comes.
    pub(super) fn ask_for_picture(
        &mut self,
        context: &mut Context,
        subscription: SubscriptionKey,
        publication: PublicationKey,
        now: Instant,
    ) {
        let awaited = self.subscriptions.get(subscription).and_then(|subscription| {
            let publication = self.publications.get(publication)?;
            layer_switch::awaited(publication, &subscription.stream, now)
        });
        self.request_key_frame(context, publication, awaited, now);
    }

    fn subscriber_connection(&self, key: ParticipantKey) -> Option<ConnectionKey> {
        Some(self.participants.get(key)?.subscriber.as_ref()?.connection)
    }

    /// What a participant is to be sent: requests for pictures; answers what sound takes.
    fn gather(
        &self,
        key: ParticipantKey,
        requests: &mut Vec<(SubscriptionKey, Request)>,
        now: Instant,
    ) -> u64 {
        let Some(participant) = self.participants.get(key) else { return 0 };
        let Some(subscriber) = &participant.subscriber else { return 0 };
        let mut sound_bps = 0;
        for section in &subscriber.sections {
            let Some(key) = section.subscription() else { continue };
            let Some(subscription) = self.subscriptions.get(key) else { continue };
            let Some(publication) = self.publications.get(subscription.publication) else {
                continue;
            };
            let is_bound = matches!(subscription.binding, Binding::Bound(_));
            if !is_bound || subscription.settings.disabled || publication.info.muted {
                continue;
            }
            if !publication.is_video() {
                let rates = publication.layers.iter().map(|layer| layer.meter.bps(ALL_FRAMES));
                sound_bps += rates.sum::<u64>();
                continue;
            }
            let ladder = ladder(publication, &subscription.settings, now);
            if ladder.len() > 0 {
                let rank = self.rank(publication, &subscription.settings);
                let request = Request {
                    rank,
                    ladder,
                    current_bps: current_bps(publication, subscription, &ladder),
                    may_pause: participant.may_pause,
                    given: None,
                };
                requests.push((key, request));
            }
        }
        sound_bps
    }

    fn rank(&self, publication: &Publication, settings: &TrackSettings) -> Rank {
        let speaks = || {
            let publisher = self.participants.get(publication.publisher);
            publisher.is_some_and(|one| one.audio_level.is_speaking())
        };
        match (settings.priority, publication.info.source) {
            (0, TrackSource::ScreenShare) => Rank::Screen,
            (0, _) if speaks() => Rank::Speaker,
            (0, _) => Rank::Other,
            (priority, _) => Rank::Asked(priority),
        }
    }

    fn carry_out(
        &mut self,
        context: &mut Context,
        key: SubscriptionKey,
        request: &Request,
        is_excessive: bool,
        now: Instant,
    ) {
        let Some(subscription) = self.subscriptions.get_mut(key) else { return };
        let before = subscription.stream.goal;
        let goal = match request.given.and_then(|place| request.ladder.get(place)) {
            Some(rung) => Goal { layer: rung.layer, temporal: rung.temporal, pace: rung.pace },
            None => Goal { pace: Pace::Paused, ..before },
        };
        subscription.stream.aim(goal);
        let sends_more = subscription.stream.layer().is_some_and(|layer| layer > goal.layer);
        if sends_more && is_excessive {
            subscription.stream.running = false;
            if let Some(connection) = context.connections.get_mut(subscription.connection) {
                connection.outgoing.pacer.forget(key);
            }
        }
        let (publication_key, subscriber) = (subscription.publication, subscription.subscriber);
        let Some(publication) = self.publications.get(publication_key) else { return };
        let awaited = layer_switch::awaited(publication, &subscription.stream, now);
        if goal != before {
            count(context, before, goal);
            let (was_paused, is_paused) = (before.pace == Pace::Paused, goal.pace == Pace::Paused);
            if was_paused != is_paused
                && let Some(publisher) = self.participants.get(publication.publisher)
            {
                let (publisher, track) = (publisher.sid.clone(), publication.sid().clone());
                let message = Message::StreamState { publisher, track, is_paused };
                context.emit(self.session_of(subscriber), message);
            }
        }
        if let Some(layer) = awaited {
            self.request_key_frame(context, publication_key, Some(layer), now);
        }
    }

    /// Low-bandwidth mode is told by an attribute of the subscriber itself, so that a page can say so.
    fn tell_low_bandwidth(&mut self, context: &mut Context, key: ParticipantKey, now: Instant) {
        let Some(connection) = self.subscriber_connection(key) else { return };
        let Some(connection) = context.connections.get(connection) else { return };
        let estimator = connection.outgoing.estimator.as_ref();
        let estimate = estimator.filter(|one| one.is_informed()).and_then(|one| one.estimate_bps());
        let Some(participant) = self.participants.get_mut(key) else { return };
        if participant.line.turn(estimate, now) {
            self.announce(context, key);
        }
    }

    /// Begins a probe, or goes on with one.
    pub(super) fn probe(&mut self, context: &mut Context, key: ConnectionKey, now: Instant) {
        let Some(connection) = context.connections.get_mut(key).filter(|one| one.is_open()) else {
            return;
        };
        let was_probing =
            connection.outgoing.estimator.as_ref().is_some_and(|one| one.is_probing());
        if !connection.outgoing.begin_probe(now) {
            return;
        }
        let participant = connection.owner.participant;
        let Some(subscription) = self.padding_carrier(participant) else { return };
        let Some(subscription) = self.subscriptions.get_mut(subscription) else { return };
        let (Binding::Bound(pts), Some(rtx)) = (subscription.binding, &mut subscription.rtx) else {
            return;
        };
        let Some(pt) = pts.rtx else { return };
        let stream = PaddingStream { ssrc: rtx.ssrc, pt };
        let next = || {
            rtx.highest = ExtSeq(rtx.highest.0 + 1);
            rtx.highest
        };
        let clock = context.abs_send_time;
        let bytes = connection.send_padding(&mut context.egress, stream, next, clock, now);
        context.counters.probes += u64::from(!was_probing);
        context.counters.probe_bytes += bytes;
        if connection.outgoing.estimator.as_ref().is_some_and(|one| one.is_probing()) {
            connection.wake_by(now + PROBE_TICK, key, &mut context.timers);
        }
    }

    /// A subscription whose retransmission stream may carry padding.
    fn padding_carrier(&self, key: ParticipantKey) -> Option<SubscriptionKey> {
        let sections = &self.participants.get(key)?.subscriber.as_ref()?.sections;
        sections.iter().filter_map(super::subscriber::Section::subscription).find(|key| {
            self.subscriptions.get(*key).is_some_and(|one| {
                one.rtx.is_some() && matches!(one.binding, Binding::Bound(pts) if pts.rtx.is_some())
            })
        })
    }

    /// Adds this shard's lines to the gauges.
    pub(crate) fn count_lines(&self, context: &Context, counters: &mut Counters) {
        for participant in self.participants.values() {
            let connection = participant.subscriber.as_ref().map(|one| one.connection);
            let connection = connection.and_then(|key| context.connections.get(key));
            let estimator = connection.and_then(|one| one.outgoing.estimator.as_ref());
            let Some(bps) = estimator.and_then(|one| one.estimate_bps()) else { continue };
            counters.estimated_lines += 1;
            counters.estimates_bps += bps;
            counters.constrained_lines += u64::from(participant.line.is_constrained);
            counters.low_bandwidth_lines += u64::from(participant.line.is_low);
        }
    }

    /// A second has passed on a subscriber's connection.
    pub(super) fn on_line_second(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        now: Instant,
    ) {
        let Some(connection) = context.connections.get_mut(key) else { return };
        let participant = connection.owner.participant;
        let Some(estimator) = &mut connection.outgoing.estimator else { return };
        connection.outgoing.repair_bytes = match estimator.estimate_bps() {
            Some(bps) => (bps / 8 * REPAIR_PERCENT / 100).max(REPAIR_BYTES_MIN),
            None => u64::MAX,
        };
        if estimator.on_second(true, now) {
            context.counters.estimates_lowered += 1;
            self.allocate(context, participant, now);
        }
    }
}

/// What may be spent on pictures.
fn budget(connection: &Connection, sound_bps: u64, now: Instant) -> Budget {
    let Some(estimator) = &connection.outgoing.estimator else { return Budget::UNKNOWN };
    let estimate = match estimator.estimate_bps() {
        Some(estimate) => estimate,
        None if connection.outgoing.is_told_of() => START_BPS,
        None => return Budget::UNKNOWN,
    };
    let pictures_bps = estimate.saturating_sub(sound_bps);
    let raise_bps = if estimator.was_congested(RAISE_AFTER, now) {
        0
    } else {
        pictures_bps * RAISE_PERCENT / 100
    };
    let keep_bps =
        if estimator.is_informed() { pictures_bps * KEEP_PERCENT / 100 } else { u64::MAX };
    Budget { keep_bps, raise_bps }
}

/// The rate at which pictures are let onto a narrow line: more than they need, so that a key frame is soon through, and on
/// the narrowest hardly more, so that sound is not held up.
fn paced_bps(budget: Budget) -> u64 {
    let percent = if budget.keep_bps < PACED_NARROWLY_BPS { 110 } else { 150 };
    (budget.keep_bps * percent / 100).max(PACED_MIN_BPS)
}

fn top_bps(request: &Request) -> u64 {
    request.ladder.top().map_or(0, |rung| rung.bps)
}

fn count(context: &mut Context, before: Goal, goal: Goal) {
    let place = |goal: Goal| match goal.pace {
        Pace::Paused => (0, LayerIndex(0), 0),
        Pace::Stills => (1, goal.layer, goal.temporal),
        Pace::Running => (2, goal.layer, goal.temporal),
    };
    context.counters.pauses += u64::from(goal.pace == Pace::Paused);
    if place(goal) < place(before) {
        context.counters.layers_lowered += 1;
    } else {
        context.counters.layers_raised += 1;
    }
}

/// What a subscription costs as it is sent, or as it is to be sent.
fn current_bps(publication: &Publication, subscription: &Subscription, ladder: &Ladder) -> u64 {
    let stream = &subscription.stream;
    let sent = stream.layer().and_then(|layer| publication.layer(layer));
    let sent_bps = sent.map_or(0, |layer| layer.meter.bps(stream.temporal));
    let goal = stream.goal;
    let rungs = (0..ladder.len()).filter_map(|place| ladder.get(place));
    let meant = rungs
        .filter(|rung| {
            (rung.layer, rung.temporal, rung.pace) == (goal.layer, goal.temporal, goal.pace)
        })
        .map(|rung| rung.bps)
        .max();
    match goal.pace {
        Pace::Paused => 0,
        Pace::Stills => meant.unwrap_or(0),
        Pace::Running => sent_bps.max(meant.unwrap_or(0)),
    }
}

/// The ways of sending a publication that a subscriber's wishes leave, of layers that come.
fn ladder(publication: &Publication, settings: &TrackSettings, now: Instant) -> Ladder {
    let cap = cap(publication, settings);
    let live = || publication.layers.iter().filter(|layer| layer.is_active(now));
    let lowest = live().map(|layer| layer.index).min();
    let mut ladder = Ladder::default();
    // If only layers beyond the wish come, the least of them does.
    let is_wanted = |layer: &&Layer| layer.index <= cap || Some(layer.index) == lowest;
    for layer in live().filter(is_wanted) {
        let meter = &layer.meter;
        let declared = publication.info.layers.get(usize::from(layer.index.0));
        let all_bps = match meter.bps(ALL_FRAMES) {
            0 => declared.map_or(0, |one| one.bitrate_bps.into()),
            measured => measured,
        };
        let rung = |temporal, pace, bps| Rung { layer: layer.index, temporal, pace, bps };
        let is_lowest = Some(layer.index) == lowest;
        if is_lowest && publication.info.source != TrackSource::ScreenShare {
            ladder.push(rung(ALL_FRAMES, Pace::Stills, all_bps / STILL_DIVISOR));
        }
        let highest = meter.highest_temporal();
        let first = if is_lowest { 0 } else { highest.saturating_sub(1) };
        for temporal in first..highest {
            ladder.push(rung(temporal, Pace::Running, meter.bps(temporal)));
            if is_fast_enough(meter.fps(temporal), settings.fps) {
                return ladder;
            }
        }
        ladder.push(rung(ALL_FRAMES, Pace::Running, all_bps));
    }
    ladder
}

/// Whether so many frames a second are as many as are wanted; 0: no wish.
fn is_fast_enough(fps: u64, wanted: u32) -> bool {
    wanted > 0 && fps >= u64::from(wanted)
}

/// The highest layer that a subscriber wants (LiveKit's rules: by height if it gives one, else by quality).
pub(super) fn cap(publication: &Publication, settings: &TrackSettings) -> LayerIndex {
    let layers = &publication.info.layers;
    let highest = u8::try_from(layers.len().saturating_sub(1)).unwrap_or(0);
    let wanted = if settings.height > 0 && settings.width > 0 {
        by_height(layers, settings.height)
    } else {
        settings.quality.map(|quality| quality as u8)
    };
    LayerIndex(wanted.unwrap_or(highest).min(highest))
}

/// The lowest layer that is nearly as high; of two of one height the upper. `None`: the highest.
fn by_height(layers: &[VideoLayer], height: u32) -> Option<u8> {
    let wanted = height.saturating_mul(HEIGHT_PERCENT) / 100;
    let place = layers.iter().position(|layer| layer.height >= wanted && layer.height > 0)?;
    let found = layers.get(place)?.height;
    let same = layers.iter().skip(place).take_while(|layer| layer.height == found).count();
    u8::try_from(place + same - 1).ok()
}

/// What a new subscription aims at, before anything is known of the line: a picture soon, and no burst.
pub(super) fn first_goal(
    is_adaptive: bool,
    publication: &Publication,
    settings: &TrackSettings,
) -> Goal {
    let first = LayerIndex(u8::from(!is_adaptive));
    Goal::all_of(if publication.info.layers.len() > 1 {
        first.min(cap(publication, settings))
    } else {
        LayerIndex(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::info::VideoQuality;

    fn layers(heights: &[u32]) -> Vec<VideoLayer> {
        let layer = |(index, height): (usize, &u32)| VideoLayer {
            quality: [VideoQuality::Low, VideoQuality::Medium, VideoQuality::High][index],
            width: height * 16 / 9,
            height: *height,
            bitrate_bps: 0,
            ssrc: 0,
        };
        heights.iter().enumerate().map(layer).collect()
    }

    #[test]
    fn a_height_asks_for_the_lowest_layer_that_nearly_has_it() {
        for (heights, asked, wanted) in [
            (&[180, 360, 720][..], 100, Some(0)),
            (&[180, 360, 720], 200, Some(0)),
            (&[180, 360, 720], 201, Some(1)),
            (&[180, 360, 720], 400, Some(1)),
            (&[180, 360, 720], 720, Some(2)),
            (&[180, 360, 720], 1080, None),
            (&[360, 360, 720], 300, Some(1)),
            (&[0, 0, 0], 300, None),
        ] {
            assert_eq!(by_height(&layers(heights), asked), wanted, "{heights:?} {asked}");
        }
    }
}
