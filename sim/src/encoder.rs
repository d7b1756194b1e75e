//! What an encoder makes of one layer: which frames, how large, what each refers to.
//!
//! ```text
//!   flat        K P P P P ..           each refers to the one before; all of one size, for measuring
//!   live        K .. T0 T2 T1 T2 T0 .. sizes that vary, key frames that are large and paid back, a rate that may change
//! ```
//!
//! Owns the pattern and the budget. Knows no packets, no layer beside its own, and no clock but the frames it is asked
//! for.

use rand::{Rng, RngExt, rngs::StdRng};

/// A key frame of a flat encoder is this many times an ordinary frame.
const FLAT_KEY_FACTOR: usize = 4;

/// A live key frame is this many times a mean frame: 720p at 1.7 Mbit/s makes one of 50 KB, as Chromium's VP8 does.
const LIVE_KEY_FACTOR: f64 = 7.0;

/// What is owed after a large frame before frames are left out: libwebrtc's dropper.
const DEBT_MAX_S: f64 = 0.6;

/// The smallest frame that an encoder makes of a picture that barely moves.
const FRAME_BYTES_MIN: f64 = 120.0;

/// One frame, as planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramePlan {
    /// Bytes of payload.
    pub bytes: usize,
    /// A key frame.
    pub is_key: bool,
    /// 0 is the base.
    pub temporal_layer: u8,
    /// Refers to the base layer only.
    pub is_layer_sync: bool,
    /// Nothing refers to it.
    pub is_non_reference: bool,
    /// So many frames before it is the one that it refers to; 0 for none.
    pub refers_back: u8,
    /// Its number, from 0.
    pub frame: u16,
}

/// See the module.
#[derive(Debug)]
pub struct Encoder {
    bitrate_bps: u32,
    bitrate_max_bps: u32,
    fps: u32,
    live: Option<Live>,
    frame: u16,
}

#[derive(Debug)]
struct Live {
    temporal_layers: u8,
    rng: StdRng,
    position: usize,
    debt_bytes: f64,
}

/// Place in a pattern: temporal layer, share of a mean frame, sync, referred to by nothing, refers back.
type Step = (u8, f64, bool, bool, u8);

/// 40, 20 and 40 % of the rate, as libwebrtc shares it.
const THREE: [Step; 4] = [
    (0, 1.6, false, false, 4),
    (2, 0.8, true, true, 1),
    (1, 0.8, true, false, 2),
    (2, 0.8, false, true, 1),
];

/// 60 and 40 %.
const TWO: [Step; 2] = [(0, 1.2, false, false, 2), (1, 0.8, true, true, 1)];

const ONE: [Step; 1] = [(0, 1.0, false, false, 1)];

impl Encoder {
    /// Frames of one size, each referring to the one before.
    #[must_use]
    pub fn flat(bitrate_bps: u32, fps: u32) -> Self {
        Self { bitrate_bps, bitrate_max_bps: bitrate_bps, fps, live: None, frame: u16::MAX }
    }

    /// Frames as an encoder of a moving picture makes them, in one to three temporal layers.
    #[must_use]
    pub fn live(bitrate_bps: u32, fps: u32, temporal_layers: u8, rng: StdRng) -> Self {
        let live = Live { temporal_layers, rng, position: 0, debt_bytes: 0.0 };
        Self { live: Some(live), ..Self::flat(bitrate_bps, fps) }
    }

    /// The rate that it makes for from now on, at most that of its layer.
    pub fn set_bitrate(&mut self, bitrate_bps: u32) {
        self.bitrate_bps = bitrate_bps.min(self.bitrate_max_bps);
    }

    /// The rate that it makes for.
    #[must_use]
    pub fn bitrate_bps(&self) -> u32 {
        self.bitrate_bps
    }

    /// The rate of its layer.
    #[must_use]
    pub fn bitrate_max_bps(&self) -> u32 {
        self.bitrate_max_bps
    }

    /// The next frame; `None`: it is left out, for the rate's sake.
    pub fn next(&mut self, wants_key: bool) -> Option<FramePlan> {
        let mean = f64::from(self.bitrate_bps) / 8.0 / f64::from(self.fps);
        let Some(live) = &mut self.live else {
            self.frame = self.frame.wrapping_add(1);
            let bytes = (self.bitrate_bps / 8 / self.fps) as usize;
            return Some(FramePlan {
                bytes: if wants_key { bytes * FLAT_KEY_FACTOR } else { bytes },
                is_key: wants_key,
                temporal_layer: 0,
                is_layer_sync: false,
                is_non_reference: false,
                refers_back: u8::from(!wants_key),
                frame: self.frame,
            });
        };
        let budget = f64::from(self.bitrate_bps) / 8.0;
        if !wants_key && live.debt_bytes > DEBT_MAX_S * budget {
            live.debt_bytes -= mean;
            return None;
        }
        let plan = live.plan(mean, wants_key);
        self.frame = self.frame.wrapping_add(1);
        Some(FramePlan { frame: self.frame, ..plan })
    }
}

impl Live {
    fn plan(&mut self, mean: f64, is_key: bool) -> FramePlan {
        let pattern: &[Step] = match self.temporal_layers {
            3 => &THREE,
            2 => &TWO,
            _ => &ONE,
        };
        if is_key {
            self.position = 0;
        }
        let (temporal_layer, share, is_layer_sync, is_non_reference, refers_back) =
            pattern[self.position % pattern.len()];
        self.position = (self.position + 1) % pattern.len();
        let noise = self.rng.random_range(0.7..1.3);
        let thrift = if self.debt_bytes > 0.0 { 0.7 } else { 1.0 };
        let size = if is_key { LIVE_KEY_FACTOR * mean } else { share * mean * thrift } * noise;
        let size = size.max(FRAME_BYTES_MIN);
        self.debt_bytes = (self.debt_bytes + size - mean).max(-2.0 * mean);
        FramePlan {
            bytes: size as usize,
            is_key,
            temporal_layer,
            is_layer_sync: is_layer_sync && !is_key,
            is_non_reference,
            refers_back: if is_key { 0 } else { refers_back },
            frame: 0,
        }
    }
}

/// Speech: spurts and pauses, in frames of 20 ms.
#[derive(Debug)]
pub struct Speech {
    rng: StdRng,
    left: u32,
    is_talking: bool,
}

/// What a speaker's encoder makes of 20 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechFrame {
    /// Sound.
    Sound,
    /// What silence sounds like, every 400 ms of it.
    Comfort,
    /// Nothing is sent (DTX).
    Nothing,
}

/// Frames between two of comfort noise: libopus sends one in 400 ms.
const COMFORT_FRAMES: u32 = 20;

impl Speech {
    /// Talk, of one who takes turns.
    #[must_use]
    pub fn new(rng: StdRng) -> Self {
        Self { rng, left: 100, is_talking: true }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> SpeechFrame {
        if self.left == 0 {
            self.is_talking = !self.is_talking;
            // 1 to 4 s of talk, 0.4 to 1.6 s of pause.
            let frames = if self.is_talking { 50..200 } else { 20..80 };
            self.left = self.rng.random_range(frames);
        }
        self.left -= 1;
        match (self.is_talking, self.left % COMFORT_FRAMES) {
            (true, _) => SpeechFrame::Sound,
            (false, 0) => SpeechFrame::Comfort,
            (false, _) => SpeechFrame::Nothing,
        }
    }
}

/// A seeded generator for an encoder.
pub fn encoder_rng(rng: &mut StdRng) -> StdRng {
    rand::SeedableRng::seed_from_u64(rng.next_u64())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn live(temporal_layers: u8) -> Encoder {
        Encoder::live(1_000_000, 30, temporal_layers, StdRng::seed_from_u64(1))
    }

    #[test]
    fn the_rate_is_kept_over_ten_seconds_whatever_it_changes_to() {
        for (rate, temporal_layers) in [(1_000_000, 3), (300_000, 3), (100_000, 2), (1_000_000, 1)]
        {
            let mut encoder = live(temporal_layers);
            encoder.set_bitrate(rate);
            let bytes: usize =
                (0..300).filter_map(|n| encoder.next(n == 0)).map(|plan| plan.bytes).sum();
            let share = bytes as f64 * 8.0 / 10.0 / f64::from(rate);
            assert!((0.85..1.15).contains(&share), "{rate} {temporal_layers}: {share}");
        }
    }

    #[test]
    fn three_temporal_layers_refer_to_what_is_below_them() {
        let mut encoder = live(3);
        let plans: Vec<_> = (0..40).filter_map(|n| encoder.next(n == 0)).collect();
        assert_eq!(plans.len(), 40, "nothing is left out at this rate");
        let layers: Vec<_> = plans.iter().take(5).map(|plan| plan.temporal_layer).collect();
        assert_eq!(layers, [0, 2, 1, 2, 0]);
        for (place, plan) in plans.iter().enumerate().skip(1) {
            let referred = &plans[place - usize::from(plan.refers_back)];
            let is_below = referred.temporal_layer < plan.temporal_layer.max(1);
            assert!(is_below && !referred.is_non_reference, "{plan:?} {referred:?}");
            assert!(!plan.is_layer_sync || referred.temporal_layer == 0);
        }
    }

    #[test]
    fn a_key_frame_begins_the_pattern_anew() {
        let mut encoder = live(3);
        for n in 0..6 {
            encoder.next(n == 0);
        }
        let key = encoder.next(true).unwrap();
        assert!(key.is_key && key.temporal_layer == 0 && key.refers_back == 0 && key.frame == 6);
        assert!(key.bytes > 4 * 4000);
        assert_eq!(encoder.next(false).unwrap().temporal_layer, 2);
    }

    #[test]
    fn speech_has_pauses_in_which_little_is_sent() {
        let mut speech = Speech::new(StdRng::seed_from_u64(1));
        let frames: Vec<_> = (0..10_000).map(|_| speech.next_frame()).collect();
        let count = |what| frames.iter().filter(|one| **one == what).count();
        assert!((6000..9500).contains(&count(SpeechFrame::Sound)));
        assert!((20..200).contains(&count(SpeechFrame::Comfort)));
    }
}
