//! When a publisher is asked for a key frame: at once for the first who needs one, then at most once per interval,
//! however many subscribers ask (a request storm must not turn every frame into a key frame).

use std::time::{Duration, Instant};

/// Shortest time between two requests for one layer: who comes just after another's key frame waits so long for the first
/// picture. A key frame answers within a round trip, and encoders spend about a second's bits on one.
pub(crate) const REQUEST_INTERVAL: Duration = Duration::from_millis(300);

/// The request state of one layer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeyFrameRequests {
    last: Option<Instant>,
    waiting: bool,
}

impl KeyFrameRequests {
    /// Someone needs a key frame. True: ask now.
    pub(crate) fn on_needed(&mut self, now: Instant) -> bool {
        if self.last.is_some_and(|last| now < last + REQUEST_INTERVAL) {
            self.waiting = true;
            return false;
        }
        self.last = Some(now);
        self.waiting = false;
        true
    }

    /// A key frame came: those who waited have it.
    pub(crate) fn on_key_frame(&mut self) {
        self.waiting = false;
    }

    /// True: someone still waits and the interval has passed; ask now.
    pub(crate) fn due(&mut self, now: Instant) -> bool {
        self.waiting && self.on_needed(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_requests_becomes_one_per_interval() {
        let start = Instant::now();
        let mut requests = KeyFrameRequests::default();
        let steps = REQUEST_INTERVAL / 50;
        let asked = (0..100).filter(|step| requests.on_needed(start + steps * *step)).count();
        assert_eq!(asked, 2);
    }

    #[test]
    fn a_held_back_request_is_made_up_for_unless_a_key_frame_came() {
        let start = Instant::now();
        let mut requests = KeyFrameRequests::default();
        assert!(requests.on_needed(start));
        assert!(!requests.on_needed(start + Duration::from_millis(100)));
        assert!(!requests.due(start + REQUEST_INTERVAL * 4 / 5));
        assert!(requests.due(start + REQUEST_INTERVAL));
        assert!(!requests.due(start + 2 * REQUEST_INTERVAL));
        assert!(!requests.on_needed(start + REQUEST_INTERVAL + Duration::from_millis(1)));
        requests.on_key_frame();
        assert!(!requests.due(start + 3 * REQUEST_INTERVAL));
    }
}
