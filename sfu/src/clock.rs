//! The shard's own clock: it stands still while the shard is kept from its work.
//!
//! ```text
//!   outside   ───────────|··· stopped ···|───────────►      a laptop that sleeps, a hypervisor, a debugger
//!   shard     ───────────|───────────────────────────►      goes on where it stood
//!                        ^ a look was due and did not come
//! ```
//!
//! Whoever was not listened to has not been silent. Were the time of a stop to count, the first look afterwards would take
//! consent, sessions and offers from everybody, before the checks and answers that wait in the socket are read.
//! Owns the sum of all stops. Never reads a clock.

use std::time::{Duration, Instant};

/// A look that comes so much late was kept from coming: far more than a turn takes, far less than the least wait that ends
/// something for a client (9 s without a path).
const STOP_MIN: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(crate) struct ShardClock {
    /// The last input, by the caller's clock.
    came: Instant,
    /// And by this one.
    now: Instant,
    stopped: Duration,
}

impl ShardClock {
    /// Both clocks show the same.
    pub(crate) fn new(now: Instant) -> Self {
        Self { came: now, now, stopped: Duration::ZERO }
    }

    /// The caller's clock has not moved since the last input.
    pub(crate) fn is_at(&self, came: Instant) -> bool {
        self.came == came
    }

    /// An input came. `due` is when, by this clock, the shard was to be looked at: what goes beyond that by
    /// [`STOP_MIN`] was a stop. Answers the time by this clock; it never goes back.
    pub(crate) fn advance(&mut self, came: Instant, due: Option<Instant>) -> Instant {
        self.came = came;
        let now = came.checked_sub(self.stopped).unwrap_or(self.now).max(self.now);
        self.now = match due.map(|due| due.max(self.now)) {
            Some(due) if now.saturating_duration_since(due) >= STOP_MIN => {
                self.stopped += now.saturating_duration_since(due);
                due
            }
            _ => now,
        };
        self.now
    }

    /// A time of this clock by the caller's, if nothing stops the shard until then.
    pub(crate) fn outside(&self, at: Instant) -> Instant {
        at + self.stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_stop_does_not_count_and_an_idle_shard_is_not_stopped() {
        let start = Instant::now();
        let mut clock = ShardClock::new(start);
        // Nothing was due: nobody was kept waiting.
        assert_eq!(clock.advance(start + ms(60_000), None), start + ms(60_000));
        let due = start + ms(60_400);
        assert_eq!(clock.advance(start + ms(61_399), Some(due)), start + ms(61_399));
        let due = start + ms(61_500);
        assert_eq!(clock.advance(start + ms(91_500), Some(due)), due);
        assert_eq!(clock.outside(due), start + ms(91_500));
        assert_eq!(clock.advance(start + ms(91_700), Some(due + ms(400))), start + ms(61_700));
        // And again.
        assert_eq!(clock.advance(start + ms(99_700), Some(due)), start + ms(61_700));
        assert_eq!(clock.outside(start), start + ms(38_000));
    }

    #[test]
    fn it_never_goes_back() {
        let start = Instant::now();
        let mut clock = ShardClock::new(start + ms(10));
        assert_eq!(clock.advance(start, None), start + ms(10));
        // A look that was left over from before the last input.
        assert_eq!(clock.advance(start + ms(5000), Some(start + ms(5))), start + ms(10));
    }
}
