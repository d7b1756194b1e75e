//! Counts of durations with a relative error of 3 %: bounded memory, no allocation when recording.

use std::time::Duration;

use serde::Serialize;

/// Below this many nanoseconds values are exact; above, each doubling has this many buckets.
const STEPS: u64 = 32;
/// Doublings from 32 ns to over an hour.
const DOUBLINGS: usize = 37;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

/// What a report says of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; STEPS as usize * DOUBLINGS], total: 0 }
    }
}

impl Histogram {
    /// Counts a value.
    pub(crate) fn record(&mut self, value: Duration) {
        let value = value.as_nanos() as u64;
        let bucket = match value.checked_ilog2() {
            Some(exponent) if value >= STEPS => {
                let doubling = u64::from(exponent) - 5;
                (doubling + 1) * STEPS + (value >> doubling) - STEPS
            }
            _ => value,
        };
        let last = self.counts.len() - 1;
        self.counts[(bucket as usize).min(last)] += 1;
        self.total += 1;
    }

    /// Adds another's counts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.total += other.total;
    }

    /// In units of `unit`.
    pub(crate) fn percentiles(&self, unit: Duration) -> Percentiles {
        let at = |share: f64| self.at(share).as_secs_f64() / unit.as_secs_f64();
        Percentiles {
            count: self.total,
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }

    fn at(&self, share: f64) -> Duration {
        #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a count")]
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted.max(1) {
                return Duration::from_nanos(upper_bound(bucket as u64));
            }
        }
        Duration::ZERO
    }
}

/// The largest value of a bucket.
fn upper_bound(bucket: u64) -> u64 {
    match (bucket / STEPS).checked_sub(1) {
        Some(doubling) => ((bucket % STEPS + STEPS + 1) << doubling) - 1,
        None => bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_within_three_percent_at_every_magnitude() {
        for scale in [1_u64, 1_000, 1_000_000, 100_000_000] {
            let mut histogram = Histogram::default();
            for value in 1..=1000 {
                histogram.record(Duration::from_nanos(value * scale));
            }
            let got = histogram.percentiles(Duration::from_nanos(scale));
            for (value, wanted) in [(got.p50, 500.0), (got.p99, 990.0), (got.p999, 999.0)] {
                assert!((value / wanted - 1.0).abs() < 0.04, "{value} is not {wanted} at {scale}");
            }
        }
    }

    #[test]
    fn an_empty_histogram_says_so() {
        assert_eq!(Histogram::default().percentiles(Duration::from_millis(1)).count, 0);
    }
}
