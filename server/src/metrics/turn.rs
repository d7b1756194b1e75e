//! TURN's metrics: one series a shard; `bedside turn` alone counts as shard 0.

use metrics::Label;
use turn::counters::{Counters, Refusal};

use super::metric::Metric;

const SHARD: &[&str] = &["shard"];

type Read = fn(&Counters) -> u64;

const METRICS: [(Metric, Read); 6] = [
    (Metric::gauge("bedside_turn_allocations", SHARD, "Allocations that exist."), |c| {
        c.allocations
    }),
    (Metric::counter("bedside_turn_allocations_total", SHARD, "Allocations ever made."), |c| {
        c.allocations_made
    }),
    (
        Metric::counter(
            "bedside_turn_to_peers_packets_total",
            SHARD,
            "Payloads of clients handed to peers: the media plane, or others' addresses.",
        ),
        |c| c.to_peers_packets,
    ),
    (Metric::counter("bedside_turn_to_peers_bytes_total", SHARD, "Bytes in them."), |c| {
        c.to_peers_bytes
    }),
    (
        Metric::counter(
            "bedside_turn_to_clients_packets_total",
            SHARD,
            "Payloads of peers handed to clients.",
        ),
        |c| c.to_clients_packets,
    ),
    (Metric::counter("bedside_turn_to_clients_bytes_total", SHARD, "Bytes in them."), |c| {
        c.to_clients_bytes
    }),
];

pub(super) const REFUSED: Metric = Metric::counter(
    "bedside_turn_refused_messages_total",
    &["shard", "reason"],
    "Messages that TURN refused or ignored, by reason. Every client begins with one that is unauthenticated.",
);

pub(super) fn all() -> impl Iterator<Item = Metric> {
    METRICS.iter().map(|(metric, _)| *metric).chain([REFUSED])
}

pub(super) fn reasons() -> Vec<&'static str> {
    Refusal::ALL.iter().map(|reason| reason.label()).collect()
}

/// Copies the counters of one shard.
pub(crate) fn record(shard: u16, counters: &Counters) {
    let shard = Label::new("shard", shard.to_string());
    for (metric, read) in &METRICS {
        metric.set(read(counters), vec![shard.clone()]);
    }
    for reason in Refusal::ALL {
        let labels = vec![shard.clone(), Label::new("reason", reason.label())];
        REFUSED.set(counters.refused(*reason), labels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::rendered;

    #[test]
    fn allocations_and_every_reason_are_shown() {
        let counters = Counters { allocations: 3, to_peers_bytes: 1200, ..Counters::default() };
        let text = rendered(|| record(1, &counters));
        for line in [
            "bedside_turn_allocations{shard=\"1\"} 3",
            "bedside_turn_to_peers_bytes_total{shard=\"1\"} 1200",
            "bedside_turn_refused_messages_total{shard=\"1\",reason=\"peer_forbidden\"} 0",
        ] {
            assert!(text.lines().any(|rendered| rendered == line), "{line} is not in\n{text}");
        }
    }
}
