//! Which packets of an incoming stream are missing, and when to ask for them (RFC 4585 §6.2.1).
//!
//! Owns: the list of gaps with the times of the next request. One per incoming stream; bounded.
//! Sends nothing itself: call [`NackTracker::due`] after [`NackTracker::poll_timeout`] has passed,
//! and put the answer into a NACK.

use std::{collections::VecDeque, time::Duration, time::Instant};

use crate::rtp::ids::{ExtSeq, Seq};

/// Most packets missing at once: half a second of 10 Mbit/s. Beyond, a key frame is cheaper than
/// the retransmissions.
const MISSING_MAX: usize = 512;
/// Before the first request: lets reordering within a burst resolve itself, and costs little
/// against a round trip.
const FIRST_ASK_AFTER: Duration = Duration::from_millis(5);
/// Least time between two requests, on networks whose round trip is shorter than our timers are
/// precise.
const RETRY_AFTER_MIN: Duration = Duration::from_millis(20);
/// Requests per packet, as in libwebrtc.
const TRIES_MAX: u8 = 10;
/// A packet later than this is of no use in a conversation.
const GIVE_UP_AFTER: Duration = Duration::from_secs(1);

/// The gaps of one incoming stream.
#[derive(Debug, Default)]
pub struct NackTracker {
    highest: Option<ExtSeq>,
    /// Ordered by sequence number; those before the first packet are never asked for.
    missing: VecDeque<Missing>,
    /// Not later than the earliest `ask_at`; may be early, when a missing packet arrived.
    next: Option<Instant>,
    lost_too_much: bool,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    seq: ExtSeq,
    since: Instant,
    ask_at: Instant,
    tries: u8,
}

impl NackTracker {
    /// Notes an arrived packet: those skipped are missing, one that was missing is not any more.
    ///
    /// Cost: O(gap) when ahead, O(log missing) plus a move when late.
    pub fn on_packet(&mut self, seq: ExtSeq, now: Instant) {
        let Some(highest) = self.highest else {
            self.highest = Some(seq);
            return;
        };
        if seq <= highest {
            if let Ok(place) = self.missing.binary_search_by_key(&seq, |missing| missing.seq) {
                self.missing.remove(place);
            }
            return;
        }
        self.highest = Some(seq);
        let gap = seq.0 - highest.0 - 1;
        if gap + self.missing.len() as u64 > MISSING_MAX as u64 {
            self.missing.clear();
            self.lost_too_much = true;
            return;
        }
        let ask_at = now + FIRST_ASK_AFTER;
        for skipped in highest.0 + 1..seq.0 {
            self.missing.push_back(Missing { seq: ExtSeq(skipped), since: now, ask_at, tries: 0 });
            self.next = Some(self.next.map_or(ask_at, |next| next.min(ask_at)));
        }
    }

    /// Appends the sequence numbers to ask for now, in order. `rtt` is the round trip to the
    /// publisher. O(missing).
    pub fn due(&mut self, now: Instant, rtt: Duration, out: &mut Vec<Seq>) {
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        let retry_at = now + rtt.max(RETRY_AFTER_MIN);
        self.missing.retain_mut(|missing| {
            if now.saturating_duration_since(missing.since) >= GIVE_UP_AFTER {
                return false;
            }
            if now >= missing.ask_at {
                out.push(missing.seq.seq());
                missing.tries += 1;
                missing.ask_at = retry_at;
            }
            missing.tries < TRIES_MAX
        });
        self.next = self.missing.iter().map(|missing| missing.ask_at).min();
    }

    /// Whether so much was lost that the list was given up: ask for a key frame instead. Answers
    /// once per loss.
    pub fn lost_too_much(&mut self) -> bool {
        std::mem::take(&mut self.lost_too_much)
    }

    /// When to call [`due`](Self::due) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.missing.is_empty() { None } else { self.next }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const RTT: Duration = Duration::from_millis(50);

    #[test]
    fn a_gap_is_asked_for_after_the_reordering_time_and_once_per_round_trip() {
        let (mut tracker, start) = (NackTracker::default(), start());
        assert_eq!(tracker.poll_timeout(), None);
        tracker.on_packet(ExtSeq(65_534), start);
        tracker.on_packet(ExtSeq(65_537), start);
        let first = start + FIRST_ASK_AFTER;
        assert_eq!(tracker.poll_timeout(), Some(first));
        assert_eq!(asked(&mut tracker, first - Duration::from_millis(1)), []);
        assert_eq!(asked(&mut tracker, first), [Seq(65_535), Seq(0)]);
        assert_eq!(tracker.poll_timeout(), Some(first + RTT));
        assert_eq!(asked(&mut tracker, first + Duration::from_millis(49)), []);
        assert_eq!(asked(&mut tracker, first + RTT), [Seq(65_535), Seq(0)]);
    }

    #[test]
    fn a_packet_that_arrives_is_not_asked_for() {
        let (mut tracker, start) = (NackTracker::default(), start());
        tracker.on_packet(ExtSeq(1), start);
        tracker.on_packet(ExtSeq(4), start);
        tracker.on_packet(ExtSeq(2), start);
        assert_eq!(asked(&mut tracker, start + FIRST_ASK_AFTER), [Seq(3)]);
        tracker.on_packet(ExtSeq(3), start);
        assert_eq!(tracker.poll_timeout(), None);
        assert_eq!(asked(&mut tracker, start + RTT * 2), []);
    }

    #[test]
    fn packets_before_the_first_are_not_missing() {
        let (mut tracker, start) = (NackTracker::default(), start());
        tracker.on_packet(ExtSeq(100), start);
        tracker.on_packet(ExtSeq(90), start);
        tracker.on_packet(ExtSeq(101), start);
        assert_eq!(tracker.poll_timeout(), None);
    }

    #[test]
    fn asking_ends_after_ten_tries() {
        let (mut tracker, mut now) = (NackTracker::default(), start());
        tracker.on_packet(ExtSeq(1), now);
        tracker.on_packet(ExtSeq(3), now);
        let mut tries = 0;
        while let Some(at) = tracker.poll_timeout() {
            assert!(tries == 0 || at - now == RETRY_AFTER_MIN);
            now = at;
            let mut out = Vec::new();
            tracker.due(now, Duration::ZERO, &mut out);
            tries += out.len();
        }
        assert_eq!(tries, 10);
    }

    #[test]
    fn asking_ends_after_one_second() {
        let (mut tracker, start) = (NackTracker::default(), start());
        tracker.on_packet(ExtSeq(1), start);
        tracker.on_packet(ExtSeq(3), start);
        assert_eq!(asked(&mut tracker, start + GIVE_UP_AFTER), []);
        assert_eq!(tracker.poll_timeout(), None);
    }

    #[test]
    fn too_much_loss_is_reported_once_and_forgotten() {
        let (mut tracker, start) = (NackTracker::default(), start());
        tracker.on_packet(ExtSeq(1), start);
        tracker.on_packet(ExtSeq(2 + 512), start);
        assert!(!tracker.lost_too_much());
        tracker.on_packet(ExtSeq(4 + 512), start);
        assert!(tracker.lost_too_much());
        assert!(!tracker.lost_too_much());
        assert_eq!(tracker.poll_timeout(), None);
        tracker.on_packet(ExtSeq(1 << 40), start);
        assert!(tracker.lost_too_much());
        tracker.on_packet(ExtSeq((1 << 40) + 2), start);
        assert_eq!(asked(&mut tracker, start + FIRST_ASK_AFTER), [Seq(1)]);
    }

    proptest! {
        #[test]
        fn requests_agree_with_a_model_that_scans_everything(
            steps in prop::collection::vec(
                (prop_oneof![5 => 1..3i64, 2 => -10..10i64, 1 => 1..400i64], 0..40u64, 0..120u64), 1..150
            ),
        ) {
            let mut tracker = NackTracker::default();
            // By sequence number: since, next request, tries.
            let mut model = BTreeMap::<u64, (Instant, Instant, u8)>::new();
            let (mut now, mut highest) = (start(), 100_000u64);
            tracker.on_packet(ExtSeq(highest), now);
            for (step, wait_ms, rtt_ms) in steps {
                let seq = highest.wrapping_add_signed(step);
                tracker.on_packet(ExtSeq(seq), now);
                model.remove(&seq);
                for skipped in highest + 1..seq {
                    model.insert(skipped, (now, now + FIRST_ASK_AFTER, 0));
                }
                highest = highest.max(seq);
                let overflow = model.len() > MISSING_MAX;
                if overflow {
                    model.clear();
                }
                prop_assert_eq!(tracker.lost_too_much(), overflow);

                now += Duration::from_millis(wait_ms);
                let rtt = Duration::from_millis(rtt_ms);
                // Nothing is due before poll_timeout says so.
                let is_due = tracker.poll_timeout().is_some_and(|at| at <= now);
                let mut expected = Vec::new();
                model.retain(|_, (since, _, tries)| *tries < TRIES_MAX && now - *since < GIVE_UP_AFTER);
                for (seq, (_, ask_at, tries)) in &mut model {
                    if now >= *ask_at {
                        expected.push(ExtSeq(*seq).seq());
                        *ask_at = now + rtt.max(RETRY_AFTER_MIN);
                        *tries += 1;
                    }
                }
                model.retain(|_, (_, _, tries)| *tries < TRIES_MAX);
                let mut out = Vec::new();
                tracker.due(now, rtt, &mut out);
                prop_assert!(is_due || out.is_empty());
                prop_assert_eq!(out, expected);
                let next = model.values().map(|(_, ask_at, _)| *ask_at).min();
                prop_assert!(tracker.poll_timeout() <= next || next.is_none());
                prop_assert_eq!(tracker.poll_timeout().is_some(), !tracker.missing.is_empty());
            }
        }
    }

    fn asked(tracker: &mut NackTracker, now: Instant) -> Vec<Seq> {
        let mut out = Vec::new();
        tracker.due(now, RTT, &mut out);
        out
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }
}
