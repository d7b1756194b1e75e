//! What loss says of the line. Loss that comes with a queue, or that answers to how much is sent, is congestion; loss
//! that stays whatever is sent belongs to the line (a radio link), and sending less would only make the picture worse.

use std::time::{Duration, Instant};

/// Loss is judged over at least so long and so many packets: of fewer, one in ten lost by chance looks like one in five.
const INTERVAL: Duration = Duration::from_millis(300);
const PACKETS_MIN: u32 = 40;

/// Loss beyond what the line always loses, in thousandths, from which on it is congestion: with a queue, and without
/// one. A policer drops without a queue, but then it drops much.
const EXCESS_QUEUED: u32 = 80;
const EXCESS_UNQUEUED: u32 = 350;

/// A queue of less than this is none.
const QUEUE_US: i64 = 30_000;

/// Part of what was lost before that must be lost still, in percent, for the loss to be the line's.
const UNANSWERED_PERCENT: u32 = 75;

/// What a judgement found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to be done.
    Fine,
    /// Send less: this share in thousandths is lost because of what is sent.
    Congested(u32),
}

/// See the module.
#[derive(Debug)]
pub struct LossDetector {
    since: Instant,
    lost: u32,
    told: u32,
    /// Smoothed, in thousandths.
    loss: u32,
    /// What the line always loses, in thousandths.
    inherent: u32,
    /// Loss at the last decrease.
    decreased_at: Option<u32>,
}

impl LossDetector {
    /// Nothing is lost.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { since: now, lost: 0, told: 0, loss: 0, inherent: 0, decreased_at: None }
    }

    /// A packet was told of for the first time.
    pub fn on_told(&mut self, is_lost: bool) {
        self.told += 1;
        self.lost += u32::from(is_lost);
    }

    /// So many packets were told of for the first time, and came.
    pub fn on_all_came(&mut self, count: u16) {
        self.told += u32::from(count);
    }

    /// A packet that had been told lost came after all.
    pub fn on_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// Share that is lost, smoothed, in thousandths.
    #[must_use]
    pub fn loss_permille(&self) -> u32 {
        self.loss
    }

    /// Judges, if enough was told since the last time.
    pub fn judge(&mut self, queue_us: i64, now: Instant) -> Verdict {
        if self.told < PACKETS_MIN || now.saturating_duration_since(self.since) < INTERVAL {
            return Verdict::Fine;
        }
        let current = self.lost * 1000 / self.told.max(1);
        self.loss = (self.loss + current) / 2;
        (self.since, self.lost, self.told) = (now, 0, 0);
        if self.loss < self.inherent {
            self.inherent = self.loss;
        }
        if let Some(before) = self.decreased_at.take()
            && current * 100 >= before * UNANSWERED_PERCENT
        {
            // Less was sent, and as much is lost.
            self.inherent = self.inherent.max(self.loss * 9 / 10);
        }
        let excess = self.loss.min(current).saturating_sub(self.inherent);
        let limit = if queue_us >= QUEUE_US { EXCESS_QUEUED } else { EXCESS_UNQUEUED };
        if excess < limit {
            return Verdict::Fine;
        }
        self.decreased_at = Some(current);
        Verdict::Congested(excess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(
        detector: &mut LossDetector,
        lost_permille: u32,
        queue_us: i64,
        now: &mut Instant,
    ) -> Verdict {
        for packet in 0..100 {
            detector.on_told(packet * 10 < lost_permille);
        }
        *now += Duration::from_secs(1);
        detector.judge(queue_us, *now)
    }

    #[test]
    fn random_loss_without_a_queue_is_the_line_s() {
        for loss in [50, 100, 300] {
            let mut now = Instant::now();
            let mut detector = LossDetector::new(now);
            let verdicts: Vec<_> =
                (0..20).map(|_| second(&mut detector, loss, 5_000, &mut now)).collect();
            assert!(verdicts.iter().all(|one| *one == Verdict::Fine), "{loss}: {verdicts:?}");
            assert!(detector.loss_permille().abs_diff(loss) < 10);
        }
    }

    #[test]
    fn loss_with_a_queue_is_congestion_until_it_does_not_answer() {
        let mut now = Instant::now();
        let mut detector = LossDetector::new(now);
        let congested = |verdict| matches!(verdict, Verdict::Congested(_));
        assert!(congested(second(&mut detector, 300, 100_000, &mut now)));
        // It answers: still too much.
        assert!(congested(second(&mut detector, 200, 100_000, &mut now)));
        assert_eq!(detector.inherent, 0);
        // It does not any more: the line's.
        assert!(!congested(second(&mut detector, 200, 100_000, &mut now)));
        assert!(detector.inherent > 150);
        // The line has become better, and then is congested again.
        second(&mut detector, 0, 0, &mut now);
        second(&mut detector, 0, 0, &mut now);
        assert!(detector.inherent < 60);
        assert!(congested(second(&mut detector, 400, 100_000, &mut now)));
    }

    #[test]
    fn few_packets_are_not_judged_and_late_ones_are_not_lost() {
        let mut now = Instant::now();
        let mut detector = LossDetector::new(now);
        for _ in 0..PACKETS_MIN - 1 {
            detector.on_told(true);
        }
        now += Duration::from_secs(1);
        assert_eq!(detector.judge(100_000, now), Verdict::Fine);
        for _ in 0..PACKETS_MIN - 1 {
            detector.on_late();
        }
        detector.on_told(false);
        assert_eq!(detector.judge(100_000, now), Verdict::Fine);
        assert_eq!(detector.loss_permille(), 0);
    }
}
