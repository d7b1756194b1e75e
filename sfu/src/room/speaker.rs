//! Who speaks, from the audio levels that packets carry (RFC 6464).
//!
//! Levels are collected over a window; a participant speaks when enough of the window was loud. Published levels run
//! from 0 (silent) to 1 (loudest), smoothed so that the indicator does not flicker.

use std::time::Duration;

/// Window after which levels are judged and told.
pub(crate) const WINDOW: Duration = Duration::from_millis(400);

/// Loudness from which a packet counts as speech: -35 dBov.
const LOUD_DBOV: u8 = 35;

/// Share of a full window (20 ms packets) that must be loud, in packets.
const LOUD_PACKETS_MIN: u32 = 8;

/// Packets of an ordinary window: 400 ms of 20 ms packets.
const WINDOW_PACKETS: u32 = 20;

/// Weight of the newest window.
const SMOOTHING: f32 = 0.5;

/// Levels are told in steps, so that tiny changes cause no message.
const STEPS: f32 = 8.0;

/// Levels of one participant.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct AudioLevel {
    packets: u32,
    loud_packets: u32,
    loudest_dbov: u8,
    level: f32,
    told: f32,
    /// Windows that count as loud whatever comes.
    simulated: u32,
}

/// Longest simulated speech, in seconds.
const SIMULATED_SECONDS_MAX: u32 = 60;

impl AudioLevel {
    /// One packet with the raw extension byte: a voice flag and -dBov.
    pub(crate) fn on_packet(&mut self, raw: u8) {
        let dbov = raw & 0x7f;
        if self.packets == 0 || dbov < self.loudest_dbov {
            self.loudest_dbov = dbov;
        }
        self.packets += 1;
        if dbov <= LOUD_DBOV {
            self.loud_packets += 1;
        }
    }

    /// Speech that is not there, from the next window on.
    pub(crate) fn simulate(&mut self, seconds: u32) {
        let window_ms = u32::try_from(WINDOW.as_millis()).unwrap_or(u32::MAX);
        self.simulated = seconds.min(SIMULATED_SECONDS_MAX) * 1000 / window_ms;
    }

    /// Ends the window. `Some(level)` when others should be told; 0 means "stopped".
    pub(crate) fn end_window(&mut self) -> Option<f32> {
        let needed =
            LOUD_PACKETS_MIN.min(self.packets.max(1) * LOUD_PACKETS_MIN / WINDOW_PACKETS).max(1);
        let is_simulated = self.simulated > 0;
        self.simulated = self.simulated.saturating_sub(1);
        let speaking = is_simulated || self.loud_packets >= needed;
        let now = if speaking { 1.0 - f32::from(self.loudest_dbov) / 127.0 } else { 0.0 };
        self.level = if speaking { self.level + (now - self.level) * SMOOTHING } else { 0.0 };
        let quantised = (self.level * STEPS).ceil() / STEPS;
        self.packets = 0;
        self.loud_packets = 0;
        if (quantised - self.told).abs() < f32::EPSILON {
            return None;
        }
        self.told = quantised;
        Some(quantised)
    }

    /// Whether others believe that this participant speaks.
    #[must_use]
    pub(crate) fn is_speaking(&self) -> bool {
        self.told > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(level: &mut AudioLevel, dbov: u8, packets: u32) -> Option<f32> {
        for _ in 0..packets {
            level.on_packet(dbov);
        }
        level.end_window()
    }

    #[test]
    fn speech_is_told_once_and_its_end_too() {
        let mut level = AudioLevel::default();
        assert_eq!(window(&mut level, 90, 20), None);
        let first = window(&mut level, 20, 20).unwrap();
        assert!(first > 0.0 && first <= 1.0);
        while window(&mut level, 20, 20).is_some() {}
        assert!(level.is_speaking());
        assert_eq!(window(&mut level, 120, 20), Some(0.0));
        assert_eq!(window(&mut level, 120, 20), None);
        assert!(!level.is_speaking());
    }

    #[test]
    fn a_single_click_is_not_speech() {
        let mut level = AudioLevel::default();
        level.on_packet(5);
        assert_eq!(window(&mut level, 100, 19), None);
    }

    #[test]
    fn the_end_of_packets_ends_speech() {
        let mut level = AudioLevel::default();
        window(&mut level, 10, 20).unwrap();
        assert_eq!(level.end_window(), Some(0.0));
    }
}
