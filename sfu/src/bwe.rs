//! Bandwidth estimation: how much the line to one subscriber carries, told from what its feedback says of what was sent.
//!
//! ```text
//!   send ──► sent ───┐
//!                    ├─► throughput ─┐
//!   feedback ────────┼─► delay ──────┼─► Estimator ──► bits a second, for room/allocate
//!                    ├─► longer way ─┤
//!                    ├─► loss ───────┤
//!                    └─► probe ◄─────┘      padding, when more is wanted than is known to fit
//! ```
//!
//! Own code after published designs (draft-ietf-rmcat-gcc-02 and what is known of its successors); docs/QUALITY.md says
//! what differs and why. Pure: feedback and `now` in, an estimate out. Work happens per feedback; a packet costs one
//! store. Owns no socket, no timer, and knows no room.

pub mod delay;
pub mod longer_way;
pub mod loss;
pub mod probe;
pub mod sent;
pub mod throughput;

use std::time::{Duration, Instant};

use self::{
    delay::{DelayDetector, Signal},
    longer_way::{Before, Watch},
    loss::{LossDetector, Verdict},
    probe::Prober,
    sent::{Fate, SentPackets},
    throughput::Throughput,
};
use crate::rtp::twcc::reader;

/// What a line is taken to carry before it has said anything: a medium picture and sound, which most lines carry. Until
/// there is evidence nothing is paused for it.
const START_BPS: u64 = 1_000_000;

/// Bounds: sound alone, and more than a room of 64 shows.
const MIN_BPS: u64 = 30_000;
const MAX_BPS: u64 = 100_000_000;

/// After congestion so much of what came through is asked of the line, in percent: the rest lets the queue drain.
const DECREASE_PERCENT: u64 = 90;

/// After a step less, for the time that it takes to see whether there was a queue: if there was, it drains.
const STEP_PERCENT: u64 = 70;

/// On narrower lines our own bursts make steps, and there is little to go back to.
const WATCHED_MIN_BPS: u64 = 300_000;

/// A trend alone, with less of a queue than that, may be jitter: it lowers the estimate to no less than this part of itself,
/// now and then, and is no limit of the line.
const TREND_PERCENT: u64 = 93;
const TREND_QUEUE_US: i64 = 80_000;
const TREND_INTERVAL: Duration = Duration::from_millis(600);

/// A second decrease within [`SETTLING`] is made only if it goes below this part of the first, and goes no lower than the
/// other: a window of some packets tells a rate only so exactly, and what arrives when little is sent is that little, and
/// not what the line carries.
const AGAIN_BELOW_PERCENT: u64 = 75;
const AGAIN_PERCENT: u64 = 40;

const SETTLING: Duration = Duration::from_millis(1000);

/// Who sends less than so much of the estimate, in percent, and of that at least so much comes through, has not shown what the
/// line carries: a receiver that is busy for a moment looks like a queue. Such a step asks for [`STEP_PERCENT`] of the
/// estimate, once in [`SETTLING`].
const IDLE_PERCENT: u64 = 12;
const THROUGH_PERCENT: u64 = 30;

/// Shortest time between two decreases: a feedback and its round trip must show what the first has done.
const DECREASE_INTERVAL: Duration = Duration::from_millis(100);
const DECREASE_INTERVAL_MAX: Duration = Duration::from_millis(400);

/// After a decrease nothing is raised for so long.
const HOLD: Duration = Duration::from_millis(300);

/// Growth a second in percent: far from any limit that is known, and near it.
const GROWTH_PERCENT: u64 = 15;
const GROWTH_NEAR_PERCENT: u64 = 4;

/// By itself an estimate goes so far beyond a limit, in percent: more is for probes to find.
const BEYOND_PERCENT: u64 = 5;

/// An estimate is not raised beyond so much of what arrives, in percent: more was never tried, and is for probes to find.
const UNTRIED_PERCENT: u64 = 120;
const UNTRIED_BPS: u64 = 10_000;

/// Within this part of the last limit, in percent, growth is slow; beyond it the limit is forgotten.
const NEAR_PERCENT: u64 = 20;

/// Feedback comes ten times a second. After a second without any, nothing is known.
const SILENCE: Duration = Duration::from_millis(1500);

/// Silence alone lowers an estimate to no less than this: it may be the way back that is gone, and when it comes back a
/// picture is to be there soon.
const SILENT_BPS: u64 = 300_000;

/// How much more than is known is probed for at once: before the line has shown a limit, and afterwards.
const PROBE_FACTOR_FIRST: u64 = 3;
const PROBE_FACTOR: u64 = 2;

/// Below this a probe asks for half as much more only: its queue would be heard.
const PROBE_GENTLY_BPS: u64 = 200_000;

/// A probe asks for a little more than is wanted, in percent, and is sent only if less than the other is known to fit.
const PROBE_WANTED_PERCENT: u64 = 115;
const PROBE_BELOW_PERCENT: u64 = 107;

/// No probe while so much waits in the queue.
const PROBE_QUEUE_US: i64 = 40_000;

/// A way becomes longer twice within this time so seldom that the second is a queue.
const LONGER_AGAIN: Duration = Duration::from_secs(10);

/// A queue that has become shorter by so much within a feedback drains: let it.
const DRAINED_US: i64 = 10_000;

/// What a feedback changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing that must be acted upon at once.
    Little,
    /// The line carries less.
    Less,
    /// A probe found room for more.
    More,
}

/// A feedback could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// See the module.
#[derive(Debug)]
pub struct Estimator {
    started: Instant,
    bps: u64,
    /// What the line carried when it was last at its limit.
    limit_bps: Option<u64>,
    /// The line has shown a limit at some time.
    is_informed: bool,
    /// Receiver's own estimate, for those who send no transport-wide feedback.
    remb_bps: Option<u64>,
    /// A limit that is not there, for an application to be tried with.
    simulated_bps: Option<u64>,
    wanted_bps: u64,
    throughput: Throughput,
    /// Of the same packets, when they were sent.
    sending: Throughput,
    delay: DelayDetector,
    loss: LossDetector,
    prober: Prober,
    decreased: Option<Instant>,
    updated: Instant,
    heard: Option<Instant>,
    rtt: Option<Duration>,
    /// Newest arrival, in ticks as told and as counted on.
    tick: Option<(u32, i64)>,
    signal: Signal,
    /// Bits that wait on a line that carries the estimate, and when the last packet was sent.
    waiting: (u64, i64),
    /// After a step: whether there was a queue at all.
    watch: Option<Watch>,
    went_back: Option<Instant>,
    /// What was sent before this has been answered for: the estimate was lowered since.
    answered_us: i64,
    /// Some padding has come. Until then the receiver may not take any, and that it is missing says nothing of the line.
    takes_padding: bool,
}

impl Estimator {
    /// Nothing is known of the line.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            started: now,
            bps: START_BPS,
            limit_bps: None,
            is_informed: false,
            remb_bps: None,
            simulated_bps: None,
            wanted_bps: 0,
            throughput: Throughput::default(),
            sending: Throughput::default(),
            delay: DelayDetector::default(),
            loss: LossDetector::new(now),
            prober: Prober::new(now),
            decreased: None,
            updated: now,
            heard: None,
            rtt: None,
            tick: None,
            signal: Signal::Normal,
            waiting: (0, 0),
            watch: None,
            went_back: None,
            answered_us: 0,
            takes_padding: false,
        }
    }

    /// What the line carries, in bits a second; `None` while nobody has said anything of it.
    #[must_use]
    pub fn estimate_bps(&self) -> Option<u64> {
        let own = self.heard.map(|_| self.bps);
        [own, self.remb_bps, self.simulated_bps].into_iter().flatten().min()
    }

    /// Does as if the line carried no more than this; `None` ends it.
    pub fn simulate(&mut self, bps: Option<u64>) {
        self.simulated_bps = bps;
    }

    /// Whether the line has ever shown a limit: before, an estimate is a lower bound and no reason to withhold anything.
    #[must_use]
    pub fn is_informed(&self) -> bool {
        self.is_informed || self.remb_bps.is_some() || self.simulated_bps.is_some()
    }

    /// Whether the line was congested within the last time of this length.
    #[must_use]
    pub fn was_congested(&self, within: Duration, now: Instant) -> bool {
        self.decreased.is_some_and(|at| now.saturating_duration_since(at) < within)
    }

    /// Round trip, the receiver's wait before it sends feedback included.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Share of packets that are lost, in thousandths.
    #[must_use]
    pub fn loss_permille(&self) -> u32 {
        self.loss.loss_permille()
    }

    /// What arrives, in bits a second.
    #[must_use]
    pub fn arriving_bps(&self) -> Option<u64> {
        self.throughput.long_bps()
    }

    /// So much would be sent if the line carried it: what is worth probing for.
    pub fn set_wanted(&mut self, wanted_bps: u64) {
        self.wanted_bps = wanted_bps;
    }

    /// The receiver says how much it can take (REMB).
    pub fn on_remb(&mut self, bps: u64) -> Turn {
        let before = self.estimate_bps();
        self.remb_bps = Some(bps.clamp(MIN_BPS, MAX_BPS));
        match (before, self.estimate_bps()) {
            (Some(before), Some(after)) if after > before => Turn::More,
            (before, Some(after)) if before.is_none_or(|before| after < before) => Turn::Less,
            _ => Turn::Little,
        }
    }

    /// Takes a feedback, from its base sequence number on. `clock` is the running `abs-send-time`. O(packets told of).
    ///
    /// # Errors
    /// When it cannot be read; nothing has changed then.
    pub fn on_feedback(
        &mut self,
        raw: &[u8],
        sent: &mut SentPackets,
        clock: u32,
        now: Instant,
    ) -> Result<Turn, Broken> {
        if self.try_glance(raw, sent, clock, now) {
            return Ok(Turn::Little);
        }
        let arrivals = reader::read(raw).ok_or(Broken)?;
        let now_us = micros(now.saturating_duration_since(self.started));
        let (mut last, mut worst) = (None, Signal::Normal);
        let mut verdict = None;
        let queue_before = self.delay.queue_us();
        for told in arrivals {
            let is_received = told.arrival.is_some();
            let Some(packet) = sent.take(told.seq, is_received, clock) else { continue };
            last = Some(told.seq);
            self.takes_padding |= packet.is_padding && is_received;
            if packet.is_padding && !self.takes_padding {
                continue;
            }
            let sent_us = now_us - i64::from(packet.age_us);
            if packet.before == Fate::Unknown {
                self.sending.on_arrival(sent_us, packet.len.into());
            }
            let expected_us = self.expect(packet.len, sent_us, packet.before);
            let Some(tick) = told.arrival else {
                if packet.before == Fate::Unknown && sent_us > self.answered_us {
                    self.loss.on_told(true);
                    if let Some(watch) = &mut self.watch {
                        watch.on_lost(sent_us);
                    }
                }
                continue;
            };
            match packet.before {
                Fate::Received => continue,
                Fate::Missing => self.loss.on_late(),
                Fate::Unknown if sent_us <= self.answered_us => {}
                Fate::Unknown => self.loss.on_told(false),
            }
            let arrival_us = self.arrival_us(tick);
            self.throughput.on_arrival(arrival_us, packet.len.into());
            self.prober.on_arrival(told.seq, packet.len, sent_us, arrival_us);
            if verdict.is_none()
                && let Some(watch) = &mut self.watch
            {
                verdict = watch.on_packet(sent_us, arrival_us, packet.len);
            }
            if let Some(signal) = self.delay.on_packet(sent_us, arrival_us, expected_us) {
                worst = worse(worst, signal);
            }
            self.note_rtt(Duration::from_micros(packet.age_us.into()));
        }
        let Some(last) = last else { return Ok(Turn::Little) };
        if self.delay.queue_us() + DRAINED_US < queue_before && worst != Signal::Normal {
            worst = Signal::Underuse;
        }
        self.heard = Some(now);
        match verdict {
            Some(true) => {
                self.go_back(now);
                return Ok(Turn::More);
            }
            Some(false) => self.on_queue(),
            None => {}
        }
        self.signal = worst;
        Ok(self.update(worst, last, now))
    }

    /// Takes a feedback without looking at each packet, if the line carries all that is wanted and this says nothing else:
    /// all came, the last as soon as any. Most feedback is so, and a room of a hundred listeners sends much of it.
    fn try_glance(&mut self, raw: &[u8], sent: &mut SentPackets, clock: u32, now: Instant) -> bool {
        let is_content = self.heard.is_some()
            && self.signal == Signal::Normal
            && self.bps >= self.wanted_bps * PROBE_BELOW_PERCENT / 100
            && self.loss.loss_permille() == 0
            && !self.prober.is_felt(now);
        if !is_content {
            return false;
        }
        let Some(all) = reader::all_came(raw) else { return false };
        let last = all.first.wrapping_add(all.count - 1);
        let Some(packet) = sent.peek(last, clock) else { return false };
        let sent_us =
            micros(now.saturating_duration_since(self.started)) - i64::from(packet.age_us);
        let arrival_us = self.peek_arrival_us(all.last_arrival);
        if !self.delay.try_glance(sent_us, arrival_us) {
            return false;
        }
        self.arrival_us(all.last_arrival);
        let bytes = sent.bytes_between(all.first, last.wrapping_add(1));
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.throughput.on_arrival(arrival_us, bytes);
        self.sending.on_arrival(sent_us, bytes);
        self.loss.on_all_came(all.count);
        self.loss.judge(0, now);
        self.note_rtt(Duration::from_micros(packet.age_us.into()));
        self.waiting = (0, sent_us);
        self.heard = Some(now);
        self.updated = now;
        true
    }

    /// A second has passed: without feedback the line may carry nothing any more. Answers whether the estimate fell.
    pub fn on_second(&mut self, is_sending: bool, now: Instant) -> bool {
        let is_silent =
            self.heard.is_some_and(|heard| now.saturating_duration_since(heard) > SILENCE);
        if !is_sending || !is_silent || self.bps <= SILENT_BPS {
            return false;
        }
        self.lower((self.bps / 2).max(SILENT_BPS), now);
        true
    }

    /// The rate of a probe that should begin now.
    #[must_use]
    pub fn probe_bps(&self, now: Instant) -> Option<u64> {
        let is_heard =
            self.heard.is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(1));
        let wanted = self.wanted_bps * PROBE_WANTED_PERCENT / 100;
        // A REMB binds whatever a probe would find.
        let is_capped = self.remb_bps.is_some_and(|remb| remb <= self.bps);
        if !is_heard
            || is_capped
            || self.wanted_bps * PROBE_BELOW_PERCENT / 100 <= self.bps
            || self.signal != Signal::Normal
            || self.delay.queue_us() > PROBE_QUEUE_US
            || !self.prober.is_ready(now)
        {
            return None;
        }
        let most = match self.is_informed {
            true if self.bps < PROBE_GENTLY_BPS => self.bps * 3 / 2,
            true => self.bps * PROBE_FACTOR,
            false => self.bps * PROBE_FACTOR_FIRST,
        };
        Some(wanted.min(most).min(MAX_BPS))
    }

    /// The probe under way, or to be.
    pub fn prober(&mut self) -> &mut Prober {
        &mut self.prober
    }

    /// Whether padding of a probe is being sent. Hot enough to be cheap.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        self.prober.is_sending()
    }

    fn update(&mut self, signal: Signal, told: u16, now: Instant) -> Turn {
        let before = self.bps;
        match signal {
            // Its own probe may well have filled the queue for a moment.
            Signal::Overuse if self.prober.is_felt(now) => {}
            Signal::Overuse | Signal::Step => self.on_overuse(signal, now),
            Signal::Underuse => {}
            Signal::Normal => self.grow(now),
        }
        self.updated = now;
        if let Verdict::Congested(excess) = self.loss.judge(self.delay.queue_us(), now)
            && let Some(arriving) = self.throughput.long_bps()
        {
            // Half of what is lost too much.
            let kept = 1000 - u64::from(excess.min(1000)) / 2;
            self.lower(self.bps.min(arriving * 11 / 10) * kept / 1000, now);
        }
        let mut found_more = false;
        if let Some(found) = self.prober.poll(told, now) {
            let rate = if found.is_limit { found.rate_bps * 92 / 100 } else { found.rate_bps };
            if found.is_limit {
                self.is_informed = true;
                self.limit_bps = Some(found.rate_bps);
            }
            if rate > self.bps {
                self.bps = rate.min(MAX_BPS);
                found_more = true;
            }
        }
        match self.bps {
            bps if bps < before => Turn::Less,
            _ if found_more => Turn::More,
            _ => Turn::Little,
        }
    }

    fn on_overuse(&mut self, signal: Signal, now: Instant) {
        let since = self.decreased.map(|at| now.saturating_duration_since(at));
        let rtt = self.rtt.unwrap_or_default().clamp(DECREASE_INTERVAL, DECREASE_INTERVAL_MAX);
        if since.is_some_and(|since| since < rtt) {
            return;
        }
        let (Some(long), Some(short)) = (self.throughput.long_bps(), self.throughput.short_bps())
        else {
            return;
        };
        // While a step is watched only what grows or overflows is answered: that less comes is because less is sent.
        if self.watch.is_some_and(|watch| !watch.is_refuted(self.delay.queue_us())) {
            return;
        }
        let arriving = if signal == Signal::Step { short.min(long) } else { long };
        let is_again =
            self.went_back.is_some_and(|at| now.saturating_duration_since(at) < LONGER_AGAIN);
        let is_watched = signal == Signal::Step && !is_again && self.bps >= WATCHED_MIN_BPS;
        let percent = match is_watched && arriving >= WATCHED_MIN_BPS {
            true => STEP_PERCENT,
            false => DECREASE_PERCENT,
        };
        let mut wanted = arriving * percent / 100;
        if self.is_idle(long) {
            if since.is_none_or(|since| since >= SETTLING) {
                self.lower(wanted.max(self.bps * STEP_PERCENT / 100), now);
            }
            return;
        }
        if signal == Signal::Overuse && self.delay.queue_us() < TREND_QUEUE_US {
            if since.is_none_or(|since| since >= TREND_INTERVAL) {
                wanted = wanted.max(self.bps * TREND_PERCENT / 100);
                self.lower(wanted.min(self.bps), now);
            }
            return;
        }
        if since.is_some_and(|since| since < SETTLING) {
            if wanted * 100 > self.bps * AGAIN_BELOW_PERCENT {
                return;
            }
            wanted = wanted.max(self.bps * AGAIN_PERCENT / 100);
        }
        if wanted < self.bps {
            let before = match self.watch.take() {
                Some(watch) if since.is_some_and(|since| since < SETTLING) => watch.before,
                _ => {
                    let Self { bps, limit_bps, is_informed, .. } = *self;
                    Before { bps, limit_bps, is_informed }
                }
            };
            self.limit_bps = Some(arriving);
            self.lower(wanted, now);
            if is_watched {
                let (now_us, queue_us) = (self.answered_us, self.delay.queue_us());
                let base_us = self.delay.base_us();
                self.watch =
                    base_us.map(|base| Watch::new(before, arriving, (base, queue_us), now_us));
            }
        }
    }

    /// Whether so little is sent, and so much of it comes, that neither says what the line carries.
    fn is_idle(&self, arriving_bps: u64) -> bool {
        self.sending.long_bps().is_some_and(|sent| {
            sent * 100 < self.bps * IDLE_PERCENT && arriving_bps * 100 >= sent * THROUGH_PERCENT
        })
    }

    /// There was a queue. What was held back for it to drain is sent from now on, if it has.
    fn on_queue(&mut self) {
        self.watch = None;
        if self.delay.queue_us() <= PROBE_QUEUE_US
            && let Some(limit) = self.limit_bps
        {
            self.bps = self.bps.max(limit * DECREASE_PERCENT / 100);
        }
    }

    /// There was no queue: the way has become longer, and the line carries what it did.
    fn go_back(&mut self, now: Instant) {
        let Some(Watch { before: Before { bps, limit_bps, is_informed }, .. }) = self.watch.take()
        else {
            return;
        };
        self.bps = self.bps.max(bps);
        (self.limit_bps, self.is_informed) = (limit_bps, is_informed);
        (self.decreased, self.went_back) = (None, Some(now));
        self.signal = Signal::Normal;
        self.delay.begin_anew();
    }

    fn lower(&mut self, bps: u64, now: Instant) {
        self.bps = bps.clamp(MIN_BPS, self.bps);
        self.is_informed = true;
        self.decreased = Some(now);
        self.answered_us = micros(now.saturating_duration_since(self.started));
        self.prober.on_decrease(now);
    }

    fn grow(&mut self, now: Instant) {
        if self.was_congested(HOLD, now) {
            return;
        }
        let Some(arriving) = self.throughput.long_bps() else { return };
        let elapsed = now.saturating_duration_since(self.updated).min(Duration::from_millis(500));
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(0);
        if let Some(limit) = self.limit_bps
            && self.bps > limit * (100 + NEAR_PERCENT) / 100
        {
            self.limit_bps = None;
        }
        let is_near =
            self.limit_bps.is_some_and(|limit| self.bps >= limit * (100 - NEAR_PERCENT) / 100);
        let percent = if is_near { GROWTH_NEAR_PERCENT } else { GROWTH_PERCENT };
        let step = self.bps * percent * elapsed_ms / 100_000;
        let beyond = self.limit_bps.map_or(MAX_BPS, |limit| limit * (100 + BEYOND_PERCENT) / 100);
        let tried = (arriving * UNTRIED_PERCENT / 100 + UNTRIED_BPS).min(beyond);
        self.bps = self.bps.max((self.bps + step).min(tried));
    }

    /// How long a packet must wait behind those before it on a line that carries the estimate.
    fn expect(&mut self, len: u16, sent_us: i64, before: Fate) -> i64 {
        let (bits, at) = self.waiting;
        let elapsed = u64::try_from(sent_us - at).unwrap_or(0).min(10_000_000);
        let left = bits.saturating_sub(self.bps * elapsed / 1_000_000);
        if before == Fate::Unknown {
            self.waiting = (left + 8 * u64::from(len), at.max(sent_us));
        }
        i64::try_from(left * 1_000_000 / self.bps.max(1)).unwrap_or(i64::MAX)
    }

    fn note_rtt(&mut self, sample: Duration) {
        // The least tells most: feedback waits for its turn. It is forgotten slowly, as routes change.
        self.rtt = Some(match self.rtt {
            Some(rtt) if sample > rtt => rtt + (sample - rtt) / 64,
            _ => sample,
        });
    }

    fn arrival_us(&mut self, tick: u32) -> i64 {
        let arrival_us = self.peek_arrival_us(tick);
        self.tick = Some((tick, arrival_us / 250));
        arrival_us
    }

    fn peek_arrival_us(&self, tick: u32) -> i64 {
        let counted = self.tick.map_or(0, |(last, counted)| {
            counted + i64::from(tick.wrapping_sub(last).cast_signed())
        });
        counted * 250
    }
}

/// A step that is over by the last group is not one any more; a trend at any time counts.
fn worse(one: Signal, other: Signal) -> Signal {
    match (one, other) {
        (_, Signal::Step) => Signal::Step,
        (Signal::Overuse, _) | (_, Signal::Overuse) => Signal::Overuse,
        (_, latest) => latest,
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
