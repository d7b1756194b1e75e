//! Signalling's metrics.

use metrics::Label;
use signaling::metrics::Counters;

use super::metric::Metric;

type Read = fn(&Counters) -> u64;

const METRICS: [(Metric, Read); 8] = [
    (Metric::counter("bedside_signaling_api_calls_total", &[], "Server API calls."), |c| {
        c.api_calls
    }),
    (
        Metric::gauge(
            "bedside_signaling_sockets",
            &[],
            "Signal sockets open, joins under way included.",
        ),
        |c| c.sockets_open,
    ),
    (
        Metric::gauge(
            "bedside_signaling_waiting_bytes",
            &[],
            "Bytes that wait to be written to signal sockets.",
        ),
        |c| c.bytes_waiting,
    ),
    (Metric::counter("bedside_signaling_joins_total", &[], "Joins that succeeded."), |c| c.joins),
    (Metric::counter("bedside_signaling_resumes_total", &[], "Resumes that succeeded."), |c| {
        c.resumes
    }),
    (
        Metric::counter(
            "bedside_signaling_mismatched_resumes_total",
            &[],
            "Resumes that were answered with \"join anew\".",
        ),
        |c| c.resumes_mismatched,
    ),
    (
        Metric::counter("bedside_signaling_received_frames_total", &[], "Signal frames received."),
        |c| c.frames_received,
    ),
    (Metric::counter("bedside_signaling_sent_frames_total", &[], "Signal frames sent."), |c| {
        c.frames_sent
    }),
];

const REFUSED: Metric = Metric::counter(
    "bedside_signaling_refused_joins_total",
    &["reason"],
    "Joins refused before a socket was opened, by HTTP status.",
);
const REFUSED_REASONS: [(&str, Read); 5] = [
    ("bad_request", |c| c.refused_bad_request),
    ("unauthorized", |c| c.refused_unauthorized),
    ("forbidden", |c| c.refused_forbidden),
    ("not_found", |c| c.refused_not_found),
    ("unavailable", |c| c.refused_unavailable),
];

const CLOSED: Metric = Metric::counter(
    "bedside_signaling_closed_sockets_total",
    &["reason"],
    "Sockets that the server closed because of how they behaved.",
);
const CLOSED_REASONS: [(&str, Read); 9] = [
    ("oversize", |c| c.closed_oversize),
    ("broken", |c| c.closed_broken),
    ("rate", |c| c.closed_rate),
    ("work", |c| c.closed_work),
    ("superseded", |c| c.closed_superseded),
    ("idle", |c| c.closed_idle),
    ("slow", |c| c.closed_slow),
    ("write", |c| c.closed_write),
    ("overload", |c| c.closed_overload),
];

const REFUSED_CALLS: Metric = Metric::counter(
    "bedside_signaling_refused_api_calls_total",
    &["reason"],
    "Server API calls that were refused.",
);
const REFUSED_CALLS_REASONS: [(&str, Read); 5] = [
    ("token", |c| c.api_refused_token),
    ("request", |c| c.api_refused_request),
    ("unimplemented", |c| c.api_refused_unimplemented),
    ("throttled", |c| c.api_refused_throttled),
    ("unavailable", |c| c.api_refused_unavailable),
];

/// Counters that are told apart by reason.
const BY_REASON: [(Metric, &[(&str, Read)]); 3] = [
    (REFUSED, &REFUSED_REASONS),
    (CLOSED, &CLOSED_REASONS),
    (REFUSED_CALLS, &REFUSED_CALLS_REASONS),
];

pub(super) fn all() -> impl Iterator<Item = Metric> {
    METRICS.iter().map(|(metric, _)| *metric).chain(BY_REASON.iter().map(|(metric, _)| *metric))
}

/// The values of the label `reason`, by metric.
pub(super) fn reasons() -> impl Iterator<Item = (Metric, Vec<&'static str>)> {
    let labels =
        |reasons: &[(&'static str, Read)]| reasons.iter().map(|(label, _)| *label).collect();
    BY_REASON.iter().map(move |(metric, reasons)| (*metric, labels(reasons)))
}

/// Copies the newest snapshot.
pub(super) fn record(counters: &Counters) {
    for (metric, read) in &METRICS {
        metric.set(read(counters), Vec::new());
    }
    for (metric, reasons) in BY_REASON {
        for (label, read) in reasons {
            metric.set(read(counters), vec![Label::new("reason", *label)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::rendered;

    #[test]
    fn refusals_and_closures_are_told_apart_by_reason() {
        let counters = Counters {
            sockets_open: 2,
            refused_unauthorized: 3,
            closed_slow: 4,
            ..Counters::default()
        };
        let text = rendered(|| record(&counters));
        for line in [
            "bedside_signaling_sockets 2",
            "bedside_signaling_refused_joins_total{reason=\"unauthorized\"} 3",
            "bedside_signaling_refused_joins_total{reason=\"not_found\"} 0",
            "bedside_signaling_closed_sockets_total{reason=\"slow\"} 4",
        ] {
            assert!(text.lines().any(|rendered| rendered == line), "{line} is not in\n{text}");
        }
    }
}
