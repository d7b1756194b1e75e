//! Probes: for a moment more is sent than the media needs, to see whether the line would carry the next layer. An
//! estimate that only follows what is sent cannot find that out by itself.
//!
//! A cluster lasts [`DURATION_MIN`] or, at low rates, as long as enough packets need; media that flows meanwhile is part of it, and padding fills the rest. What comes of a
//! cluster is the lesser of the rates at which it was sent and arrived.

use std::time::{Duration, Instant};

/// Length of a cluster: several ticks of the timer that sends it, and at three times a small estimate still a queue of
/// less than a tenth of a second if the line carries no more than it did.
pub const DURATION_MIN: Duration = Duration::from_millis(40);
const DURATION_MAX: Duration = Duration::from_millis(200);

/// Bits that a cluster has at least: a dozen small packets, those of sound among them.
const BITS_MIN: u64 = 12_000;

/// How long its feedback may take after its end.
const PATIENCE: Duration = Duration::from_millis(1000);

/// How long a trend of the delays remembers a cluster: the line through the last groups.
const AFTERMATH: Duration = Duration::from_millis(400);

/// Packets that must arrive for a result.
const RECEIVED_MIN: u32 = 6;

/// After a probe that found more room the next may follow at once; after one that did not, so much later, and twice as
/// much each time.
const WAIT_AFTER_SUCCESS: Duration = Duration::from_millis(150);
const WAIT_AFTER_FAILURE: Duration = Duration::from_millis(1000);
/// A line that has become good again is to be used within eight seconds: three probes and two changes of layer must fit.
const WAIT_MAX: Duration = Duration::from_millis(3000);

/// After a decrease of the estimate: queues must drain first.
const WAIT_AFTER_DECREASE: Duration = Duration::from_millis(1500);

/// Arrivals slower than this share of the sending rate, in percent, are the line's limit.
const SATURATED_PERCENT: u64 = 85;

/// What a cluster found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What arrived, in bits a second, or what was sent if that is less.
    pub rate_bps: u64,
    /// The line carries no more.
    pub is_limit: bool,
}

/// A cluster under way.
#[derive(Debug, Clone, Copy)]
struct Cluster {
    rate_bps: u64,
    began: Instant,
    duration: Duration,
    first: u16,
    /// Once it has been sent: one past its last packet.
    end: Option<u16>,
    seen: Seen,
}

/// What feedback has told of a cluster.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    received: u32,
    /// Bytes that arrived after the first packet, and of those sent after the first burst.
    arrived_bytes: u64,
    sent_bytes: u64,
    sent: Option<(i64, i64)>,
    arrived: Option<(i64, i64)>,
}

/// See the module.
#[derive(Debug)]
pub struct Prober {
    cluster: Option<Cluster>,
    next: Instant,
    wait: Duration,
    /// When the last cluster was done with.
    ended: Option<Instant>,
}

impl Prober {
    /// May probe at once.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { cluster: None, next: now, wait: WAIT_AFTER_FAILURE, ended: None }
    }

    /// Whether a probe may begin.
    #[must_use]
    pub fn is_ready(&self, now: Instant) -> bool {
        self.cluster.is_none() && now >= self.next
    }

    /// Begins a cluster with the packet that gets number `first`.
    pub fn begin(&mut self, rate_bps: u64, first: u16, now: Instant) {
        let long = Duration::from_micros(BITS_MIN * 1_000_000 / rate_bps.max(1));
        let duration = long.clamp(DURATION_MIN, DURATION_MAX);
        let seen = Seen::default();
        self.cluster = Some(Cluster { rate_bps, began: now, duration, first, end: None, seen });
    }

    /// Whether a cluster is under way, or what it left in the queue may still be seen.
    #[must_use]
    pub fn is_felt(&self, now: Instant) -> bool {
        let is_recent = |at| now.saturating_duration_since(at) < AFTERMATH;
        self.cluster.is_some() || self.ended.is_some_and(is_recent)
    }

    /// Whether padding is being sent.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.cluster.is_some_and(|cluster| cluster.end.is_none())
    }

    /// The first number of the cluster that is being sent, and the bytes that it should have sent by now.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<(u16, u64)> {
        let cluster = self.cluster.filter(|cluster| cluster.end.is_none())?;
        let elapsed = now.saturating_duration_since(cluster.began).min(cluster.duration) + TICK;
        let bytes = u128::from(cluster.rate_bps) * elapsed.as_micros() / 8_000_000;
        Some((cluster.first, u64::try_from(bytes).unwrap_or(u64::MAX)))
    }

    /// What was due has been sent; `next` is the number of the next packet. Ends the cluster when its time is over.
    pub fn on_sent(&mut self, next: u16, now: Instant) {
        if let Some(cluster) = &mut self.cluster
            && cluster.end.is_none()
            && now.saturating_duration_since(cluster.began) >= cluster.duration
        {
            cluster.end = Some(next);
        }
    }

    /// A packet was told to have arrived; in the order of sending.
    pub fn on_arrival(&mut self, seq: u16, len: u16, sent_us: i64, arrival_us: i64) {
        let Some(cluster) = &mut self.cluster else { return };
        // Half the number space ahead is before it.
        let is_in = seq.wrapping_sub(cluster.first) < 0x8000
            && cluster.end.is_none_or(|end| end.wrapping_sub(seq).wrapping_sub(1) < 0x8000);
        if !is_in {
            return;
        }
        let seen = &mut cluster.seen;
        seen.received += 1;
        match &mut seen.sent {
            None => seen.sent = Some((sent_us, sent_us)),
            Some((first, last)) => {
                if sent_us > *first {
                    seen.sent_bytes += u64::from(len);
                }
                *last = (*last).max(sent_us);
            }
        }
        match &mut seen.arrived {
            None => seen.arrived = Some((arrival_us, arrival_us)),
            Some((_, last)) => {
                seen.arrived_bytes += u64::from(len);
                *last = (*last).max(arrival_us);
            }
        }
    }

    /// A feedback has been taken that tells up to `told`: what the cluster found, if it is complete.
    pub fn poll(&mut self, told: u16, now: Instant) -> Option<Found> {
        let cluster = self.cluster?;
        let end = cluster.end?;
        let is_complete = told.wrapping_sub(end.wrapping_sub(1)) < 0x8000;
        let age = now.saturating_duration_since(cluster.began);
        let is_overdue = age > cluster.duration + PATIENCE;
        if !is_complete && !is_overdue {
            return None;
        }
        self.cluster = None;
        self.ended = Some(now);
        let found = cluster.found();
        if found.is_some_and(|found| !found.is_limit) {
            self.wait = WAIT_AFTER_FAILURE;
            self.next = now + WAIT_AFTER_SUCCESS;
        } else {
            self.next = now + self.wait;
            self.wait = (self.wait * 2).min(WAIT_MAX);
        }
        found
    }

    /// The estimate was lowered: a cluster under way means nothing any more.
    pub fn on_decrease(&mut self, now: Instant) {
        self.cluster = None;
        self.next = self.next.max(now + WAIT_AFTER_DECREASE);
    }
}

impl Cluster {
    fn found(&self) -> Option<Found> {
        let Seen { received, arrived_bytes, sent_bytes, sent, arrived } = self.seen;
        let ((first_sent, last_sent), (first, last)) = (sent?, arrived?);
        if received < RECEIVED_MIN || last_sent <= first_sent {
            return None;
        }
        let sent_bps = rate(sent_bytes, last_sent - first_sent);
        let arrived_bps = rate(arrived_bytes, (last - first).max(1));
        let is_limit = arrived_bps * 100 < sent_bps * SATURATED_PERCENT;
        Some(Found { rate_bps: sent_bps.min(arrived_bps), is_limit })
    }
}

fn rate(bytes: u64, us: i64) -> u64 {
    bytes * 8 * 1_000_000 / us.unsigned_abs().max(1)
}

/// The timer's precision: what is due until the next look is sent now.
pub const TICK: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a cluster of 2 Mbit/s in bursts of 5 ms over a link of a rate; answers what it found.
    fn probe(prober: &mut Prober, link_bps: i64, now: &mut Instant) -> Option<Found> {
        let (mut seq, mut free) = (65_530_u16, 0_i64);
        prober.begin(2_000_000, seq, *now);
        let mut sent = 0;
        for step in 0..10_i64 {
            let at = step * 5_000;
            while prober.due(*now).is_some_and(|(_, due)| sent < due) {
                sent += 250;
                free = free.max(at) + 250 * 8 * 1_000_000 / link_bps;
                prober.on_arrival(seq, 250, at, free + 3_000_000);
                seq = seq.wrapping_add(1);
            }
            prober.on_sent(seq, *now);
            *now += TICK;
        }
        assert!(!prober.is_sending());
        *now += Duration::from_millis(100);
        prober.poll(seq.wrapping_sub(1), *now)
    }

    #[test]
    fn a_probe_finds_what_it_sends_or_what_the_line_carries() {
        let start = Instant::now();
        for (link, least, most, is_limit) in
            [(20_000_000, 1_800_000, 2_100_000, false), (600_000, 560_000, 660_000, true)]
        {
            let (mut prober, mut now) = (Prober::new(start), start);
            let found = probe(&mut prober, link, &mut now).unwrap();
            assert!((least..=most).contains(&found.rate_bps), "{link}: {found:?}");
            assert_eq!(found.is_limit, is_limit, "{link}: {found:?}");
        }
    }

    #[test]
    fn failures_make_the_next_wait_longer_and_a_success_makes_it_short() {
        let start = Instant::now();
        let (mut prober, mut now) = (Prober::new(start), start);
        for wait in [1000, 2000, 3000, 3000] {
            probe(&mut prober, 300_000, &mut now).unwrap();
            assert!(!prober.is_ready(now + Duration::from_millis(wait - 1)));
            assert!(prober.is_ready(now + Duration::from_millis(wait)));
        }
        probe(&mut prober, 30_000_000, &mut now).unwrap();
        assert!(prober.is_ready(now + WAIT_AFTER_SUCCESS));
    }

    #[test]
    fn without_feedback_a_cluster_ends_and_after_a_decrease_none_is_sent() {
        let start = Instant::now();
        let (mut prober, mut now) = (Prober::new(start), start);
        prober.begin(1_000_000, 0, now);
        assert!(prober.due(now).is_some() && !prober.is_ready(now));
        now += DURATION_MIN;
        prober.on_sent(10, now);
        assert_eq!((prober.due(now), prober.poll(3, now)), (None, None));
        now += PATIENCE + TICK;
        assert_eq!(prober.poll(3, now), None);
        assert!(prober.is_ready(now + WAIT_AFTER_FAILURE));
        prober.begin(1_000_000, 20, now + WAIT_AFTER_FAILURE);
        prober.on_decrease(now + WAIT_AFTER_FAILURE);
        assert!(!prober.is_sending() && !prober.is_ready(now + WAIT_AFTER_FAILURE));
    }
}
