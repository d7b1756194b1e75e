//! What a viewer says of the picture: how often it stood still and for how long, how many frames, which layer.
//!
//! Owns no state: all is told from the frames that were shown. A freeze is what WebRTC's `getStats` counts as one: an
//! interval above max(3 x mean, mean + 150 ms), the mean being that of the frames before.

use std::time::{Duration, Instant};

use crate::viewer::Shown;

/// Frames whose intervals make the mean.
const MEAN_OF: usize = 30;
/// What a mean needs at least: libwebrtc's. Before, this is taken for it, so that only a long time without a picture counts.
const MEAN_FROM: usize = 5;
const MEAN_AT_FIRST: Duration = Duration::from_millis(400);
/// An interval above the mean by this much is a freeze.
const FREEZE_ABOVE_MEAN: Duration = Duration::from_millis(150);

/// The picture stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze {
    /// When the frame was shown that stayed.
    pub from: Instant,
    /// For how long.
    pub lasted: Duration,
}

/// What was seen in a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Frames a second.
    pub fps: f64,
    /// Freezes, the one that goes on at the end too.
    pub freezes: Vec<Freeze>,
    /// The share of the time that they last.
    pub frozen_share: f64,
    /// The longest.
    pub longest_freeze: Duration,
    /// Layer of the last frame.
    pub layer: Option<u8>,
    /// Half of the frames are not older than this when they are shown.
    pub median_age: Duration,
}

/// Tells what was seen from one time to another. Frames count their age from `epoch`.
#[must_use]
pub fn see(shown: &[Shown], epoch: Instant, from: Instant, to: Instant) -> Seen {
    let inside: Vec<_> = shown.iter().filter(|one| one.at >= from && one.at < to).collect();
    let freezes = freezes(shown, from, to);
    let span = to.saturating_duration_since(from);
    let frozen: Duration = freezes.iter().map(|one| one.lasted).sum();
    let mut ages: Vec<Duration> =
        inside.iter().map(|one| (one.at - epoch).saturating_sub(made(one))).collect();
    ages.sort();
    Seen {
        fps: inside.len() as f64 / span.as_secs_f64(),
        frozen_share: frozen.as_secs_f64() / span.as_secs_f64(),
        longest_freeze: freezes.iter().map(|one| one.lasted).max().unwrap_or_default(),
        layer: inside.last().map(|one| one.layer),
        median_age: ages.get(ages.len() / 2).copied().unwrap_or_default(),
        freezes,
    }
}

fn made(one: &Shown) -> Duration {
    Duration::from_nanos(one.made_ns)
}

/// The freezes that overlap a time, cut to it.
#[must_use]
pub fn freezes(shown: &[Shown], from: Instant, to: Instant) -> Vec<Freeze> {
    let mut intervals: Vec<Duration> = Vec::new();
    let mut found = Vec::new();
    let mut before: Option<Instant> = None;
    let ends = shown.iter().map(|one| (one.at, true)).filter(|(at, _)| *at < to);
    for (at, is_frame) in ends.chain([(to, false)]) {
        // Before the first frame there is nothing that could stand still, but a time without a picture counts.
        let since = before.unwrap_or(from.min(at));
        let interval = at.saturating_duration_since(since);
        let recent = &intervals[intervals.len().saturating_sub(MEAN_OF)..];
        let mean = match recent.len() {
            0..MEAN_FROM => MEAN_AT_FIRST,
            count => recent.iter().sum::<Duration>() / count as u32,
        };
        if interval > (3 * mean).max(mean + FREEZE_ABOVE_MEAN) && at > from {
            let start = since.max(from);
            found.push(Freeze { from: start, lasted: at.saturating_duration_since(start) });
        }
        if is_frame {
            intervals.extend(before.map(|_| interval));
            before = Some(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(33);

    #[test]
    fn an_even_picture_never_freezes_however_slow_and_an_outage_does() {
        let start = start();
        for interval in [FRAME, 10 * FRAME] {
            let shown = frames(start, (0..60).map(|n| interval * n));
            let seen = see(&shown, start, start, start + 60 * interval);
            assert_eq!(seen.freezes, []);
        }
        // 30 frames, a second of nothing, 30 frames.
        let shown = frames(
            start,
            (0..60).map(|n| FRAME * n + if n < 30 { Duration::ZERO } else { SECOND }),
        );
        let seen = see(&shown, start, start, start + FRAME * 60 + SECOND);
        assert_eq!(seen.freezes, [Freeze { from: start + 29 * FRAME, lasted: FRAME + SECOND }]);
        assert!((0.3..0.4).contains(&seen.frozen_share));
    }

    #[test]
    fn a_picture_that_stands_still_at_the_end_is_counted_and_cut_to_the_time() {
        let start = start();
        let shown = frames(start, (0..30).map(|n| FRAME * n));
        let seen = see(&shown, start, start, start + 10 * SECOND);
        assert!(seen.longest_freeze > 9 * SECOND);
        let later = see(&shown, start, start + 5 * SECOND, start + 10 * SECOND);
        assert_eq!((later.longest_freeze, later.fps), (5 * SECOND, 0.0));
    }

    #[test]
    fn jitter_of_a_tenth_of_a_second_is_no_freeze() {
        let start = start();
        let late = |n: u32| if n % 20 == 7 { FRAME * 4 } else { Duration::ZERO };
        let mut times: Vec<_> = (0..60).map(|n| FRAME * n + late(n)).collect();
        times.sort();
        let shown = frames(start, times.into_iter());
        assert_eq!(freezes(&shown, start, start + FRAME * 60), []);
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn frames(start: Instant, times: impl Iterator<Item = Duration>) -> Vec<Shown> {
        let shown = |time: Duration| Shown {
            at: start + time,
            made_ns: time.as_nanos() as u64,
            layer: 0,
            temporal_layer: 0,
            is_key: false,
        };
        times.map(shown).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn start() -> Instant {
        Instant::now()
    }
}
