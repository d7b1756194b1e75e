//! Every bound of signalling, each with its reason, and the per-socket rate limit.

use std::time::Instant;

/// Largest signal frame, in bytes. The LiveKit server's.
pub const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Largest frame that is read at all, in bytes: one that is over [`FRAME_BYTES_MAX`] but not over
/// this is read to its end, so that the leave that answers it arrives. Beyond, the connection
/// breaks off. Bounds memory per socket.
pub const FRAME_BYTES_READ_MAX: usize = 2 * FRAME_BYTES_MAX;

/// Events that wait for one socket. A join into a full room of 64 brings about 200 at once.
pub const EVENTS_QUEUED_MAX: usize = 512;

/// Bytes of participants in one update; more are split. LiveKit's clients are known to take 128
/// KiB.
pub const UPDATE_BYTES_MAX: usize = 128 * 1024;

/// Bytes of a client's track id, track name or stream name. SDKs use UUIDs and short names.
pub const TRACK_TEXT_BYTES_MAX: usize = 1024;

/// Layers or codecs in one `add_track`. SDKs send three layers and two codecs.
pub const TRACK_PARTS_MAX: usize = 16;

/// Bytes of a display name.
pub const PARTICIPANT_NAME_BYTES_MAX: usize = 1024;

/// Sids in one request. A room of 64 with 16 publications each has 1,024.
pub const SIDS_MAX: usize = 1024;

/// Bytes of `browser` that are kept.
pub const BROWSER_BYTES_MAX: usize = 64;

/// Refused joins that are remembered for `validate`, and for how long in seconds. JS asks within
/// its 3 s limit.
pub const REFUSALS_MAX: usize = 1024;
/// See [`REFUSALS_MAX`].
pub const REFUSAL_SECONDS: u64 = 10;

/// Seconds between protocol pings that clients are told.
pub const PING_INTERVAL_S: i32 = 5;

/// Seconds without pong after which clients close.
pub const PING_TIMEOUT_S: i32 = 15;

/// Frames that a socket may send at once: a page that subscribes to a full room, with its
/// candidates.
pub const FRAMES_BURST: u32 = 500;

/// Frames a second that a socket may send in the long run.
pub const FRAMES_PER_SECOND: u32 = 100;

const _: () = assert!(PING_INTERVAL_S > 0 && PING_TIMEOUT_S > PING_INTERVAL_S);
const _: () = assert!(FRAMES_BURST >= FRAMES_PER_SECOND);

/// A token bucket: full at first, refilled with time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameRate {
    /// Thousandths of a frame that are left.
    left_milli: u64,
    filled_at: Instant,
}

impl FrameRate {
    pub(crate) fn new(now: Instant) -> Self {
        Self { left_milli: FULL_MILLI, filled_at: now }
    }

    /// Takes one frame out; false if there is none.
    pub(crate) fn try_take(&mut self, now: Instant) -> bool {
        let passed_ms = now.saturating_duration_since(self.filled_at).as_millis();
        let passed_ms = u64::try_from(passed_ms).unwrap_or(u64::MAX);
        if passed_ms > 0 {
            let refill = passed_ms.saturating_mul(u64::from(FRAMES_PER_SECOND));
            self.left_milli = self.left_milli.saturating_add(refill).min(FULL_MILLI);
            self.filled_at = now;
        }
        match self.left_milli.checked_sub(1000) {
            Some(left) => {
                self.left_milli = left;
                true
            }
            None => false,
        }
    }
}

const FULL_MILLI: u64 = FRAMES_BURST as u64 * 1000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin of time")]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let start = Instant::now();
        let mut rate = FrameRate::new(start);
        assert!((0..FRAMES_BURST).all(|_| rate.try_take(start)));
        assert!(!rate.try_take(start));
        let later = start + Duration::from_millis(10);
        assert!(rate.try_take(later));
        assert!(!rate.try_take(later));
        let much_later = start + Duration::from_hours(1);
        let taken = (0..2 * FRAMES_BURST).filter(|_| rate.try_take(much_later)).count();
        assert_eq!(taken, FRAMES_BURST as usize);
    }
}
