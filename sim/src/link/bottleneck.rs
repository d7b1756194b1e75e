//! The narrowest place of a path: a drop-tail queue before a line of limited rate.
//!
//! Owns what waits and how far the first of it has left. The rate may change at any moment: what has left stays left,
//! the rest goes on at the new rate. Several flows may share one, and then push each other out. Without a rate nothing
//! waits, and the owner need not ask.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Link, QueueLimit};

/// IPv4 and UDP headers: they take their share of a line.
const HEADER_BYTES: u64 = 28;

/// See the module. `T` is what waits.
#[derive(Debug)]
pub struct Bottleneck<T> {
    rate_bps: Option<u64>,
    limit: QueueLimit,
    waiting: VecDeque<(u64, T)>,
    /// Bits of all that waits, less what of the first has left.
    bits: u64,
    /// Bits of the first that are still to leave at `since`.
    first_bits: u64,
    since: Instant,
    /// Datagrams that found the queue full.
    pub lost: u64,
    /// Bytes that have left, headers included.
    pub carried_bytes: u64,
}

impl<T> Bottleneck<T> {
    /// Nothing waits.
    #[must_use]
    pub fn new(link: Link, now: Instant) -> Self {
        Self {
            rate_bps: link.rate_bps,
            limit: link.queue,
            waiting: VecDeque::new(),
            bits: 0,
            first_bits: 0,
            since: now,
            lost: 0,
            carried_bytes: 0,
        }
    }

    /// Whether datagrams have to wait at all.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.rate_bps.is_some() || !self.waiting.is_empty()
    }

    /// The rate and the queue change.
    pub fn set(&mut self, link: Link, now: Instant) {
        self.progress(now);
        (self.rate_bps, self.limit) = (link.rate_bps, link.queue);
    }

    /// How long a datagram that comes now would wait before its own turn. Without end for a rate of 0.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        let left = self.left_since(now).min(self.first_bits);
        duration_of(self.bits - left, self.rate_bps)
    }

    /// Takes a datagram of this length; false, if the queue is full and it is lost.
    pub fn push(&mut self, len: usize, item: T, now: Instant) -> bool {
        self.progress(now);
        let bits = 8 * (len as u64 + HEADER_BYTES);
        let is_full = match self.limit {
            QueueLimit::Wait(most) => duration_of(self.bits, self.rate_bps) > most,
            QueueLimit::Bytes(most) => self.bits + bits > 8 * most,
        };
        if is_full {
            self.lost += 1;
            return false;
        }
        if self.waiting.is_empty() {
            self.first_bits = bits;
        }
        self.waiting.push_back((bits, item));
        self.bits += bits;
        true
    }

    /// When the first of what waits has left.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.front()?;
        if self.rate_bps == Some(0) {
            return None;
        }
        Some(self.since + duration_of(self.first_bits, self.rate_bps))
    }

    /// The first, if it has left.
    pub fn pop(&mut self, now: Instant) -> Option<T> {
        let left_at = self.poll_timeout().filter(|at| *at <= now)?;
        let (bits, item) = self.waiting.pop_front()?;
        self.bits -= self.first_bits;
        self.carried_bytes += bits / 8;
        self.since = left_at;
        self.first_bits = self.waiting.front().map_or(0, |(bits, _)| *bits);
        Some(item)
    }

    /// Counts what of the first has left until now.
    fn progress(&mut self, now: Instant) {
        let left = self.left_since(now).min(self.first_bits);
        self.first_bits -= left;
        self.bits -= left;
        self.since = self.since.max(now);
    }

    fn left_since(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.since).as_nanos();
        match self.rate_bps {
            Some(rate) => (elapsed * u128::from(rate) / 1_000_000_000) as u64,
            None => u64::MAX,
        }
    }
}

/// Rounded up, so that what is due has left in whole bits.
fn duration_of(bits: u64, rate_bps: Option<u64>) -> Duration {
    match rate_bps {
        None => Duration::ZERO,
        Some(0) if bits == 0 => Duration::ZERO,
        Some(0) => Duration::MAX,
        Some(rate) => {
            let nanos = (u128::from(bits) * 1_000_000_000).div_ceil(rate.into());
            Duration::from_nanos(nanos as u64)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    /// 10,000 bits with headers.
    const LEN: usize = 1222;

    #[test]
    fn a_line_carries_what_it_can_and_loses_what_its_queue_does_not_hold() {
        let (mut queue, start) = queue(1000);
        let taken = (0..100).filter(|n| queue.push(LEN, *n, start)).count();
        // 10,000 bits take 10 ms each; 200 ms of them wait, and one that finds as much before it.
        assert_eq!((taken, queue.lost), (21, 79));
        assert_eq!(queue.wait(start), 210 * MS);
        assert_eq!(departures(&mut queue, start)[20], (20, 210 * MS));
        assert_eq!(queue.carried_bytes, 21 * 1250);
    }

    #[test]
    fn what_waits_when_the_rate_changes_goes_on_at_the_new_rate() {
        let (mut queue, start) = queue(1000);
        for n in 0..3 {
            assert!(queue.push(LEN, n, start));
        }
        // Half of the first has left.
        queue.set(Link::default().with_rate_kbps(100), start + 5 * MS);
        assert_eq!(departures(&mut queue, start), [(0, 55 * MS), (1, 155 * MS), (2, 255 * MS)]);
    }

    #[test]
    fn a_queue_in_bytes_holds_so_many_whatever_the_rate() {
        let (mut queue, start) = queue(1000);
        queue.set(
            Link { queue: QueueLimit::Bytes(5000), ..Link::default().with_rate_kbps(10) },
            start,
        );
        assert_eq!((0..9).filter(|n| queue.push(LEN, *n, start)).count(), 4);
    }

    #[test]
    fn a_dead_line_holds_what_it_has_until_it_lives_again() {
        let (mut queue, start) = queue(1000);
        queue.set(Link::default().with_rate_kbps(0), start);
        assert!(queue.push(LEN, 0, start) && !queue.push(LEN, 1, start));
        assert_eq!(queue.poll_timeout(), None);
        queue.set(Link::default(), start + 900 * MS);
        assert_eq!(departures(&mut queue, start), [(0, 900 * MS)]);
        assert!(!queue.is_limited());
    }

    #[test]
    fn an_idle_time_earns_nothing() {
        let (mut queue, start) = queue(1000);
        assert!(queue.push(LEN, 0, start + 500 * MS));
        assert_eq!(departures(&mut queue, start), [(0, 510 * MS)]);
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn queue(rate_kbps: u64) -> (Bottleneck<usize>, Instant) {
        let now = Instant::now();
        (Bottleneck::new(Link::default().with_rate_kbps(rate_kbps), now), now)
    }

    fn departures(queue: &mut Bottleneck<usize>, start: Instant) -> Vec<(usize, Duration)> {
        std::iter::from_fn(|| {
            let at = queue.poll_timeout()?;
            Some((queue.pop(at)?, at - start))
        })
        .collect()
    }
}
