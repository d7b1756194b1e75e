//! Webhooks' metrics.

use metrics::Label;
use signaling::webhooks::Counters;

use super::metric::Metric;

type Read = fn(&Counters) -> u64;

const METRICS: [(Metric, Read); 3] = [
    (
        Metric::gauge(
            "bedside_signaling_webhooks",
            &[],
            "Webhook deliveries that are queued or under way. Grows while a receiver is down.",
        ),
        |c| c.pending,
    ),
    (
        Metric::counter(
            "bedside_signaling_delivered_webhooks_total",
            &[],
            "Webhook deliveries that a receiver took.",
        ),
        |c| c.delivered,
    ),
    (
        Metric::counter(
            "bedside_signaling_retried_webhooks_total",
            &[],
            "Attempts to deliver a webhook that failed and are made again.",
        ),
        |c| c.retried,
    ),
];

const DROPPED: Metric = Metric::counter(
    "bedside_signaling_dropped_webhooks_total",
    &["reason"],
    "Webhook deliveries that were given up.",
);
const REASONS: [(&str, Read); 3] =
    [("full", |c| c.dropped_full), ("old", |c| c.dropped_old), ("refused", |c| c.dropped_refused)];

pub(super) fn all() -> impl Iterator<Item = Metric> {
    METRICS.iter().map(|(metric, _)| *metric).chain([DROPPED])
}

/// The values of the label `reason`.
pub(super) fn reasons() -> (Metric, Vec<&'static str>) {
    (DROPPED, REASONS.iter().map(|(label, _)| *label).collect())
}

/// Copies the newest snapshot.
pub(super) fn record(counters: &Counters) {
    for (metric, read) in &METRICS {
        metric.set(read(counters), Vec::new());
    }
    for (label, read) in &REASONS {
        DROPPED.set(read(counters), vec![Label::new("reason", *label)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::rendered;

    #[test]
    fn drops_are_told_apart_by_reason() {
        let counters = Counters { pending: 2, dropped_old: 3, ..Counters::default() };
        let text = rendered(|| record(&counters));
        for line in [
            "bedside_signaling_webhooks 2",
            "bedside_signaling_dropped_webhooks_total{reason=\"old\"} 3",
            "bedside_signaling_dropped_webhooks_total{reason=\"full\"} 0",
        ] {
            assert!(text.lines().any(|rendered| rendered == line), "{line} is not in\n{text}");
        }
    }
}
