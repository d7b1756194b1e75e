//! How a participant is connected, as a score: what people would say of it, and when it is told again. Pure.

use std::time::{Duration, Instant};

use super::report::Series;
use crate::words::info::ConnectionQuality;

/// How often the score is judged, and how often everyone is told without a change (LiveKit's five seconds).
pub(super) const JUDGE_INTERVAL: Duration = Duration::from_secs(2);
const TELL_INTERVAL: Duration = Duration::from_secs(5);

/// What a participant's connections are like. Loss in thousandths, the worse of both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) loss_up: u32,
    pub(crate) loss_down: u32,
    pub(crate) rtt_ms: u32,
    pub(crate) jitter_ms: u32,
    /// The line does not carry what is wanted.
    pub(crate) is_constrained: bool,
    /// Low-bandwidth mode.
    pub(crate) is_low: bool,
}

impl Condition {
    /// 0 to 5, as people would say: 5 as if in the same room, below 3 annoying.
    pub(crate) fn score(&self) -> f32 {
        let loss = match self.loss_up.max(self.loss_down) {
            0..20 => 0.0,
            20..50 => 0.5,
            50..100 => 1.1,
            100..200 => 2.1,
            _ => 3.2,
        };
        let delay = match self.rtt_ms {
            0..200 => 0.0,
            200..350 => 0.4,
            350..600 => 1.0,
            _ => 2.1,
        };
        let jitter = match self.jitter_ms {
            0..40 => 0.0,
            40..100 => 0.4,
            _ => 1.1,
        };
        let narrow = match (self.is_low, self.is_constrained) {
            (true, _) => 2.1,
            (false, true) => 1.0,
            (false, false) => 0.0,
        };
        (5.0_f32 - loss - delay - jitter - narrow).max(1.0)
    }

    /// The level of a score.
    pub(crate) fn level(score: f32) -> ConnectionQuality {
        if score >= 4.2 {
            ConnectionQuality::Excellent
        } else if score >= 3.0 {
            ConnectionQuality::Good
        } else {
            ConnectionQuality::Poor
        }
    }
}

/// What is kept of one participant.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(super) judged: Option<Instant>,
    score: f32,
    pub(super) level: Option<ConnectionQuality>,
    told: Option<(ConnectionQuality, Instant)>,
    pub(crate) series: Series,
}

impl Standing {
    /// Takes a judgement; getting better takes two.
    pub(super) fn take(&mut self, score: f32, now: Instant) {
        let is_first = self.judged.is_none();
        self.judged = Some(now);
        self.score =
            if is_first || score < self.score { score } else { (self.score + score) / 2.0 };
        self.level = Some(Condition::level(self.score));
    }

    /// What is to be told now, if anything is; remembers it.
    pub(super) fn tell(
        &mut self,
        level: ConnectionQuality,
        now: Instant,
    ) -> Option<(ConnectionQuality, f32)> {
        let is_due = self.told.is_none_or(|(told, at)| {
            told != level || now.saturating_duration_since(at) >= TELL_INTERVAL
        });
        if !is_due {
            return None;
        }
        self.told = Some((level, now));
        let score = if level == ConnectionQuality::Lost { 0.0 } else { self.score };
        Some((level, score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_what_people_notice() {
        let good = Condition { rtt_ms: 130, ..Condition::default() };
        for (condition, level) in [
            (good, ConnectionQuality::Excellent),
            (Condition { loss_up: 15, jitter_ms: 30, ..good }, ConnectionQuality::Excellent),
            (Condition { loss_down: 60, ..good }, ConnectionQuality::Good),
            (Condition { loss_down: 120, ..good }, ConnectionQuality::Poor),
            (Condition { is_constrained: true, ..good }, ConnectionQuality::Good),
            (Condition { is_low: true, is_constrained: true, ..good }, ConnectionQuality::Poor),
            (Condition { rtt_ms: 400, ..good }, ConnectionQuality::Good),
            (Condition { rtt_ms: 900, ..good }, ConnectionQuality::Poor),
        ] {
            assert_eq!(Condition::level(condition.score()), level, "{condition:?}");
        }
        let worst = Condition {
            loss_up: 900,
            loss_down: 900,
            rtt_ms: 5000,
            jitter_ms: 900,
            is_constrained: true,
            is_low: true,
        };
        assert!((worst.score() - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_level_is_told_when_it_changes_and_every_five_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut standing = Standing::default();
        let (excellent, poor) = (ConnectionQuality::Excellent, ConnectionQuality::Poor);
        standing.take(4.8, start);
        for (second, level, is_told) in [
            (0, excellent, true),
            (2, excellent, false),
            (5, excellent, true),
            (6, poor, true),
            (7, poor, false),
            (8, ConnectionQuality::Lost, true),
            (13, ConnectionQuality::Lost, true),
        ] {
            assert_eq!(standing.tell(level, at(second)).is_some(), is_told, "{second}");
        }
        // Worse at once, better by halves.
        standing.take(1.0, at(20));
        assert_eq!(standing.level, Some(poor));
        standing.take(5.0, at(22));
        assert_eq!(standing.level, Some(ConnectionQuality::Good));
        standing.take(5.0, at(24));
        standing.take(5.0, at(26));
        assert_eq!(standing.level, Some(excellent));
    }
}
