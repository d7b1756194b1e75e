//! How the line to a subscriber has been, and whether it is in low-bandwidth mode.

use std::time::{Duration, Instant};

/// Below this a line is for sound first; above that it is not any more. Opus with redundancy and a small picture at full
/// rate need about so much.
const LOW_BPS: u64 = 150_000;
const LOW_ENDS_BPS: u64 = 250_000;

/// How long a line must be so, before it is said: it is shown to people.
const LOW_BEGINS_AFTER: Duration = Duration::from_secs(2);
const LOW_ENDS_AFTER: Duration = Duration::from_secs(5);

/// A line that loses so much, in thousandths, is given small frames whatever it carries: of a frame in twenty packets one
/// is always missing. Until it loses less than the other.
const LOSSY_PERMILLE: u32 = 200;
const LOSSY_ENDS_PERMILLE: u32 = 120;

/// A narrow line that loses less than this, in thousandths, is sent sound once; until it loses more than the other.
const PLAIN_SOUND_PERMILLE: u32 = 30;
const PLAIN_SOUND_ENDS_PERMILLE: u32 = 60;

/// A line that loses so much, in thousandths, is sent each packet of sound twice, until it loses less than the other, if it
/// carries so many times what sound takes.
const DOUBLED_SOUND_PERMILLE: u32 = 120;
const DOUBLED_SOUND_ENDS_PERMILLE: u32 = 80;
const DOUBLED_SOUND_ROOM: u64 = 4;

/// Below this a line is narrow for sound, and below that whatever it loses.
const PLAIN_SOUND_BELOW_BPS: u64 = 300_000;
const PLAIN_SOUND_ALWAYS_BPS: u64 = 100_000;

/// What is left of redundant sound when it is sent once, in percent: half of its payload, and all of its headers.
const PLAIN_SOUND_PERCENT: u64 = 65;

/// After congestion nothing is raised for so long; if it was what was raised that congested the line, for longer each
/// time.
pub(super) const RAISE_AFTER: Duration = Duration::from_millis(2000);
const RAISE_AFTER_MAX: Duration = Duration::from_secs(30);

/// What failed says nothing any more of a line that carries so many times as much as then, and is no narrow one: on those
/// estimates waver.
const FORGOTTEN_TIMES: u64 = 2;
const FORGOTTEN_FROM_BPS: u64 = 500_000;

/// Congestion within this time after a raise comes from it.
const RAISE_FAILS_WITHIN: Duration = Duration::from_secs(6);

/// How often, at most, a line's change has everything given out anew at once. Our own estimator falls once a round trip, and
/// browsers' own estimates come at most once in 200 ms.
const CHANGE_INTERVAL: Duration = Duration::from_millis(20);

/// How a subscriber's line has been.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineState {
    /// It does not carry what is wanted.
    pub(crate) is_constrained: bool,
    /// It loses much.
    pub(crate) is_lossy: bool,
    /// Each packet of sound is sent to it twice.
    pub(crate) is_sound_doubled: bool,
    /// Sound is sent to it once, without redundancy.
    pub(crate) is_sound_plain: bool,
    /// Low-bandwidth mode, as it is told.
    pub(crate) is_low: bool,
    /// Since when it has been the other way.
    turning: Option<Instant>,
    /// When something was raised last, and how long after congestion nothing is.
    raised: Option<Instant>,
    patience: Option<Duration>,
    /// What the line carried when that was learnt.
    failed_bps: Option<u64>,
    /// When a change was acted upon last.
    changed: Option<Instant>,
}

impl LineState {
    /// Takes what the line carries, what it loses in thousandths, and what sound takes of it.
    pub(super) fn settle(&mut self, estimate_bps: Option<u64>, loss: u32, sound_bps: u64) {
        let Some(estimate) = estimate_bps else { return };
        if self.patience.is_some()
            && estimate >= *self.failed_bps.get_or_insert(estimate) * FORGOTTEN_TIMES
            && estimate >= FORGOTTEN_FROM_BPS
        {
            self.patience = None;
        }
        let turns = |is_on: bool, begins: u32, ends: u32| if is_on { ends } else { begins };
        self.is_lossy = loss >= turns(self.is_lossy, LOSSY_PERMILLE, LOSSY_ENDS_PERMILLE);
        let plain_below =
            turns(self.is_sound_plain, PLAIN_SOUND_PERMILLE, PLAIN_SOUND_ENDS_PERMILLE);
        // Where sound itself fills the line, it is redundancy that is lost.
        self.is_sound_plain = estimate < PLAIN_SOUND_ALWAYS_BPS
            || (estimate < PLAIN_SOUND_BELOW_BPS && loss < plain_below);
        let doubled_from =
            turns(self.is_sound_doubled, DOUBLED_SOUND_PERMILLE, DOUBLED_SOUND_ENDS_PERMILLE);
        self.is_sound_doubled = !self.is_sound_plain
            && loss >= doubled_from
            && estimate > sound_bps * DOUBLED_SOUND_ROOM;
    }

    /// Something better is sent from now on.
    pub(super) fn on_raised(&mut self, now: Instant) {
        self.raised = Some(now);
    }

    /// Whether a change is acted upon at once.
    pub(super) fn may_change(&mut self, now: Instant) -> bool {
        let since = self.changed.map(|at| now.saturating_duration_since(at));
        let may = since.is_none_or(|since| since >= CHANGE_INTERVAL);
        if may {
            self.changed = Some(now);
        }
        may
    }

    /// The line carries less than it was thought to.
    pub(super) fn on_congested(&mut self, now: Instant) {
        let is_own = |at| now.saturating_duration_since(at) < RAISE_FAILS_WITHIN;
        let longer = self.raise_after() * 2;
        self.failed_bps = None;
        self.patience = self.raised.take().is_some_and(is_own).then(|| longer.min(RAISE_AFTER_MAX));
    }

    /// How long after congestion nothing is raised.
    pub(super) fn raise_after(&self) -> Duration {
        self.patience.unwrap_or(RAISE_AFTER)
    }

    /// What sound costs as it is sent.
    pub(super) fn sound_cost(&self, sound_bps: u64) -> u64 {
        match (self.is_sound_plain, self.is_sound_doubled) {
            (true, _) => sound_bps * PLAIN_SOUND_PERCENT / 100,
            (false, true) => sound_bps * 2,
            (false, false) => sound_bps,
        }
    }

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

    #[test]
    fn a_raise_that_fails_makes_the_next_wait_longer() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut line = LineState::default();
        let mut waits = Vec::new();
        for second in [0, 10, 20, 30, 40, 50] {
            line.on_raised(at(second));
            line.on_congested(at(second + 1));
            waits.push(line.raise_after().as_secs());
        }
        assert_eq!(waits, [4, 8, 16, 30, 30, 30]);
        line.on_congested(at(52));
        assert_eq!(line.raise_after(), RAISE_AFTER);
        line.on_raised(at(60));
        line.on_congested(at(70));
        assert_eq!(line.raise_after(), RAISE_AFTER);
        line.on_raised(at(80));
        line.on_congested(at(81));
        for (estimate, wait) in [(300_000, 4), (599_000, 4), (600_000, 2), (300_000, 2)] {
            line.settle(Some(estimate), 0, 0);
            assert_eq!(line.raise_after().as_secs(), wait, "{estimate}");
        }
    }

    #[test]
    fn sound_is_sent_once_on_narrow_lines_and_twice_on_lossy_ones_with_room() {
        let mut line = LineState::default();
        for (estimate, loss, plain, doubled, lossy) in [
            (2_000_000, 0, false, false, false),
            (2_000_000, 130, false, true, false),
            (2_000_000, 90, false, true, false),
            (2_000_000, 250, false, true, true),
            (2_000_000, 150, false, true, true),
            (2_000_000, 70, false, false, false),
            (250_000, 20, true, false, false),
            (250_000, 50, true, false, false),
            (250_000, 70, false, false, false),
            (250_000, 130, false, true, false),
            (150_000, 130, false, false, false),
            (90_000, 300, true, false, true),
        ] {
            line.settle(Some(estimate), loss, 60_000);
            let is = (line.is_sound_plain, line.is_sound_doubled, line.is_lossy);
            assert_eq!(is, (plain, doubled, lossy), "{estimate} {loss}");
        }
        assert_eq!(line.sound_cost(100_000), 65_000);
    }
}
