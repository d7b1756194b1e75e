//! Holds pictures back on lines that are too narrow for them, so that a key frame's burst does not stand before the sound
//! in the line's queue: a leaky bucket, and what waits for its turn in it.
//!
//! What waits is named, not copied: it stands in the publication's history anyway. Off on lines that carry what is wanted;
//! there it costs one comparison a packet. Sound never comes here.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    keys::{LayerIndex, SubscriptionKey},
    rtp::{ids::ExtSeq, payload::picture::Offsets},
};

/// Packets that wait at most: a large key frame. What comes beyond is passed on at once: lost in the line's queue perhaps,
/// but never in ours.
const WAITING_MAX: usize = 192;

/// So much of the rate may go at once: what one look of the timer is worth, and one more.
const BURST: Duration = Duration::from_millis(10);

/// How often what waits is looked after.
pub(crate) const PACING_TICK: Duration = Duration::from_millis(5);

/// A packet that waits, and where it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) subscription: SubscriptionKey,
    pub(crate) layer: LayerIndex,
    pub(crate) source: ExtSeq,
    pub(crate) seq: ExtSeq,
    pub(crate) offsets: Offsets,
    pub(crate) len: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// Rates are not held, or something waits.
    is_on: bool,
    rate_bps: Option<u64>,
    debt_bits: u64,
    at: Option<Instant>,
    waiting: VecDeque<Waiting>,
}

impl Pacer {
    /// Whether packets must ask. Hot.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Sets the rate of pictures; `None`: as they come, once what waits has gone.
    pub(crate) fn set_rate(&mut self, rate_bps: Option<u64>) {
        self.rate_bps = rate_bps.map(|rate| rate.max(1));
        self.is_on = rate_bps.is_some() || !self.waiting.is_empty();
    }

    /// Whether a packet of so many bytes may go now; counts it if so.
    fn try_pass(&mut self, len: usize, now: Instant) -> bool {
        if !self.waiting.is_empty() && self.waiting.len() < WAITING_MAX {
            return false;
        }
        self.drain(now);
        let passes = self.has_room() || self.waiting.len() >= WAITING_MAX;
        if passes {
            self.debt_bits += 8 * len as u64;
        }
        passes
    }

    /// Whether a packet must wait; it does from then on.
    pub(crate) fn try_hold(&mut self, waiting: Waiting, now: Instant) -> bool {
        let holds = !self.try_pass(waiting.len, now);
        if holds {
            self.push(waiting);
        }
        holds
    }

    fn push(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// The next packet whose turn it is.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Waiting> {
        self.drain(now);
        if !self.has_room() {
            return None;
        }
        let waiting = self.waiting.pop_front()?;
        self.debt_bits += 8 * waiting.len as u64;
        self.is_on = self.rate_bps.is_some() || !self.waiting.is_empty();
        Some(waiting)
    }

    /// Whether something waits.
    pub(crate) fn holds(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What waits of a stream that has ended, or of a layer that it has left, is not sent any more.
    pub(crate) fn forget(&mut self, subscription: SubscriptionKey) {
        self.waiting.retain(|one| one.subscription != subscription);
        self.is_on = self.rate_bps.is_some() || !self.waiting.is_empty();
    }

    fn has_room(&self) -> bool {
        let burst_us = u64::try_from(BURST.as_micros()).unwrap_or(0);
        self.rate_bps.is_none_or(|rate| self.debt_bits <= rate * burst_us / 1_000_000)
    }

    fn drain(&mut self, now: Instant) {
        let elapsed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).min(10_000_000);
        let drained =
            self.rate_bps.map_or(u64::MAX, |rate| rate.saturating_mul(elapsed_us) / 1_000_000);
        self.debt_bits = self.debt_bits.saturating_sub(drained);
        self.at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(number: u64) -> Waiting {
        Waiting {
            subscription: SubscriptionKey::default(),
            layer: LayerIndex(0),
            source: ExtSeq(number),
            seq: ExtSeq(number),
            offsets: Offsets::default(),
            len: 1000,
        }
    }

    #[test]
    fn a_burst_is_spread_at_the_rate_and_keeps_its_order() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        assert!(!pacer.is_on());
        pacer.set_rate(Some(400_000));
        assert!(pacer.is_on() && pacer.try_pass(1000, start));
        let mut sent = Vec::new();
        for number in 0..10 {
            if !pacer.try_pass(1000, start) {
                pacer.push(packet(number));
            }
        }
        assert!(pacer.holds());
        for step in 0..60 {
            let now = start + PACING_TICK * step;
            while let Some(one) = pacer.pop_due(now) {
                sent.push((step * 5, one.source.0));
            }
        }
        // 8,000 bits take 20 ms each.
        assert_eq!(
            sent.iter().map(|(_, number)| *number).collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
        assert!((180..=210).contains(&sent.last().unwrap().0), "{sent:?}");
        assert!(!pacer.holds() && pacer.is_on());
    }

    #[test]
    fn without_a_rate_what_waits_goes_at_once_and_the_pacer_is_off() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_rate(Some(1000));
        assert!(pacer.try_pass(1000, start) && !pacer.try_pass(1000, start));
        pacer.push(packet(1));
        pacer.push(packet(2));
        assert_eq!(pacer.pop_due(start), None);
        pacer.set_rate(None);
        assert!(pacer.is_on() && !pacer.try_pass(1000, start));
        assert_eq!(pacer.pop_due(start).map(|one| one.source.0), Some(1));
        assert_eq!(pacer.pop_due(start).map(|one| one.source.0), Some(2));
        assert!(!pacer.is_on());
        pacer.set_rate(Some(1000));
        pacer.push(packet(3));
        pacer.forget(SubscriptionKey::default());
        assert!(!pacer.holds());
    }

    #[test]
    fn a_full_queue_lets_packets_pass() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_rate(Some(1000));
        assert!(pacer.try_pass(1000, start));
        for number in 0..WAITING_MAX as u64 {
            assert!(!pacer.try_pass(1000, start));
            pacer.push(packet(number));
        }
        assert!(pacer.try_pass(1000, start));
    }
}
