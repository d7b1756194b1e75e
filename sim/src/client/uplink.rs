//! The sender's side of a client that adapts: its own estimate from the server's feedback, what each layer of a camera may
//! cost, and a pacer.
//!
//! Owns the packets under way and the estimate. Lowest layers first, as libwebrtc shares: a layer that would fall below
//! its least is switched off, and comes back with a key frame.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    outgoing::PublishedTrack,
    rate_control::{RateControl, Sample},
    transport_feedback,
};

/// What is sent before the first feedback: libwebrtc's probes have found more by the first second.
const START_BPS: u32 = 1_500_000;
const CEILING_BPS: u32 = 4_000_000;
/// A packet whose feedback did not come is lost after this many.
const UNDER_WAY_MAX: usize = 4000;
/// The pacer is this much faster than the estimate: libwebrtc's.
const PACE: f64 = 2.5;
/// What a layer needs at least: 180p, 360p, 720p (libwebrtc's table of simulcast formats).
const LEAST_BPS: [u32; 3] = [30_000, 150_000, 600_000];
/// A layer comes back when there is this much more than its least.
const BACK_AT: f64 = 1.2;
/// Sound and its redundancy, with headers.
const SOUND_BPS: u32 = 80_000;

struct Sent {
    seq: u16,
    at: Instant,
    len: usize,
}

/// See the module.
pub(super) struct Uplink {
    control: RateControl,
    cap_bps: u32,
    under_way: VecDeque<Sent>,
    epoch: Instant,
    /// When the pacer lets the next picture packet go.
    pub(super) free: Instant,
    /// The estimate after each feedback.
    pub(super) estimates: Vec<(Instant, u32)>,
}

impl Uplink {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            control: RateControl::new(START_BPS, CEILING_BPS),
            cap_bps: u32::MAX,
            under_way: VecDeque::new(),
            epoch: now,
            free: now,
            estimates: Vec::new(),
        }
    }

    /// A packet leaves.
    pub(super) fn on_sent(&mut self, seq: u16, len: usize, is_paced: bool, now: Instant) {
        if self.under_way.len() >= UNDER_WAY_MAX {
            self.under_way.pop_front();
        }
        self.under_way.push_back(Sent { seq, at: now, len });
        if is_paced {
            let pace_bps = PACE * f64::from(self.control.estimate_bps());
            self.free = now.max(self.free) + Duration::from_secs_f64(8.0 * len as f64 / pace_bps);
        }
    }

    /// The server tells what arrived.
    pub(super) fn on_feedback(&mut self, raw: &[u8], now: Instant) {
        let told = transport_feedback::read(raw).expect("the server's feedback can be read");
        let mut samples: Vec<Sample> = Vec::new();
        let mut lost = 0;
        for (seq, came) in told {
            let Some(place) = self.under_way.iter().position(|sent| sent.seq == seq) else {
                continue;
            };
            match came {
                Some(came) => {
                    let Some(sent) = self.under_way.remove(place) else { continue };
                    let sent_us = sent.at.saturating_duration_since(self.epoch).as_micros();
                    samples.push((sent_us as i64, came.as_micros() as i64, sent.len));
                }
                None => lost += 1,
            }
        }
        self.control.on_report(&samples, lost, now);
        self.estimates.push((now, self.control.estimate_bps()));
    }

    /// The server tells an estimate of its own: never more than that.
    pub(super) fn on_remb(&mut self, bitrate_bps: u64) {
        self.cap_bps = u32::try_from(bitrate_bps).unwrap_or(u32::MAX);
    }

    /// Shares the estimate among the layers of a camera that the server wants.
    pub(super) fn share(&self, tracks: &mut [PublishedTrack], now: Instant) {
        let estimate = self.control.estimate_bps().min(self.cap_bps);
        let mut left = estimate.saturating_sub(SOUND_BPS);
        for track in tracks.iter_mut().filter(|track| track.adapts && !track.is_muted) {
            for (place, layer) in track.layers.iter_mut().enumerate() {
                let least = LEAST_BPS.get(place).copied().unwrap_or(0);
                let needed = if layer.is_active { 1.0 } else { BACK_AT } * f64::from(least);
                let is_wanted = track.wanted.get(place).copied().unwrap_or(true);
                let is_first = place == 0;
                let may = is_wanted && (is_first || f64::from(left) >= needed);
                if may {
                    let rate = left.clamp(least, layer.encoder.bitrate_max_bps());
                    layer.encoder.set_bitrate(rate);
                    left = left.saturating_sub(rate);
                }
                if may != layer.is_active {
                    layer.is_active = may;
                    if may {
                        layer.start(now);
                    }
                }
            }
        }
    }
}
