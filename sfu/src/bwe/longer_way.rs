//! Whether a step of the delays was a queue at all: a way that has become longer, by a handover or another route, looks
//! like one, and a line that is taken to be narrow for it gives no picture for ten seconds.
//!
//! ```text
//!   delay      ┌──╮            a queue: less is sent than came through, so it drains
//!          ────┘   ╲___
//!              ┌────────       a longer way: it stays as it is, whatever is sent
//!          ────┘
//!               ▲ less is sent from here on
//! ```
//!
//! Pure: times in microseconds, those of arrival by the receiver's clock with any offset.

/// After the estimate was lowered a frame of the layer that is left may still go out.
const BEGIN_AFTER_US: i64 = 100_000;

/// What is sent then is watched for so long, in two halves.
const WATCH_US: i64 = 500_000;

/// A queue is sure to drain if no more is sent than this share of what came through, in percent.
const DRAINS_PERCENT: u64 = 85;

/// A way that is longer by less would have been no step; and a queue that is gone has left less.
const LONGER_MIN_US: i64 = 50_000;

/// A queue that has grown by so much since the step grows still.
const GROWN_US: i64 = 40_000;

/// A short queue that is full neither grows nor drains, but loses: of so many packets that came one may be lost.
const LOST_ONE_OF: i64 = 8;

/// Packets that each half must have.
const PACKETS_MIN: i64 = 5;

/// The estimate as it was before the step.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// In bits a second.
    pub bps: u64,
    /// What the line carried when it was last at its limit.
    pub limit_bps: Option<u64>,
    /// The line had shown a limit.
    pub is_informed: bool,
}

/// Watches what comes after a step.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// To go back to, if there was no queue.
    pub before: Before,
    /// What came through at the step.
    arriving_bps: u64,
    since_us: i64,
    base_us: i64,
    queue_us: i64,
    /// Of each half: packets, and the sum of their delays beyond the base.
    halves: [(i64, i64); 2],
    lost: i64,
    bytes: u64,
}

impl Watch {
    /// The estimate was lowered at `now_us` for a step from a least delay to a queue on it, when so much came through.
    #[must_use]
    pub fn new(
        before: Before,
        arriving_bps: u64,
        (base_us, queue_us): (i64, i64),
        now_us: i64,
    ) -> Self {
        let since_us = now_us + BEGIN_AFTER_US;
        Self {
            before,
            arriving_bps,
            since_us,
            base_us,
            queue_us,
            halves: [(0, 0); 2],
            lost: 0,
            bytes: 0,
        }
    }

    /// Notes a packet that arrived. Answers once, when enough has: whether the way is longer, and no queue there.
    pub fn on_packet(&mut self, sent_us: i64, arrival_us: i64, len: u16) -> Option<bool> {
        let at = sent_us - self.since_us;
        if at < 0 {
            return None;
        }
        if at >= WATCH_US {
            return Some(self.is_longer());
        }
        let [first, second] = &mut self.halves;
        let half = if at < WATCH_US / 2 { first } else { second };
        half.0 += 1;
        half.1 += arrival_us - sent_us - self.base_us;
        self.bytes += u64::from(len);
        None
    }

    /// Whether there is a queue for sure: it grows, or overflows.
    #[must_use]
    pub fn is_refuted(&self, queue_us: i64) -> bool {
        self.lost > 0 || queue_us >= self.queue_us + GROWN_US
    }

    /// Notes a packet that was lost.
    pub fn on_lost(&mut self, sent_us: i64) {
        self.lost += i64::from((-BEGIN_AFTER_US..WATCH_US).contains(&(sent_us - self.since_us)));
    }

    fn is_longer(&self) -> bool {
        let [(early, early_sum), (late, late_sum)] = self.halves;
        let sent_bps = self.bytes * 8 * 1_000_000 / WATCH_US.unsigned_abs();
        if early.min(late) < PACKETS_MIN
            || self.lost * LOST_ONE_OF > early + late
            || sent_bps * 100 > self.arriving_bps * DRAINS_PERCENT
        {
            return false;
        }
        let spared = self.arriving_bps.saturating_sub(sent_bps) * (WATCH_US / 2).unsigned_abs();
        let drained = i64::try_from(spared / self.arriving_bps.max(1)).unwrap_or(i64::MAX);
        let (early, late) = (early_sum / early, late_sum / late);
        late >= LONGER_MIN_US && (late - early).abs() < drained / 2
    }
}
