//! What a layer costs as it comes: bits and frames a second, by temporal layer.
//!
//! Key frames are not counted: they come when somebody needs one, and where stills are sent they would be most of it.
//! Counting is a few additions a packet; rates follow from it a few times a second.

use std::time::{Duration, Instant};

/// Temporal layers that are told apart; VP8 has up to four, browsers send three.
pub(crate) const TEMPORALS: usize = 3;

/// Bytes beside the payload: RTP header, extensions, authentication tag.
const OVERHEAD: u32 = 40;

/// Weight of the newest window, in percent: half of a change shows within a second.
const NEWEST_PERCENT: u64 = 30;

/// Shortest window.
const WINDOW_MIN: Duration = Duration::from_millis(200);

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter {
    bytes: [u32; TEMPORALS],
    frames: [u32; TEMPORALS],
    since: Option<Instant>,
    rates_bps: [u64; TEMPORALS],
    /// Frames in a hundred seconds.
    frame_rates: [u64; TEMPORALS],
    is_settled: bool,
    /// A key frame is coming.
    is_in_key_frame: bool,
}

impl Meter {
    /// Counts a packet. Hot.
    pub(crate) fn on_packet(
        &mut self,
        temporal: u8,
        len: usize,
        begins_key_frame: bool,
        ends_frame: bool,
    ) {
        if begins_key_frame || self.is_in_key_frame {
            self.is_in_key_frame = !ends_frame;
            return;
        }
        let place = usize::from(temporal).min(TEMPORALS - 1);
        if let (Some(bytes), Some(frames)) = (self.bytes.get_mut(place), self.frames.get_mut(place))
        {
            // A datagram's length is far below 2^32; a window's bytes are too.
            *bytes = bytes.wrapping_add((len as u64 & 0xffff) as u32 + OVERHEAD);
            *frames += u32::from(ends_frame);
        }
    }

    /// Ends the window, if it is long enough.
    pub(crate) fn end_window(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let elapsed = now.saturating_duration_since(since);
        if elapsed < WINDOW_MIN {
            return;
        }
        self.since = Some(now);
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let (bytes, frames) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.frames));
        let settled = self.is_settled;
        let follow = |rate: &mut u64, latest: u64| {
            *rate = if settled {
                (*rate * (100 - NEWEST_PERCENT) + latest * NEWEST_PERCENT) / 100
            } else {
                latest
            };
        };
        for (rate, bytes) in self.rates_bps.iter_mut().zip(bytes) {
            follow(rate, u64::from(bytes) * 8_000_000 / elapsed_us);
        }
        for (rate, frames) in self.frame_rates.iter_mut().zip(frames) {
            follow(rate, u64::from(frames) * 100_000_000 / elapsed_us);
        }
        self.is_settled = bytes.iter().any(|bytes| *bytes > 0);
    }

    /// Bits a second up to a temporal layer; 0 before the first window has ended.
    pub(crate) fn bps(&self, temporal: u8) -> u64 {
        self.rates_bps.iter().take(usize::from(temporal) + 1).sum()
    }

    /// Frames a second up to a temporal layer.
    pub(crate) fn fps(&self, temporal: u8) -> u64 {
        self.frame_rates.iter().take(usize::from(temporal) + 1).sum::<u64>() / 100
    }

    /// The highest temporal layer that comes.
    pub(crate) fn highest_temporal(&self) -> u8 {
        let highest = self.rates_bps.iter().rposition(|rate| *rate > 0).unwrap_or(0);
        u8::try_from(highest).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_what_comes_by_temporal_layer() {
        let start = Instant::now();
        let mut meter = Meter::default();
        meter.end_window(start);
        for second in 1..=10 {
            // 10 frames of layer 0, 20 of layer 1, 1000 bits each with overhead.
            for frame in 0..30_u8 {
                meter.on_packet(u8::from(frame % 3 > 0), 85, false, true);
            }
            meter.end_window(start + Duration::from_secs(second));
        }
        assert_eq!((meter.bps(0), meter.bps(1), meter.bps(2)), (10_000, 30_000, 30_000));
        assert_eq!((meter.fps(0), meter.fps(1)), (10, 30));
        assert_eq!(meter.highest_temporal(), 1);
        // Key frames, however large.
        for second in 11..=40 {
            meter.on_packet(0, 1200, true, false);
            meter.on_packet(0, 1200, false, true);
            meter.end_window(start + Duration::from_secs(second));
        }
        assert_eq!(meter.bps(2), 0);
    }
}
