//! Metrics of the main HTTP listener.

use super::metric::Metric;
use crate::listener::DoorCounts;

const CONNECTIONS: Metric = Metric::gauge(
    "bedside_server_http_connections",
    &[],
    "Connections to the main HTTP address, signal sockets included.",
);
const REFUSED: Metric = Metric::counter(
    "bedside_server_http_refused_connections_total",
    &[],
    "Connections closed at once because their address held connections_per_address_max.",
);
const FAILED: Metric = Metric::counter(
    "bedside_server_http_failed_accepts_total",
    &[],
    "Connections that could not be accepted, mostly for want of descriptors.",
);

pub(super) fn all() -> impl Iterator<Item = Metric> {
    [CONNECTIONS, REFUSED, FAILED].into_iter()
}

pub(super) fn record(counts: DoorCounts) {
    CONNECTIONS.set(counts.connections, Vec::new());
    REFUSED.set(counts.refused_address, Vec::new());
    FAILED.set(counts.failed_accepts, Vec::new());
}
