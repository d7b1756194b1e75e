//! How busy a shard's thread is: its processor time, the kernel's part included, against the clock.
//!
//! Asked once a second, so that waiting and working need no clock read of their own.

use std::time::{Duration, Instant};

use os::thread;

/// Measures the thread that calls it.
pub(crate) struct BusyMeter {
    since: Instant,
    used: Duration,
}

impl BusyMeter {
    /// Begins now.
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, used: thread::time() }
    }

    /// Share of the time since the last call that the thread was running, in thousandths.
    pub(crate) fn lap(&mut self, now: Instant) -> u32 {
        let used = thread::time();
        let busy = used.saturating_sub(self.used);
        let elapsed = now.saturating_duration_since(self.since);
        (self.used, self.since) = (used, now);
        permille(busy, elapsed)
    }
}

fn permille(busy: Duration, elapsed: Duration) -> u32 {
    let share = (busy.as_micros() * 1000).checked_div(elapsed.as_micros()).unwrap_or(0);
    u32::try_from(share.min(1000)).unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_a_thousandth_and_never_more_than_all() {
        let ms = Duration::from_millis;
        assert_eq!(permille(ms(250), ms(1000)), 250);
        assert_eq!(permille(ms(1100), ms(1000)), 1000);
        assert_eq!(permille(ms(1), ms(0)), 0);
    }
}
