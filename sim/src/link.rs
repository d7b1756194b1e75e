//! One direction of one path: how long a datagram takes, and what may happen to it on the way.

use std::time::{Duration, Instant};

use rand::{Rng, RngExt};

/// The conditions; the default is a clean local network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Every datagram takes this long.
    pub delay: Duration,
    /// And up to this much longer, each its own.
    pub jitter: Duration,
    /// Share that is lost.
    pub loss: f64,
    /// Share that is overtaken by what follows within [`REORDER_DELAY`].
    pub reorder: f64,
    /// Share that arrives twice.
    pub duplicate: f64,
    /// What the line carries; datagrams wait for their turn, and are lost when the queue is full.
    pub rate_bps: Option<u64>,
}

/// How long a datagram may wait for its turn: the queue of a home router.
pub const QUEUE_DELAY_MAX: Duration = Duration::from_millis(200);

/// One direction of a path: its conditions, and how long it is busy.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The conditions; they may change.
    pub link: Link,
    /// When what waits has left.
    free: Instant,
}

/// How much later a reordered datagram arrives.
pub const REORDER_DELAY: Duration = Duration::from_millis(8);

impl Default for Link {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(1),
            jitter: Duration::ZERO,
            loss: 0.0,
            reorder: 0.0,
            duplicate: 0.0,
            rate_bps: None,
        }
    }
}

impl Line {
    /// Nothing waits.
    #[must_use]
    pub fn new(link: Link, now: Instant) -> Self {
        Self { link, free: now }
    }

    /// When the copies of a datagram of this length arrive, as delays: none, one or two.
    pub fn carry(&mut self, len: usize, rng: &mut impl Rng, now: Instant) -> [Option<Duration>; 2] {
        let copies = self.link.carry(rng);
        let Some(rate_bps) = self.link.rate_bps else { return copies };
        let wait = self.free.saturating_duration_since(now);
        if wait > QUEUE_DELAY_MAX {
            return [None, None];
        }
        // Headers of IPv4 and UDP take their share.
        let bits = 8 * (len as u64 + 28);
        let wait = wait + Duration::from_nanos(bits * 1_000_000_000 / rate_bps);
        self.free = now + wait;
        copies.map(|copy| copy.map(|delay| delay + wait))
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

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn a_line_carries_what_it_can_and_loses_what_its_queue_does_not_hold() {
        let mut rng = StdRng::seed_from_u64(1);
        let now = Instant::now();
        let mut line = Line::new(Link { rate_bps: Some(1_000_000), ..Link::default() }, now);
        let carried: Vec<_> = (0..100).filter_map(|_| line.carry(1222, &mut rng, now)[0]).collect();
        // 10,000 bits take 10 ms each; 200 ms of them wait, and one that finds as much before it.
        assert_eq!(carried.len(), 21);
        assert_eq!(carried[20], 21 * Duration::from_millis(10) + Link::default().delay);
    }

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
}
