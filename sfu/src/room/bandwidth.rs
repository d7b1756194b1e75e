//! A subscriber's line, and what it is used for: estimates come in from feedback, goals of subscriptions go out.
//!
//! Gathers what `allocate` must know, and carries out what it decides: goals, pauses, requests for key frames, probes.
//! Runs a few times a second for each subscriber and at once when its line carries less; never for a packet.

use std::time::{Duration, Instant};

use super::{
    Room,
    allocate::{self, Budget, Pace, Rank, Request},
    ladder::{current_bps, ladder},
    layer_switch,
    line::{LineState, RAISE_AFTER},
    publication::Publication,
    subscription::{ALL_FRAMES, Binding, Goal},
};
use crate::{
    bwe::Turn,
    connection::{
        Connection,
        outgoing::{PROBE_TICK, PaddingStream},
    },
    context::Context,
    drop_reason::DropReason,
    keys::{ConnectionKey, LayerIndex, ParticipantKey, PublicationKey, SubscriptionKey},
    metrics::Counters,
    rtp::ids::ExtSeq,
    words::{command::TrackSettings, event::Message},
};
use protocol::permission::TrackSource;

/// What a line is taken to carry until its feedback says otherwise: see `bwe`.
const START_BPS: u64 = 1_000_000;

/// Part of the budget that may be used by what is raised, in percent, and on narrow lines, of which sound needs the rest.
const RAISE_PERCENT: u64 = 95;
const RAISE_NARROW_PERCENT: u64 = 80;

/// All that is wanted fits easily if it takes no more of the estimate than this, in percent.
const EASY_PERCENT: u64 = 90;

const RAISE_NARROW_BPS: u64 = 200_000;

/// What is sent may cost so much of its part of the estimate, in percent, before it is lowered: rates of layers waver by
/// that, and a line that carries less says so again at once.
const KEEP_PERCENT: u64 = 110;

/// What is sent beyond the budget by more than this, in percent, is ended at once, and not only when the next layer's key
/// frame has come: most of it would be lost, and hold up the rest.
const HOLD_PERCENT: u64 = 125;

/// What a line that loses much is given at most: small frames.
const LOSSY_BPS: u64 = 250_000;

/// Part of an estimate that may go to retransmissions within a second, in percent, and the least of it in bytes.
const REPAIR_PERCENT: u64 = 40;
const REPAIR_BYTES_MIN: u64 = 8 * 1024;

/// Pictures are let onto a line in good order when it carries less of them than this, and less than is wanted.
const PACED_BELOW_BPS: u64 = 1_500_000;
const PACED_NARROWLY_BPS: u64 = 300_000;
const PACED_MIN_BPS: u64 = 16_000;

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
        let Some(participant) = self.participants.get_mut(key) else { return };
        // Who changes its mind more often waits for the window's end, like everybody.
        if !participant.line.may_change(now) {
            context.drop_count(DropReason::FeedbackExcess);
            return;
        }
        if change == Turn::Less {
            participant.line.on_congested(now);
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
        let estimate = one.outgoing.estimator.as_ref().and_then(|one| one.estimate_bps());
        let Some(line) = self.participants.get_mut(key).map(|one| &mut one.line) else { return };
        line.settle(estimate, one.loss_permille(), sound_bps);
        let line = *line;
        let sound_bps = line.sound_cost(sound_bps);
        // Where all that is wanted fits easily, what failed before says nothing any more.
        let is_easy = estimate.is_some_and(|bps| bps / 100 * EASY_PERCENT >= wanted + sound_bps);
        let wait = if is_easy { RAISE_AFTER } else { line.raise_after() };
        let budget = budget(one, sound_bps, wait, now).within(line.is_lossy.then_some(LOSSY_BPS));
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
        self.set_sound(key, line);
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

    /// How often sound is sent to a subscriber.
    fn set_sound(&mut self, key: ParticipantKey, line: LineState) {
        let Some(participant) = self.participants.get(key) else { return };
        for section in participant.subscriber.iter().flat_map(|one| &one.sections) {
            if let Some(key) = section.subscription()
                && let Some(subscription) = self.subscriptions.get_mut(key)
            {
                subscription.is_plain_sound = line.is_sound_plain;
                subscription.is_sound_doubled = line.is_sound_doubled && subscription.rtx.is_none();
            }
        }
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
            if count(context, before, goal)
                && let Some(participant) = self.participants.get_mut(subscriber)
            {
                participant.line.on_raised(now);
            }
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
        let Some(subscription) = self.padding_carrier(participant) else {
            // Nothing can carry it: a probe that is never sent would never end either.
            connection.outgoing.give_up_probe(now);
            return;
        };
        let Some(subscription) = self.subscriptions.get_mut(subscription) else { return };
        let (Binding::Bound(pts), Some(rtx)) = (subscription.binding, &mut subscription.rtx) else {
            return;
        };
        let Some(pt) = pts.rtx else { return };
        let stream = PaddingStream { ssrc: rtx.ssrc, pt, mid: subscription.mid };
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
fn budget(connection: &Connection, sound_bps: u64, raise_after: Duration, now: Instant) -> Budget {
    let Some(estimator) = &connection.outgoing.estimator else { return Budget::UNKNOWN };
    let estimate = match estimator.estimate_bps() {
        Some(estimate) => estimate,
        None if connection.outgoing.is_told_of() => START_BPS,
        None => return Budget::UNKNOWN,
    };
    let pictures_bps = estimate.saturating_sub(sound_bps);
    let raise_bps = if estimator.was_congested(raise_after, now) {
        0
    } else {
        let percent =
            if pictures_bps < RAISE_NARROW_BPS { RAISE_NARROW_PERCENT } else { RAISE_PERCENT };
        pictures_bps * percent / 100
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

/// Counts a change; answers whether it is one for the better.
fn count(context: &mut Context, before: Goal, goal: Goal) -> bool {
    let place = |goal: Goal| match goal.pace {
        Pace::Paused => (0, LayerIndex(0), 0),
        Pace::Stills => (1, goal.layer, goal.temporal),
        Pace::Running => (2, goal.layer, goal.temporal),
    };
    context.counters.pauses += u64::from(goal.pace == Pace::Paused);
    let is_raised = place(goal) > place(before);
    if is_raised {
        context.counters.layers_raised += 1;
    } else {
        context.counters.layers_lowered += 1;
    }
    is_raised
}
