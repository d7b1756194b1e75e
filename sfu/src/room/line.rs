//! How the line to a subscriber has been, and whether it is in low-bandwidth mode.

use std::time::{Duration, Instant};

/// Below this a line is for sound first; above that it is not any more. Opus with redundancy and a small picture at full
/// rate need about so much.
const LOW_BPS: u64 = 150_000;
const LOW_ENDS_BPS: u64 = 250_000;

/// How long a line must be so, before it is said: it is shown to people.
const LOW_BEGINS_AFTER: Duration = Duration::from_secs(2);
const LOW_ENDS_AFTER: Duration = Duration::from_secs(5);

/// How a subscriber's line has been.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineState {
    /// It does not carry what is wanted.
    pub(crate) is_constrained: bool,
    /// Low-bandwidth mode, as it is told.
    pub(crate) is_low: bool,
    /// Since when it has been the other way.
    turning: Option<Instant>,
}

impl LineState {
    /// Takes the estimate; answers whether the mode has changed.
    pub(super) fn turn(&mut self, estimate_bps: Option<u64>, now: Instant) -> bool {
        let is_other = estimate_bps.is_some_and(|bps| match self.is_low {
            false => bps < LOW_BPS,
            true => bps > LOW_ENDS_BPS,
        });
        if !is_other {
            self.turning = None;
            return false;
        }
        let since = *self.turning.get_or_insert(now);
        let patience = if self.is_low { LOW_ENDS_AFTER } else { LOW_BEGINS_AFTER };
        if now.saturating_duration_since(since) < patience {
            return false;
        }
        self.is_low = !self.is_low;
        self.turning = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_bandwidth_begins_after_two_seconds_and_ends_after_five() {
        let start = Instant::now();
        let mut line = LineState::default();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (second, bps, turned, is_low) in [
            (0, None, false, false),
            (1, Some(100_000), false, false),
            (2, Some(200_000), false, false),
            (3, Some(100_000), false, false),
            (5, Some(149_999), true, true),
            (6, Some(300_000), false, true),
            (10, Some(300_000), false, true),
            (11, Some(300_000), true, false),
        ] {
            assert_eq!((line.turn(bps, at(second)), line.is_low), (turned, is_low), "{second}");
        }
    }
}
