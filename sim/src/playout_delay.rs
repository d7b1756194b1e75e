//! How long a receiver holds frames back so that they come to the screen evenly.
//!
//! Owns a line through the arrivals (the least transit of the last seconds) and an estimate of how late frames come
//! against it. Rises at once, falls slowly. Cut down from what libwebrtc does with a filter: enough to tell an even
//! picture from a jerky one.

use std::time::{Duration, Instant};

/// Beyond, a frame counts as an outage and not as jitter.
const DELAY_MAX: Duration = Duration::from_millis(500);
/// Least: what a screen of 60 Hz needs.
const DELAY_MIN: Duration = Duration::from_millis(10);
/// The line is laid through the arrivals of one to two of these.
const WINDOW: Duration = Duration::from_secs(5);
/// The delay falls by this share at each frame: half in about 5 s at 30 a second.
const FALL: f64 = 0.0045;

/// See the module.
#[derive(Debug, Default)]
pub struct PlayoutDelay {
    /// First arrival and its timestamp: the origin of both clocks.
    origin: Option<(Instant, i64)>,
    highest: Option<i64>,
    /// Least transit in the window before and in this one, microseconds.
    least: [Option<i64>; 2],
    window_end: Option<Instant>,
    delay_us: f64,
}

impl PlayoutDelay {
    /// A frame is complete.
    pub fn on_frame(&mut self, timestamp: u32, now: Instant) {
        let full = self.extended(timestamp);
        self.highest = Some(self.highest.map_or(full, |highest| highest.max(full)));
        let (origin, first) = *self.origin.get_or_insert((now, full));
        let transit = since_us(origin, now) - ticks_us(full - first);
        let end = *self.window_end.get_or_insert(now + WINDOW);
        if now >= end {
            self.least = [self.least[1], None];
            self.window_end = Some(now + WINDOW);
        }
        self.least[1] = Some(self.least[1].map_or(transit, |least| least.min(transit)));
        let late = (transit - self.base()) as f64;
        self.delay_us -= self.delay_us * FALL;
        if late > self.delay_us && late < 4.0 * DELAY_MAX.as_micros() as f64 {
            self.delay_us = late;
        }
        let (least, most) = (DELAY_MIN.as_micros() as f64, DELAY_MAX.as_micros() as f64);
        self.delay_us = self.delay_us.clamp(least, most);
    }

    /// When a frame is to be shown; `None` before the first.
    #[must_use]
    pub fn render_at(&self, timestamp: u32) -> Option<Instant> {
        let (origin, first) = self.origin?;
        let at = ticks_us(self.extended(timestamp) - first) + self.base() + self.delay_us as i64;
        // Never before the origin: nothing had come then.
        Some(origin + Duration::from_micros(at.max(0).cast_unsigned()))
    }

    /// The delay, as it stands.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_micros(self.delay_us as u64)
    }

    fn base(&self) -> i64 {
        self.least.iter().copied().flatten().min().unwrap_or(0)
    }

    fn extended(&self, timestamp: u32) -> i64 {
        let Some(highest) = self.highest else { return timestamp.into() };
        let ahead = timestamp.wrapping_sub(highest as u32).cast_signed();
        highest + i64::from(ahead)
    }
}

fn since_us(origin: Instant, now: Instant) -> i64 {
    now.saturating_duration_since(origin).as_micros() as i64
}

/// Of the clock of video.
fn ticks_us(ticks: i64) -> i64 {
    ticks * 100 / 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_rises_at_once_with_the_first_late_frame_and_falls_slowly() {
        let (mut delay, start) = (PlayoutDelay::default(), start());
        let frame = |n: u64| start + Duration::from_micros(33_333 * n);
        for n in 0..30 {
            delay.on_frame(3000 * n as u32, frame(n));
        }
        assert_eq!(delay.delay(), DELAY_MIN);
        delay.on_frame(90_000, frame(30) + Duration::from_millis(120));
        assert!(delay.delay() > Duration::from_millis(115), "{:?}", delay.delay());
        for n in 31..181 {
            delay.on_frame(3000 * n as u32, frame(n));
        }
        let later = delay.delay();
        assert!(
            later > Duration::from_millis(40) && later < Duration::from_millis(90),
            "{later:?}"
        );
    }

    #[test]
    fn a_line_that_becomes_longer_is_followed_within_two_windows() {
        let (mut delay, start) = (PlayoutDelay::default(), start());
        let longer = Duration::from_millis(400);
        for n in 0..900_u64 {
            let extra = if n < 300 { Duration::ZERO } else { longer };
            delay.on_frame(3000 * n as u32, start + Duration::from_micros(33_333 * n) + extra);
        }
        let due = delay.render_at(3000 * 900).unwrap();
        let slack = due - (start + Duration::from_micros(33_333 * 900) + longer);
        assert!(slack < Duration::from_millis(250), "{slack:?}");
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn start() -> Instant {
        Instant::now()
    }
}
