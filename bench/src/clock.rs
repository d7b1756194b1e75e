//! Where time enters: the only reads of the clock and the only sleeps.

use std::time::{Duration, Instant};

/// Monotonic.
#[expect(clippy::disallowed_methods, reason = "a load generator lives in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits; the kernel adds about 50 µs.
#[expect(clippy::disallowed_methods, reason = "a load generator lives in real time")]
pub(crate) fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}
