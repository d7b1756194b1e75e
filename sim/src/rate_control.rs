//! How fast a client may send, and a receiver's idea of how fast it may be sent: a plain congestion control from one-way
//! delays and losses.
//!
//! ```text
//!   queue = delay now - least delay of the last 10-20 s
//!   above 60 ms ──► 85 % of what arrives      below 30 ms ──► up 8 % a second, faster before the first queue
//!   more than a tenth lost ──► down with the loss
//! ```
//!
//! Owns the estimate. Simpler than libwebrtc's and on purpose not the server's: the two ends of a call do not run the
//! same code in life either.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The queue that is too long.
const QUEUE_MAX_US: i64 = 60_000;
/// The queue that is short enough to go on.
const QUEUE_SHORT_US: i64 = 30_000;
/// Least time between two steps down: the first must show before the second.
const STEP_DOWN_AFTER: Duration = Duration::from_millis(300);
const BACK_OFF: f64 = 0.85;
/// The share of losses that is too much, and the one that lets it grow: libwebrtc's first, and half.
const LOSS_MAX: f64 = 0.1;
const LOSS_SMALL: f64 = 0.05;
/// Growth in a second.
const GROWTH: f64 = 0.08;
/// Growth in a second before the first queue was met.
const GROWTH_AT_FIRST: f64 = 1.0;
/// The least delay is that of one to two of these.
const BASE_WINDOW: Duration = Duration::from_secs(10);
const ARRIVED_WINDOW: Duration = Duration::from_millis(500);
/// Below, a call is no call: what libwebrtc keeps for itself.
const FLOOR_BPS: f64 = 30_000.0;

/// A packet that arrived: sent, arrived (microseconds of any two clocks), length.
pub type Sample = (i64, i64, usize);

/// See the module.
#[derive(Debug)]
pub struct RateControl {
    estimate_bps: f64,
    ceiling_bps: f64,
    least: [Option<i64>; 2],
    window_end: Option<Instant>,
    arrived: VecDeque<(Instant, usize)>,
    loss: f64,
    last_report: Option<Instant>,
    last_down: Option<Instant>,
    /// Where the last queue was met.
    queue_at_bps: Option<f64>,
}

impl RateControl {
    /// Begins with an estimate; never above the ceiling.
    #[must_use]
    pub fn new(start_bps: u32, ceiling_bps: u32) -> Self {
        Self {
            estimate_bps: start_bps.into(),
            ceiling_bps: ceiling_bps.into(),
            least: [None; 2],
            window_end: None,
            arrived: VecDeque::new(),
            loss: 0.0,
            last_report: None,
            last_down: None,
            queue_at_bps: None,
        }
    }

    /// The estimate.
    #[must_use]
    pub fn estimate_bps(&self) -> u32 {
        self.estimate_bps as u32
    }

    /// Takes a report: what arrived, how many did not.
    pub fn on_report(&mut self, samples: &[Sample], lost: usize, now: Instant) {
        let total = samples.len() + lost;
        if total == 0 {
            return;
        }
        self.loss += 0.2 * (lost as f64 / total as f64 - self.loss);
        self.arrived.extend(samples.iter().map(|(.., len)| (now, *len)));
        let old = |at: Instant| now.saturating_duration_since(at) > ARRIVED_WINDOW;
        while self.arrived.front().is_some_and(|(at, _)| old(*at)) {
            self.arrived.pop_front();
        }
        let queue = self.queue_us(samples, now);
        let elapsed =
            self.last_report.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.last_report = Some(now);
        let may_step =
            self.last_down.is_none_or(|at| now.saturating_duration_since(at) >= STEP_DOWN_AFTER);
        let arrived = self.arrived_bps();
        let is_queueing = queue.is_some_and(|queue| queue > QUEUE_MAX_US);
        if is_queueing || self.loss > LOSS_MAX {
            if may_step && is_queueing {
                self.queue_at_bps = Some(arrived);
                self.step_down((BACK_OFF * arrived).min(self.estimate_bps * 0.95), now);
            } else if may_step {
                self.step_down(self.estimate_bps * (1.0 - 0.5 * self.loss), now);
            }
        } else if queue.is_some_and(|queue| queue < QUEUE_SHORT_US) && self.loss < LOSS_SMALL {
            self.grow(elapsed);
        }
        self.estimate_bps = self.estimate_bps.clamp(FLOOR_BPS, self.ceiling_bps.max(FLOOR_BPS));
    }

    fn grow(&mut self, elapsed: Duration) {
        // What is not used proves nothing.
        if self.estimate_bps > 1.5 * self.arrived_bps() + 20_000.0 {
            return;
        }
        let is_near = self.queue_at_bps.is_some_and(|at| self.estimate_bps > 0.8 * at);
        let growth = if is_near { GROWTH } else { GROWTH_AT_FIRST };
        self.estimate_bps *= 1.0 + growth * elapsed.as_secs_f64().min(1.0);
        // Far above where the last queue was, that is history.
        if self.queue_at_bps.is_some_and(|at| self.estimate_bps > 1.5 * at) {
            self.queue_at_bps = None;
        }
    }

    fn step_down(&mut self, to_bps: f64, now: Instant) {
        self.estimate_bps = to_bps;
        self.last_down = Some(now);
    }

    fn queue_us(&mut self, samples: &[Sample], now: Instant) -> Option<i64> {
        let mut delays: Vec<i64> = samples.iter().map(|(sent, came, _)| came - sent).collect();
        let least = *delays.iter().min()?;
        let end = *self.window_end.get_or_insert(now + BASE_WINDOW);
        if now >= end {
            self.least = [self.least[1], None];
            self.window_end = Some(now + BASE_WINDOW);
        }
        self.least[1] = Some(self.least[1].map_or(least, |known| known.min(least)));
        let base = self.least.iter().copied().flatten().min()?;
        let middle = delays.len() / 2;
        let (_, median, _) = delays.select_nth_unstable(middle);
        Some(*median - base)
    }

    fn arrived_bps(&self) -> f64 {
        let bytes: usize = self.arrived.iter().map(|(_, len)| len).sum();
        8.0 * bytes as f64 / ARRIVED_WINDOW.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Link, bottleneck::Bottleneck};

    /// A sender of as much as the estimate says, on a line whose rate is told for each second.
    fn run(mut control: RateControl, rates_kbps: &[u64], most_bps: u32) -> Vec<u32> {
        let start = start();
        let mut line = Bottleneck::new(Link::default().with_rate_kbps(rates_kbps[0]), start);
        let mut estimates = Vec::new();
        let mut owed = 0.0;
        let mut came = Vec::new();
        let mut lost = 0;
        for ms in 0..1000 * rates_kbps.len() as u64 {
            let now = start + Duration::from_millis(ms);
            if ms % 1000 == 0 {
                line.set(Link::default().with_rate_kbps(rates_kbps[(ms / 1000) as usize]), now);
            }
            owed += f64::from(control.estimate_bps().min(most_bps)) / 8000.0;
            while owed > 1000.0 {
                owed -= 1000.0;
                lost += usize::from(!line.push(972, now, now));
            }
            while let Some(sent) = line.pop(now) {
                let us = |at: Instant| (at - start).as_micros() as i64;
                came.push((us(sent), us(now), 1000));
            }
            if ms % 100 == 99 {
                control.on_report(&std::mem::take(&mut came), std::mem::take(&mut lost), now);
            }
            if ms % 1000 == 999 {
                estimates.push(control.estimate_bps());
            }
        }
        estimates
    }

    #[test]
    fn the_estimate_follows_a_line_down_and_up_again() {
        let mut rates = vec![2000; 5];
        rates.extend([300; 8]);
        rates.extend([2000; 12]);
        let estimates = run(RateControl::new(1_800_000, 2_500_000), &rates, u32::MAX);
        assert!((1_300_000..2_200_000).contains(&estimates[4]), "{estimates:?}");
        assert!((150_000..330_000).contains(&estimates[8]), "{estimates:?}");
        assert!(estimates[24] > 1_300_000, "{estimates:?}");
    }

    #[test]
    fn what_is_not_used_does_not_raise_the_estimate() {
        let estimates = run(RateControl::new(500_000, 5_000_000), &[8000; 20], 200_000);
        assert!(*estimates.last().unwrap() < 510_000, "{estimates:?}");
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn start() -> Instant {
        Instant::now()
    }
}
