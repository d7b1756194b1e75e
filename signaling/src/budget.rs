//! What one socket may ask for: frames, bytes, offers, and the work that its requests make for others.
//!
//! Token buckets: full at first, refilled with time. Work is counted in units of about a microsecond of a media thread
//! or of the other sockets of a full room; see [`work_of`].

use std::time::Instant;

use sfu::words::command::Request;

use crate::limits::{
    BYTES_BURST, BYTES_PER_SECOND, FRAMES_BURST, FRAMES_PER_SECOND, OFFERS_BURST,
    OFFERS_PER_SECOND, WORK_BURST, WORK_PER_SECOND,
};

/// The budgets of one socket.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    frames: Bucket,
    bytes: Bucket,
    offers: Bucket,
    work: Bucket,
}

impl Budget {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            frames: Bucket::new(FRAMES_BURST, FRAMES_PER_SECOND, now),
            bytes: Bucket::new(BYTES_BURST, BYTES_PER_SECOND, now),
            offers: Bucket::new(OFFERS_BURST, OFFERS_PER_SECOND, now),
            work: Bucket::new(WORK_BURST, WORK_PER_SECOND, now),
        }
    }

    /// Takes a frame out, before it is decoded; false if there is none left.
    pub(crate) fn try_frame(&mut self, bytes: usize, now: Instant) -> bool {
        self.frames.try_take(1, now) && self.bytes.try_take(bytes as u64, now)
    }

    /// Takes an offer out, before it is read.
    pub(crate) fn try_offer(&mut self, now: Instant) -> bool {
        self.offers.try_take(1, now)
    }

    /// Takes a request's work out, before it is handed on.
    pub(crate) fn try_work(&mut self, request: &Request, now: Instant) -> bool {
        self.work.try_take(work_of(request), now)
    }
}

/// What a request costs others. Measured in magnitude only: an update goes to a room of 64 in some dozen microseconds
/// and a microsecond more for each 256 bytes; a track that is named is a look-up or two.
fn work_of(request: &Request) -> u64 {
    let named = |count: usize| count as u64;
    match request {
        Request::Offer { description, .. } | Request::Answer { description, .. } => {
            UPDATE_WORK + named(description.sections.len())
        }
        Request::AddTrack(_)
        | Request::Mute { .. }
        | Request::PublishDataTrack(_)
        | Request::UnpublishDataTrack(_)
        | Request::UpdateAudioTrack { .. }
        | Request::UpdateVideoTrack { .. }
        | Request::Simulate(_) => UPDATE_WORK,
        Request::UpdateMetadata { name, metadata, attributes, .. } => {
            let attributes: usize =
                attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
            UPDATE_WORK + named((name.len() + metadata.len() + attributes) / 256)
        }
        Request::SubscriptionPermission { allowed, .. } => {
            UPDATE_WORK + allowed.iter().map(|entry| 1 + named(entry.tracks.len())).sum::<u64>()
        }
        Request::Subscription { tracks, .. } | Request::TrackSettings { tracks, .. } => {
            1 + named(tracks.len())
        }
        Request::DataSubscription(wishes) => UPDATE_WORK + named(wishes.len()),
        Request::SyncState(state) => {
            let tracks = [&state.subscription_tracks, &state.disabled].map(Vec::len);
            let others = state.published.len() + state.data_wanted.len();
            UPDATE_WORK + named(tracks.iter().sum::<usize>() + others)
        }
        Request::Trickle { .. } | Request::Unreadable { .. } | Request::Leave => 1,
    }
}

/// A change that a full room is told.
const UPDATE_WORK: u64 = 20;

/// Thousandths, so that a refill of less than one is not lost.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left_milli: u64,
    full_milli: u64,
    per_second: u64,
    filled_at: Instant,
}

impl Bucket {
    fn new(full: u64, per_second: u64, now: Instant) -> Self {
        let full_milli = full.saturating_mul(1000);
        Self { left_milli: full_milli, full_milli, per_second, filled_at: now }
    }

    /// Takes so much out; nothing and false if there is less.
    fn try_take(&mut self, count: u64, now: Instant) -> bool {
        let passed_ms = now.saturating_duration_since(self.filled_at).as_millis();
        let passed_ms = u64::try_from(passed_ms).unwrap_or(u64::MAX);
        if passed_ms > 0 {
            let refill = passed_ms.saturating_mul(self.per_second);
            self.left_milli = self.left_milli.saturating_add(refill).min(self.full_milli);
            self.filled_at = now;
        }
        match self.left_milli.checked_sub(count.saturating_mul(1000)) {
            Some(left) => {
                self.left_milli = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sfu::words::command::TrackPermission;

    use super::*;
    use crate::samples;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let start = samples::now().instant;
        let mut bucket = Bucket::new(500, 100, start);
        assert!((0..500).all(|_| bucket.try_take(1, start)));
        assert!(!bucket.try_take(1, start));
        let later = start + Duration::from_millis(10);
        assert!(bucket.try_take(1, later));
        assert!(!bucket.try_take(1, later));
        let much_later = start + Duration::from_hours(1);
        assert_eq!((0..1000).filter(|_| bucket.try_take(1, much_later)).count(), 500);
    }

    #[test]
    fn a_joining_page_in_a_full_room_stays_within_its_budget() {
        let now = samples::now().instant;
        let mut budget = Budget::new(now);
        let track = samples::track_sid("TR_1");
        // Settings for each of a thousand tracks, as adaptive stream sends them, and an answer a publisher.
        for _ in 0..1000 {
            let settings = Request::TrackSettings {
                tracks: vec![track.clone()],
                settings: sfu::words::command::TrackSettings::default(),
            };
            assert!(budget.try_work(&settings, now));
        }
        let description = Box::new(sfu::words::command::RemoteDescription::parse("v=0").unwrap());
        for id in 0..64 {
            let answer = Request::Answer { id, description: description.clone() };
            assert!(budget.try_work(&answer, now));
        }
    }

    #[test]
    fn what_makes_work_for_others_is_bounded_by_that_work() {
        let now = samples::now().instant;
        let entry = TrackPermission {
            participant: None,
            identity: Some(samples::identity("patient")),
            all_tracks: false,
            tracks: vec![samples::track_sid("TR_1"); 1024],
        };
        let list =
            Request::SubscriptionPermission { all_participants: false, allowed: vec![entry] };
        let metadata = Request::UpdateMetadata {
            request_id: 1,
            name: String::new(),
            metadata: "x".repeat(512 * 1024),
            attributes: std::collections::BTreeMap::new(),
        };
        for (request, at_most) in [(list, 10), (metadata, 5)] {
            let mut budget = Budget::new(now);
            let taken = (0..100).filter(|_| budget.try_work(&request, now)).count();
            assert!((1..=at_most).contains(&taken), "{taken}");
        }
    }

    #[test]
    fn bytes_are_counted_apart_from_frames() {
        let now = samples::now().instant;
        let mut budget = Budget::new(now);
        let frames = (0..FRAMES_BURST).filter(|_| budget.try_frame(1024 * 1024, now)).count();
        assert_eq!(frames as u64, BYTES_BURST / (1024 * 1024));
    }
}
