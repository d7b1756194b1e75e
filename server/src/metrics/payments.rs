//! Metrics of what payment providers tell.

use metrics::Label;
use scheduling_api::ports::payments::{Deaf, Refused};

use crate::metrics::Metric;

const REFUSED: Metric = Metric::counter(
    "bedside_scheduling_refused_payment_events_total",
    &["method", "reason"],
    "Payment providers' events that were not believed. Alarm on it: a wrong secret, or somebody who tries.",
);

pub(super) fn all() -> impl Iterator<Item = Metric> {
    std::iter::once(REFUSED)
}

/// The values of the label `reason`.
pub(super) fn reasons() -> (Metric, Vec<&'static str>) {
    (REFUSED, Deaf::ALL.iter().map(|why| why.name()).collect())
}

/// Copies the newest snapshot.
pub(super) fn record(refused: &Refused) {
    for (method, why, count) in refused.counts() {
        let labels = vec![Label::new("method", method.name()), Label::new("reason", why.name())];
        REFUSED.set(count, labels);
    }
}
