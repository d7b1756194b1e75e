//! The one place of the binary that reads the wall clock.

use std::time::{Duration, SystemTime};

/// Time since the Unix epoch; zero on a machine whose clock stands before it.
#[expect(clippy::disallowed_methods, reason = "this is clock.rs")]
pub(crate) fn since_unix_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
