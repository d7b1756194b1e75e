//! The quality of a participant's stay over time, bounded: when the series is full, neighbours are merged and samples come
//! half as often, so that an hour and a minute both fit.

use std::time::{Duration, Instant};

pub(crate) use crate::words::occurrence::QualitySample as Sample;

/// Samples kept: with the first interval ten minutes.
const SAMPLES_MAX: usize = 120;

/// Between two samples at first.
const INTERVAL: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(crate) struct Series {
    samples: Vec<Sample>,
    interval: Duration,
    last: Option<Instant>,
}

impl Default for Series {
    fn default() -> Self {
        Self { samples: Vec::new(), interval: INTERVAL, last: None }
    }
}

impl Series {
    /// Takes a sample, if it is time for one.
    pub(crate) fn push(&mut self, sample: Sample, now: Instant) {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < self.interval) {
            // What is worst within an interval is what was noticed.
            if let Some(latest) = self.samples.last_mut() {
                *latest = merged(latest, &sample);
            }
            return;
        }
        self.last = Some(now);
        if self.samples.len() >= SAMPLES_MAX {
            self.samples = self
                .samples
                .chunks(2)
                .filter_map(|pair| match pair {
                    [one, other] => Some(merged(one, other)),
                    [one] => Some(*one),
                    _ => None,
                })
                .collect();
            self.interval *= 2;
        }
        self.samples.push(sample);
    }

    /// All of them, oldest first.
    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

/// The worse of two, at the time of the first.
fn merged(one: &Sample, other: &Sample) -> Sample {
    Sample {
        at_s: one.at_s,
        loss_up_permille: one.loss_up_permille.max(other.loss_up_permille),
        loss_down_permille: one.loss_down_permille.max(other.loss_down_permille),
        rtt_ms: one.rtt_ms.max(other.rtt_ms),
        jitter_up_ms: one.jitter_up_ms.max(other.jitter_up_ms),
        estimate_kbps: one.estimate_kbps.min(other.estimate_kbps),
        received_kbps: one.received_kbps.min(other.received_kbps),
        layer: one.layer.min(other.layer),
        score: one.score.min(other.score),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_stay_keeps_a_bounded_series_with_the_worst_of_each_interval() {
        let start = Instant::now();
        let mut series = Series::default();
        for second in 0..7200_u32 {
            let loss = if second == 3601 { 500 } else { 1 };
            let sample = Sample {
                at_s: second,
                loss_up_permille: loss,
                loss_down_permille: 0,
                rtt_ms: 50,
                jitter_up_ms: 1,
                estimate_kbps: 2000,
                received_kbps: 1500,
                layer: Some(2),
                score: 5.0,
            };
            series.push(sample, start + Duration::from_secs(second.into()));
        }
        let samples = series.samples();
        assert!((60..=SAMPLES_MAX).contains(&samples.len()), "{}", samples.len());
        assert!(samples.windows(2).all(|pair| pair[0].at_s < pair[1].at_s));
        let worst: Vec<_> = samples.iter().filter(|one| one.loss_up_permille == 500).collect();
        assert_eq!(worst.len(), 1);
        assert!((3500..=3601).contains(&worst[0].at_s), "{worst:?}");
    }
}
