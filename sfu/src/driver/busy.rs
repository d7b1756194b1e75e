//! How busy a shard's thread is: its processor time, the kernel's part included, against the clock.
//!
//! Asked once a second, so that waiting and working need no clock read of their own.
#![expect(
    unsafe_code,
    reason = "std has neither a clock of a thread's processor time nor its number"
)]

use std::time::{Duration, Instant};

/// Measures the thread that calls it.
pub(crate) struct BusyMeter {
    since: Instant,
    used: Duration,
}

impl BusyMeter {
    /// Begins now.
    pub(crate) fn new(now: Instant) -> Self {
        Self { since: now, used: thread_time() }
    }

    /// Share of the time since the last call that the thread was running, in thousandths.
    pub(crate) fn lap(&mut self, now: Instant) -> u32 {
        let used = thread_time();
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

/// The system's number of the calling thread.
pub(crate) fn thread_number() -> i32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// Processor time of the calling thread; zero where the system does not tell.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that the call may write.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    match (done, u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec)) {
        (0, Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_uses_processor_time() {
        let before = thread_time();
        let mut sum = 0_u64;
        while thread_time() - before < Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }

    #[test]
    fn the_share_is_a_thousandth_and_never_more_than_all() {
        let ms = Duration::from_millis;
        assert_eq!(permille(ms(250), ms(1000)), 250);
        assert_eq!(permille(ms(1100), ms(1000)), 1000);
        assert_eq!(permille(ms(1), ms(0)), 0);
    }
}
