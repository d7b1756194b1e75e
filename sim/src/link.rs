//! One direction of one path: how long a datagram takes, and what may happen to it on the way.
//!
//! ```text
//!   sender ──► bottleneck (rate, drop-tail queue; may be shared) ──► line (loss, delay, jitter, order) ──► receiver
//! ```
//!
//! Owns the conditions and the dice of one direction; [`bottleneck`] owns what waits. Knows no client and no clock.

pub mod bottleneck;

use std::time::{Duration, Instant};

use rand::{Rng, RngExt};

/// The conditions; the default is a clean local network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Every datagram takes this long.
    pub delay: Duration,
    /// And up to this much longer, each its own.
    pub jitter: Duration,
    /// Jitter does not let one datagram overtake another: a queue somewhere, not several ways.
    pub keeps_order: bool,
    /// Share that is lost, each its own dice.
    pub loss: f64,
    /// Loss that comes in bursts, besides.
    pub burst: Option<Burst>,
    /// Share that is overtaken by what follows within [`REORDER_DELAY`].
    pub reorder: f64,
    /// Share that arrives twice.
    pub duplicate: f64,
    /// What the line carries; datagrams wait for their turn, and are lost when the queue is full.
    pub rate_bps: Option<u64>,
    /// What may wait.
    pub queue: QueueLimit,
}

/// Loss in bursts: a line that is good or bad, and changes by the dice before every datagram (Gilbert 1960, Elliott
/// 1963).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Chance that a good line becomes bad.
    pub begins: f64,
    /// Chance that a bad line becomes good.
    pub ends: f64,
    /// Share that a bad line loses; a good one loses nothing.
    pub loss: f64,
}

impl Burst {
    /// Loses this share of all datagrams, in bursts of this mean length.
    #[must_use]
    pub fn of(share: f64, mean_length: f64) -> Self {
        let ends = 1.0 / mean_length;
        Self { begins: share * ends / (1.0 - share), ends, loss: 1.0 }
    }
}

/// What may wait for a line: beyond, the newest is lost (drop-tail).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueLimit {
    /// As much as the line carries in this time.
    Wait(Duration),
    /// So many bytes, headers included.
    Bytes(u64),
}

/// How long a datagram may wait for its turn: the queue of a home router.
pub const QUEUE_DELAY_MAX: Duration = Duration::from_millis(200);

/// How much later a reordered datagram arrives.
pub const REORDER_DELAY: Duration = Duration::from_millis(8);

impl Default for Link {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(1),
            jitter: Duration::ZERO,
            keeps_order: false,
            loss: 0.0,
            burst: None,
            reorder: 0.0,
            duplicate: 0.0,
            rate_bps: None,
            queue: QueueLimit::Wait(QUEUE_DELAY_MAX),
        }
    }
}

impl Link {
    /// Nothing arrives.
    #[must_use]
    pub fn cut() -> Self {
        Self { loss: 1.0, ..Self::default() }
    }

    /// With this one-way delay.
    #[must_use]
    pub fn with_delay_ms(delay_ms: u64) -> Self {
        Self { delay: Duration::from_millis(delay_ms), ..Self::default() }
    }

    /// The same, but it carries no more than this.
    #[must_use]
    pub fn with_rate_kbps(self, rate_kbps: u64) -> Self {
        Self { rate_bps: Some(1000 * rate_kbps), ..self }
    }

    /// When the copies of a datagram arrive, as delays: none, one or two.
    pub fn carry(&self, rng: &mut impl Rng) -> [Option<Duration>; 2] {
        // Always four draws, so that what happens to one datagram does not change the dice of the next.
        let [loss, reorder, duplicate, jitter]: [f64; 4] =
            std::array::from_fn(|_| rng.random_range(0.0..1.0));
        if loss < self.loss {
            return [None, None];
        }
        let late = if reorder < self.reorder { REORDER_DELAY } else { Duration::ZERO };
        let delay = self.delay + late + self.jitter.mul_f64(jitter);
        let copy = (duplicate < self.duplicate).then_some(delay + Duration::from_micros(500));
        [Some(delay), copy]
    }
}

/// One direction of a path behind its bottleneck: its conditions, and what it remembers of the past.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The conditions; they may change.
    pub link: Link,
    is_bad: bool,
    last_arrival: Option<Instant>,
}

impl Line {
    /// A line in its good state.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self { link, is_bad: false, last_arrival: None }
    }

    /// When the copies of a datagram arrive: none, one or two.
    pub fn carry(&mut self, rng: &mut impl Rng, now: Instant) -> [Option<Instant>; 2] {
        let copies = self.link.carry(rng);
        if let Some(burst) = self.link.burst {
            let [change, loss]: [f64; 2] = std::array::from_fn(|_| rng.random_range(0.0..1.0));
            self.is_bad = if self.is_bad { change >= burst.ends } else { change < burst.begins };
            if self.is_bad && loss < burst.loss {
                return [None, None];
            }
        }
        let arrivals = copies.map(|copy| copy.map(|delay| now + delay));
        if !self.link.keeps_order {
            return arrivals;
        }
        let earliest = self.last_arrival;
        let arrivals = arrivals.map(|at| at.map(|at| earliest.map_or(at, |last| at.max(last))));
        self.last_arrival = arrivals.iter().copied().flatten().max().or(earliest);
        arrivals
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_link_loses_reorders_and_doubles_the_share_that_it_says() {
        let link = Link { loss: 0.1, reorder: 0.2, duplicate: 0.3, ..Link::default() };
        let mut rng = StdRng::seed_from_u64(1);
        let carried: Vec<_> = (0..10_000).map(|_| link.carry(&mut rng)).collect();
        let count = |what: fn(&[Option<Duration>; 2]) -> bool| {
            carried.iter().filter(|one| what(one)).count()
        };
        assert!((900..1100).contains(&count(|one| one[0].is_none())));
        assert!((1650..1950).contains(&count(|one| one[0] > Some(REORDER_DELAY))));
        assert!((2500..2900).contains(&count(|one| one[1].is_some())));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn bursts_lose_the_share_and_have_the_length_that_they_are_given() {
        let link = Link { burst: Some(Burst::of(0.1, 5.0)), ..Link::default() };
        let (mut line, now) = (Line::new(link), Instant::now());
        let mut rng = StdRng::seed_from_u64(1);
        let lost: Vec<bool> =
            (0..100_000).map(|_| line.carry(&mut rng, now)[0].is_none()).collect();
        let count = lost.iter().filter(|lost| **lost).count();
        assert!((9_000..11_000).contains(&count), "{count}");
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        let mean = count as f64 / bursts as f64;
        assert!((4.5..5.5).contains(&mean), "{mean}");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn jitter_of_a_line_that_keeps_order_lets_nothing_overtake() {
        let jitter = Duration::from_millis(50);
        let start = Instant::now();
        for keeps_order in [true, false] {
            let mut line = Line::new(Link { jitter, keeps_order, ..Link::default() });
            let mut rng = StdRng::seed_from_u64(1);
            let arrivals: Vec<_> = (0..1000)
                .filter_map(|n| line.carry(&mut rng, start + Duration::from_millis(n))[0])
                .collect();
            assert_eq!(arrivals.is_sorted(), keeps_order);
            let late = arrivals.iter().zip(0..).map(|(at, n)| {
                at.saturating_duration_since(start + Duration::from_millis(n) + link_delay())
            });
            assert!(late.clone().all(|late| late <= jitter));
            assert!(late.max() > Some(jitter * 9 / 10));
        }
    }

    fn link_delay() -> Duration {
        Link::default().delay
    }
}
