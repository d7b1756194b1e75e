//! Whether the queue in front of the narrowest link grows: told from how much later each group of packets comes than it
//! was sent, compared with the group before.
//!
//! ```text
//!   sent     |a|a|      |b|        |c|c|
//!   arrived     |a|a|      |b|          |c|c|
//!   delay        20         20           35      growing: the link is overused
//! ```
//!
//! Two looks at the same delays. The *trend* is the slope of a line through the last groups, against a threshold that
//! follows how much the slope wavers anyway (the published design of Google Congestion Control: draft-ietf-rmcat-gcc,
//! Carlucci et al. 2017); it finds slow growth. The *step* compares with the least delay of the last seconds; it finds a
//! line that has suddenly become narrow within one feedback, for which the trend needs a quarter of a second more.
//!
//! What a burst of our own must wait for on a line that carries the estimate is no growth: `expected_us` is taken off each
//! delay, as far as there is one. Else each key frame would look like congestion.
//!
//! Pure: times in microseconds, those of arrival by the receiver's clock with any offset.

/// Packets sent within this time are one group: a frame leaves in one burst.
const GROUP_US: i64 = 5_000;

/// Groups that the line is drawn through: a quarter of a second of a call.
const WINDOW: usize = 20;

/// Weight of what the accumulated delay was before.
const SMOOTHING: f64 = 0.9;

/// The slope is small; the threshold is in the milliseconds of the published design.
const GAIN: f64 = 4.0;

/// Bounds and start of the threshold, in milliseconds.
const THRESHOLD: f64 = 12.5;
const THRESHOLD_MIN: f64 = 6.0;
const THRESHOLD_MAX: f64 = 600.0;

/// How fast the threshold follows what is above and below it, a millisecond.
const GAIN_UP: f64 = 0.0087;
const GAIN_DOWN: f64 = 0.039;

/// A slope so far above the threshold is congestion and not wavering: the threshold does not follow it.
const OUTLIER: f64 = 15.0;

/// The slope must be above the threshold for so long.
const OVERUSE_US: i64 = 10_000;

/// A delay that has grown by so much since the last seconds is a line that has become narrow. Key frames of small layers
/// wait for less in their own queue.
const STEP_US: i64 = 100_000;

/// Or by so much, for so long.
const STEP_LASTING_US: i64 = 70_000;
const STEP_LASTING_FOR_US: i64 = 200_000;

/// A packet that waited for less than this beyond the least delay says that no queue grows.
const UNUSUAL_US: i64 = 15_000;

/// A delay that differs by so much from one packet to the next is a clock that stood still, the shard's or the receiver's, or
/// a line that was gone: what was measured before says nothing of what comes after.
const STOP_US: i64 = 900_000;

/// How long a least delay is remembered, in two halves: for steps, and for what waits in the queue at all.
const STEP_MEMORY_US: i64 = 1_500_000;
const BASE_MEMORY_US: i64 = 10_000_000;

/// What the delays say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signal {
    /// The queue neither grows nor shrinks.
    #[default]
    Normal,
    /// It grows slowly.
    Overuse,
    /// It has grown by a step.
    Step,
    /// It shrinks: let it.
    Underuse,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent: i64,
    last_arrival: i64,
    /// Least delay of its packets, as they came.
    raw: i64,
    /// Least delay of its packets and that of the last, what was expected taken off.
    delay: i64,
    last_delay: i64,
}

/// See the module.
#[derive(Debug)]
pub struct DelayDetector {
    group: Option<Group>,
    previous: Option<Group>,
    first_arrival: i64,
    /// Arrival in milliseconds and smoothed delay, oldest first from `next` on.
    points: [(f64, f64); WINDOW],
    next: usize,
    count: usize,
    accumulated: f64,
    smoothed: f64,
    threshold: f64,
    slope_before: f64,
    over_since: Option<i64>,
    /// Since when the delay has been beyond [`STEP_LASTING_US`].
    stepped_since: Option<i64>,
    recent: Least,
    /// Of delays as they came.
    base: Least,
    raw: i64,
}

impl Default for DelayDetector {
    fn default() -> Self {
        Self {
            group: None,
            previous: None,
            first_arrival: 0,
            points: [(0.0, 0.0); WINDOW],
            next: 0,
            count: 0,
            accumulated: 0.0,
            smoothed: 0.0,
            threshold: THRESHOLD,
            slope_before: 0.0,
            over_since: None,
            stepped_since: None,
            recent: Least::new(STEP_MEMORY_US),
            base: Least::new(BASE_MEMORY_US),
            raw: 0,
        }
    }
}

impl DelayDetector {
    /// Notes a packet that arrived, in the order of sending. A group is judged when the next one begins: that answers what
    /// the delays say now.
    pub fn on_packet(&mut self, sent_us: i64, arrival_us: i64, expected_us: i64) -> Option<Signal> {
        let raw = arrival_us - sent_us;
        if self.group.is_some_and(|group| (raw - group.raw).abs() >= STOP_US) {
            self.begin_anew();
        }
        let waited = self.base.value().map_or(0, |base| (raw - base).max(0));
        let delay = raw - expected_us.clamp(0, waited);
        let next =
            Group { first_sent: sent_us, last_arrival: arrival_us, raw, delay, last_delay: delay };
        let Some(group) = &mut self.group else {
            self.first_arrival = arrival_us;
            self.group = Some(next);
            return None;
        };
        if sent_us < group.first_sent {
            // It was told late; its group has been judged.
            return None;
        }
        if sent_us - group.first_sent <= GROUP_US {
            group.last_arrival = group.last_arrival.max(arrival_us);
            group.raw = group.raw.min(raw);
            group.delay = group.delay.min(delay);
            group.last_delay = delay;
            return None;
        }
        let done = std::mem::replace(group, next);
        let signal = self.judge(done);
        self.previous = Some(done);
        Some(signal)
    }

    /// What was measured says nothing of what comes.
    pub fn begin_anew(&mut self) {
        *self = Self { threshold: self.threshold, ..Self::default() };
    }

    /// A packet that came as soon as any has lately needs no judgement: remembers that. `false`: it did not, judge each.
    pub fn try_glance(&mut self, sent_us: i64, arrival_us: i64) -> bool {
        let raw = arrival_us - sent_us;
        let Some(base) = self.base.value() else { return false };
        if raw > base + UNUSUAL_US {
            return false;
        }
        self.raw = raw;
        self.base.put(raw, arrival_us);
        self.recent.put(raw, arrival_us);
        true
    }

    /// How long the last group waited in queues beyond the least of the last ten seconds.
    #[must_use]
    pub fn queue_us(&self) -> i64 {
        self.base.value().map_or(0, |base| (self.raw - base).max(0))
    }

    /// The least delay of the last ten seconds, by clocks with any offset.
    #[must_use]
    pub fn base_us(&self) -> Option<i64> {
        self.base.value()
    }

    fn judge(&mut self, group: Group) -> Signal {
        let at = group.last_arrival;
        self.raw = group.raw;
        self.recent.put(group.delay, at);
        self.base.put(group.raw, at);
        let Some(previous) = self.previous else { return Signal::Normal };
        let arrived = group.last_arrival - previous.last_arrival;
        self.accumulated += ms(group.last_delay - previous.last_delay);
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        if let Some(point) = self.points.get_mut(self.next) {
            *point = (ms(at - self.first_arrival), self.smoothed);
        }
        self.next = (self.next + 1) % WINDOW;
        self.count = (self.count + 1).min(WINDOW);
        let trend = self.trend(at, arrived);
        if self.has_stepped(group.delay, at) { Signal::Step } else { trend }
    }

    fn has_stepped(&mut self, delay: i64, at: i64) -> bool {
        let growth = self.recent.value().map_or(0, |least| delay - least);
        if growth < STEP_LASTING_US {
            self.stepped_since = None;
            return false;
        }
        let since = *self.stepped_since.get_or_insert(at);
        growth >= STEP_US || at - since >= STEP_LASTING_FOR_US
    }

    fn trend(&mut self, at: i64, elapsed: i64) -> Signal {
        if self.count < WINDOW {
            return Signal::Normal;
        }
        let slope = self.slope();
        let trend = slope * GAIN * f64::from(u8::try_from(WINDOW).unwrap_or(u8::MAX));
        let signal = if trend > self.threshold {
            let since = *self.over_since.get_or_insert(at);
            let is_growing = slope >= self.slope_before;
            if at - since >= OVERUSE_US && is_growing { Signal::Overuse } else { Signal::Normal }
        } else {
            self.over_since = None;
            if trend < -self.threshold { Signal::Underuse } else { Signal::Normal }
        };
        self.slope_before = slope;
        self.follow(trend, elapsed);
        signal
    }

    fn follow(&mut self, trend: f64, elapsed: i64) {
        let size = trend.abs();
        if size > self.threshold + OUTLIER {
            return;
        }
        let gain = if size < self.threshold { GAIN_DOWN } else { GAIN_UP };
        let step = gain * (size - self.threshold) * ms(elapsed.clamp(0, 100_000));
        self.threshold = (self.threshold + step).clamp(THRESHOLD_MIN, THRESHOLD_MAX);
    }

    /// Least squares through the points: milliseconds of delay a millisecond.
    fn slope(&self) -> f64 {
        let count = f64::from(u8::try_from(WINDOW).unwrap_or(u8::MAX));
        let (sum_x, sum_y) =
            self.points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
        let (mean_x, mean_y) = (sum_x / count, sum_y / count);
        let (mut over, mut under) = (0.0, 0.0);
        for (x, y) in &self.points {
            over += (x - mean_x) * (y - mean_y);
            under += (x - mean_x) * (x - mean_x);
        }
        if under > 0.0 { over / under } else { 0.0 }
    }
}

/// The least of a value over the last one to two halves of a memory.
#[derive(Debug)]
struct Least {
    half_us: i64,
    began: i64,
    before: Option<i64>,
    now: Option<i64>,
}

impl Least {
    fn new(memory_us: i64) -> Self {
        Self { half_us: memory_us / 2, began: 0, before: None, now: None }
    }

    fn put(&mut self, value: i64, at: i64) {
        if self.now.is_none() {
            self.began = at;
        } else if at - self.began >= self.half_us {
            self.before = self.now.take();
            self.began = at;
        }
        self.now = Some(self.now.map_or(value, |now| now.min(value)));
    }

    fn value(&self) -> Option<i64> {
        self.now.into_iter().chain(self.before).min()
    }
}

fn ms(us: i64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link of a rate, with an endless queue: what it makes of groups of 2,500 bytes every 20 ms.
    struct Pipe {
        free_us: i64,
        sent_us: i64,
    }

    impl Pipe {
        fn run(
            &mut self,
            detector: &mut DelayDetector,
            rate_bps: i64,
            groups: usize,
            stop: impl Fn(Signal) -> bool,
        ) -> Option<usize> {
            for group in 0..groups {
                self.sent_us += 20_000;
                for _ in 0..2 {
                    self.free_us = self.free_us.max(self.sent_us) + 1250 * 8 * 1_000_000 / rate_bps;
                    let signal = detector.on_packet(self.sent_us, self.free_us + 7_000_000, 0);
                    if signal.is_some_and(&stop) {
                        return Some(group);
                    }
                }
            }
            None
        }
    }

    #[test]
    fn a_link_with_room_is_normal_and_one_that_becomes_narrow_steps_within_a_fifth_of_a_second() {
        let (mut detector, mut pipe) = (DelayDetector::default(), Pipe { free_us: 0, sent_us: 0 });
        // 1 Mbit/s into 2 Mbit/s for ten seconds.
        let over = |signal| matches!(signal, Signal::Overuse | Signal::Step);
        assert_eq!(pipe.run(&mut detector, 2_000_000, 500, over), None);
        assert!(detector.queue_us() < 1000);
        // Into 300 kbit/s.
        let stepped = pipe.run(&mut detector, 300_000, 100, |signal| signal == Signal::Step);
        assert!(stepped.is_some_and(|groups| groups <= 6), "{stepped:?}");
        assert!(detector.queue_us() > 70_000);
    }

    #[test]
    fn slow_growth_is_found_by_its_trend_and_a_shrinking_queue_is_left_alone() {
        let (mut detector, mut pipe) = (DelayDetector::default(), Pipe { free_us: 0, sent_us: 0 });
        assert_eq!(
            pipe.run(&mut detector, 2_000_000, 100, |signal| signal != Signal::Normal),
            None
        );
        let over = pipe.run(&mut detector, 900_000, 100, |signal| signal == Signal::Overuse);
        assert!(over.is_some_and(|groups| groups < 60), "{over:?}");
        let under = pipe.run(&mut detector, 3_000_000, 100, |signal| signal == Signal::Underuse);
        assert!(under.is_some(), "the queue drains");
    }

    #[test]
    fn a_burst_that_waits_as_expected_is_no_growth() {
        let over = |with_expectation: bool| {
            let mut detector = DelayDetector::default();
            let (mut free, mut over) = (0, 0);
            for group in 0..200_i64 {
                let at = group * 20_000;
                // Now and then ten packets more: 150 ms of a line of 700 kbit/s that is used to half.
                let packets = if group % 50 == 49 { 11 } else { 1 };
                for _ in 0..packets {
                    free = free.max(at) + 13_000;
                    let expected = if with_expectation { free - at - 13_000 } else { 0 };
                    let signal = detector.on_packet(at, free, expected);
                    over += usize::from(matches!(signal, Some(Signal::Overuse | Signal::Step)));
                }
            }
            over
        };
        assert_eq!(over(true), 0);
        assert!(over(false) > 0);
    }

    #[test]
    fn a_clock_that_stood_still_is_no_queue() {
        let mut detector = DelayDetector::default();
        let mut offset = 20_000;
        for at in 0..400_i64 {
            if at == 200 {
                offset += 3_000_000;
            }
            let sent = at * 20_000;
            let signal = detector.on_packet(sent, sent + offset, 0);
            assert!(!matches!(signal, Some(Signal::Step | Signal::Overuse)), "{at}");
            assert_eq!(detector.queue_us(), 0, "{at}");
        }
    }

    #[test]
    fn jitter_alone_is_no_overuse_for_long() {
        let mut detector = DelayDetector::default();
        let (mut state, mut over) = (1_u64, 0);
        for group in 0..3000_i64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let jitter = i64::try_from(state >> 40).unwrap() % 30_000;
            let signal = detector.on_packet(group * 20_000, group * 20_000 + 50_000 + jitter, 0);
            over += usize::from(matches!(signal, Some(Signal::Overuse | Signal::Step)));
        }
        assert!(over < 60, "{over} of 3000");
    }
}
