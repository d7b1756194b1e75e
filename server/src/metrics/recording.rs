//! Metrics of recordings.

use sfu::recording::counts::Counters;

use super::metric::Metric;

type Read = fn(&Counters) -> u64;

const METRICS: [(Metric, Read); 6] = [
    (
        Metric::gauge(
            "bedside_sfu_recordings",
            &[],
            "Recordings that are asked for, run or pause.",
        ),
        |c| c.active,
    ),
    (
        Metric::counter(
            "bedside_sfu_failed_recordings_total",
            &[],
            "Recordings that had to end, such as by a full disk. Alarm on it.",
        ),
        |c| c.failed,
    ),
    (
        Metric::counter(
            "bedside_sfu_recorded_frames_total",
            &[],
            "Frames that recordings have written.",
        ),
        |c| c.frames,
    ),
    (Metric::counter("bedside_sfu_recorded_bytes_total", &[], "Bytes of these frames."), |c| {
        c.bytes
    }),
    (
        Metric::counter(
            "bedside_sfu_recording_gaps_total",
            &[],
            "Gaps that recordings have marked.",
        ),
        |c| c.gaps,
    ),
    (
        Metric::counter(
            "bedside_sfu_recording_lost_packets_total",
            &[],
            "Packets missing in these gaps.",
        ),
        |c| c.lost_packets,
    ),
];

pub(super) fn all() -> impl Iterator<Item = Metric> {
    METRICS.iter().map(|(metric, _)| *metric)
}

/// Copies the newest counts.
pub(super) fn record(counters: &Counters) {
    for (metric, read) in &METRICS {
        metric.set(read(counters), Vec::new());
    }
}
