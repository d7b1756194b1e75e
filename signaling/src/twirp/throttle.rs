//! How many API calls are taken: callers hold API keys and are trusted, but a loop gone wild must not starve calls of
//! patients.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Code, TwirpError};
use crate::limits::{API_CALLS_AT_ONCE_MAX, API_CALLS_BURST, API_CALLS_PER_SECOND};

/// See the module.
pub(crate) struct Throttle {
    at_once: Arc<Semaphore>,
    /// When the bucket will be full again; in the past if it is full.
    full_at: Mutex<Option<Instant>>,
}

impl Default for Throttle {
    fn default() -> Self {
        let at_once = Arc::new(Semaphore::new(API_CALLS_AT_ONCE_MAX));
        Self { at_once, full_at: Mutex::new(None) }
    }
}

impl Throttle {
    /// Lets a call in; it counts until the permit is dropped.
    pub(crate) fn admit(&self, now: Instant) -> Result<OwnedSemaphorePermit, TwirpError> {
        let busy = || TwirpError::new(Code::ResourceExhausted, "too many calls at once");
        let permit = Arc::clone(&self.at_once).try_acquire_owned().map_err(|_| busy())?;
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full_at.map_or(now, |at| at.max(now)) + PER_CALL;
        if next.saturating_duration_since(now) > PER_CALL * API_CALLS_BURST {
            return Err(TwirpError::new(Code::ResourceExhausted, "too many calls a second"));
        }
        *full_at = Some(next);
        Ok(permit)
    }
}

const PER_CALL: Duration = Duration::from_micros(1_000_000 / API_CALLS_PER_SECOND as u64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn calls_come_in_bursts_then_at_their_rate() {
        let throttle = Throttle::default();
        let start = samples::now().instant;
        assert!((0..API_CALLS_BURST).all(|_| throttle.admit(start).is_ok()));
        assert!(throttle.admit(start).is_err());
        assert!(throttle.admit(start + PER_CALL).is_ok());
        assert!(throttle.admit(start + PER_CALL).is_err());
        let later = start + Duration::from_hours(1);
        assert_eq!(
            (0..2 * API_CALLS_BURST).filter(|_| throttle.admit(later).is_ok()).count(),
            API_CALLS_BURST as usize
        );
    }

    #[test]
    fn only_so_many_calls_run_at_once() {
        let throttle = Throttle::default();
        let now = samples::now().instant;
        let mut running: Vec<_> =
            (0..API_CALLS_AT_ONCE_MAX).map(|_| throttle.admit(now).unwrap()).collect();
        assert!(throttle.admit(now).is_err());
        running.pop();
        assert!(throttle.admit(now).is_ok());
    }
}
