//! How fast a participant's data messages may flow: what it may cost, what waits, what other shards still have to take.
//!
//! Owns the numbers of one participant. Never decides who receives what; that is `data.rs`.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::data_packet::Stamped;

use crate::relay::FarEnd;

/// Bytes of reliable messages kept for a participant whose data channel is not open yet (the peer server's bound).
const HELD_BYTES_MAX: usize = 100 * 1024;

/// How long they are kept (the peer server's bound).
const HELD_FOR: Duration = Duration::from_secs(2);

/// Deliveries that one sender may cause in one burst, and per second after that. One costs about 2 µs: a burst holds
/// media up by 8 ms, and a sender who never pauses takes a sixteenth of a core.
const DELIVERIES_BURST: i64 = 4_000;
const DELIVERIES_PER_SECOND: i64 = 32_000;

/// Bytes of one sender's reliable messages that are under way to another shard, or wait there for slow receivers.
pub(super) const RELAY_WINDOW_BYTES: usize = 256 * 1024;

/// What has been taken is told in steps of a quarter of the window.
pub(super) const RELAY_STEP_BYTES: usize = RELAY_WINDOW_BYTES / 4;

/// The flow of a sender.
#[derive(Debug)]
pub(crate) struct DataFlow {
    /// Deliveries that may be caused now. Negative after a message to many.
    deliveries: i64,
    refilled: Instant,
    /// The budget is spent, and more may wait to be fetched.
    pub(super) is_resting: bool,
    /// Reliable messages that wait for a receiver with a full queue: one of a client here, whose window closes behind
    /// it; a relay window of a mirror's.
    parked: VecDeque<Stamped>,
    parked_bytes: usize,
    /// By shard, what has been relayed and not been taken there.
    relayed: Vec<(FarEnd, usize)>,
    /// Of a mirror: what was taken here and not been told yet.
    untold: usize,
}

impl DataFlow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            deliveries: DELIVERIES_BURST,
            refilled: now,
            is_resting: false,
            parked: VecDeque::new(),
            parked_bytes: 0,
            relayed: Vec::new(),
            untold: 0,
        }
    }

    /// Whether another message may be passed on now.
    pub(super) fn has_budget(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled).as_micros();
        let elapsed = i64::try_from(elapsed).unwrap_or(i64::MAX);
        let earned = elapsed.saturating_mul(DELIVERIES_PER_SECOND) / 1_000_000;
        if earned > 0 {
            self.deliveries = self.deliveries.saturating_add(earned).min(DELIVERIES_BURST);
            self.refilled = now;
        }
        self.deliveries > 0
    }

    /// A message was passed on to so many.
    pub(super) fn spend(&mut self, receivers: usize) {
        let deliveries = i64::try_from(receivers.max(1)).unwrap_or(i64::MAX);
        self.deliveries = self.deliveries.saturating_sub(deliveries);
    }

    /// Keeps a message until its receivers have room.
    pub(super) fn park(&mut self, message: Stamped) {
        self.parked_bytes += message.bytes.len();
        self.parked.push_back(message);
        debug_assert!(self.parked_bytes <= 2 * RELAY_WINDOW_BYTES, "a sender was not made to wait");
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.parked.is_empty()
    }

    /// The message that waits longest.
    pub(super) fn take_parked(&mut self) -> Option<Stamped> {
        let message = self.parked.pop_front()?;
        self.parked_bytes -= message.bytes.len();
        Some(message)
    }

    /// Puts back what was taken and must go on waiting.
    pub(super) fn put_back(&mut self, message: Stamped) {
        self.parked_bytes += message.bytes.len();
        self.parked.push_front(message);
    }

    /// Whether a message may be relayed there.
    pub(super) fn may_relay(&self, to: FarEnd, bytes: usize) -> bool {
        let under_way =
            self.relayed.iter().find(|(at, _)| *at == to).map_or(0, |(_, bytes)| *bytes);
        under_way == 0 || under_way + bytes <= RELAY_WINDOW_BYTES
    }

    pub(super) fn on_relayed(&mut self, to: FarEnd, bytes: usize) {
        match self.relayed.iter_mut().find(|(at, _)| *at == to) {
            Some((_, under_way)) => *under_way += bytes,
            None => self.relayed.push((to, bytes)),
        }
    }

    /// The other shard has passed so much on.
    pub(super) fn on_taken(&mut self, at: FarEnd, bytes: usize) {
        if let Some((_, under_way)) = self.relayed.iter_mut().find(|(known, _)| *known == at) {
            *under_way = under_way.saturating_sub(bytes);
        }
    }

    /// Nothing is under way to a shard that is reached no more.
    pub(super) fn forget(&mut self, at: FarEnd) {
        self.relayed.retain(|(known, _)| *known != at);
    }

    /// Takes note that a relayed message was passed on here; answers what its shard is to be told.
    pub(super) fn take_relayed(&mut self, bytes: usize) -> Option<u32> {
        self.untold += bytes;
        if self.untold < RELAY_STEP_BYTES {
            return None;
        }
        u32::try_from(std::mem::take(&mut self.untold)).ok()
    }
}

/// Reliable messages that wait for a data channel to open.
#[derive(Debug, Default)]
pub(crate) struct HeldData {
    messages: VecDeque<(Instant, Bytes)>,
    bytes: usize,
}

impl HeldData {
    /// Keeps a message; false when the bound is reached.
    pub(super) fn push(&mut self, message: Bytes, now: Instant) -> bool {
        if self.bytes + message.len() > HELD_BYTES_MAX {
            return false;
        }
        self.bytes += message.len();
        self.messages.push_back((now, message));
        true
    }

    /// Drops what has waited for too long; answers how many.
    pub(super) fn expire(&mut self, now: Instant) -> usize {
        let mut expired = 0;
        while let Some((since, message)) = self.messages.front()
            && now.saturating_duration_since(*since) > HELD_FOR
        {
            self.bytes -= message.len();
            self.messages.pop_front();
            expired += 1;
        }
        expired
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn take(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        self.bytes = 0;
        std::mem::take(&mut self.messages).into_iter().map(|(_, message)| message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{placement::ShardId, relay::EdgeId};

    const THERE: FarEnd = FarEnd { shard: ShardId(1), edge: EdgeId(1) };

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_burst_is_allowed_and_then_a_rate() {
        let start = now();
        let mut flow = DataFlow::new(start);
        let mut passed = 0;
        while flow.has_budget(start) {
            flow.spend(2);
            passed += 2;
        }
        assert_eq!(passed, DELIVERIES_BURST);
        for ms in 1..=1000 {
            while flow.has_budget(start + Duration::from_millis(ms)) {
                flow.spend(2);
                passed += 2;
            }
        }
        let rate = passed - DELIVERIES_BURST;
        assert!((DELIVERIES_PER_SECOND - 2..=DELIVERIES_PER_SECOND + 2).contains(&rate), "{rate}");
    }

    #[test]
    fn a_relay_takes_a_window_and_more_when_it_is_told() {
        let mut flow = DataFlow::new(now());
        let mut relayed = 0;
        while flow.may_relay(THERE, 10_000) {
            flow.on_relayed(THERE, 10_000);
            relayed += 10_000;
        }
        assert!(relayed <= RELAY_WINDOW_BYTES && relayed > RELAY_WINDOW_BYTES - 10_000);
        let mut told = 0;
        for _ in 0..relayed / 10_000 {
            if let Some(bytes) = flow.take_relayed(10_000) {
                told += bytes as usize;
                flow.on_taken(THERE, bytes as usize);
            }
        }
        assert!(told >= RELAY_WINDOW_BYTES / 2 && flow.may_relay(THERE, 10_000));
    }

    #[test]
    fn what_is_held_is_bounded_in_bytes_and_in_time() {
        let start = now();
        let mut held = HeldData::default();
        for second in 0..3 {
            assert!(held.push(
                Bytes::from(vec![second; 30_000]),
                start + Duration::from_secs(second.into())
            ));
        }
        assert!(!held.push(Bytes::from(vec![0; 30_000]), start));
        assert_eq!(held.expire(start + Duration::from_secs(2)), 0);
        assert_eq!(held.expire(start + Duration::from_millis(3500)), 2);
        assert_eq!(held.take().map(|one| one[0]).collect::<Vec<_>>(), [2]);
        assert!(held.is_empty() && held.push(Bytes::from(vec![0; HELD_BYTES_MAX]), start));
    }
}
