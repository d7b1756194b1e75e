//! The media plane's metrics: one series a shard.

use metrics::Label;
use sfu::{metrics::Counters, placement::ShardId};

use super::metric::Metric;

const SHARD: &[&str] = &["shard"];

type Read = fn(&Counters) -> u64;
type Measure = fn(&Counters) -> f64;

const METRICS: [(Metric, Read); 46] = [
    (
        Metric::counter(
            "bedside_sfu_stream_dropped_messages_total",
            SHARD,
            "Packets for clients over TCP or TLS that made way for newer ones, because the client is slow.",
        ),
        |c| c.stream_dropped_messages,
    ),
    (Metric::counter("bedside_sfu_received_datagrams_total", SHARD, "Datagrams received."), |c| {
        c.datagrams_received
    }),
    (
        Metric::counter("bedside_sfu_received_bytes_total", SHARD, "Bytes received, UDP payload."),
        |c| c.bytes_received,
    ),
    (Metric::counter("bedside_sfu_sent_datagrams_total", SHARD, "Datagrams sent."), |c| {
        c.datagrams_sent
    }),
    (Metric::counter("bedside_sfu_sent_bytes_total", SHARD, "Bytes sent, UDP payload."), |c| {
        c.bytes_sent
    }),
    (
        Metric::counter(
            "bedside_sfu_wake_ups_total",
            SHARD,
            "Times a shard's loop woke up: something came, was due, or had gathered long enough.",
        ),
        |c| c.wake_ups,
    ),
    (Metric::counter("bedside_sfu_turns_total", SHARD, "Turns of a shard's loop."), |c| c.turns),
    (
        Metric::counter(
            "bedside_sfu_send_calls_total",
            SHARD,
            "Send calls; with segmentation offload one call carries several datagrams.",
        ),
        |c| c.sends,
    ),
    (
        Metric::counter(
            "bedside_sfu_send_errors_total",
            SHARD,
            "Datagrams that the kernel refused.",
        ),
        |c| c.send_errors,
    ),
    (
        Metric::counter(
            "bedside_sfu_rtp_received_packets_total",
            SHARD,
            "RTP packets received and accepted.",
        ),
        |c| c.rtp_received,
    ),
    (
        Metric::counter(
            "bedside_sfu_rtp_forwarded_packets_total",
            SHARD,
            "RTP packets forwarded, one per subscriber.",
        ),
        |c| c.rtp_forwarded,
    ),
    (
        Metric::counter(
            "bedside_sfu_rtp_retransmitted_packets_total",
            SHARD,
            "RTP packets sent again to subscribers.",
        ),
        |c| c.rtp_retransmitted,
    ),
    (
        Metric::counter(
            "bedside_sfu_nack_sent_packets_total",
            SHARD,
            "RTP packets asked again from publishers.",
        ),
        |c| c.nacks_sent,
    ),
    (
        Metric::counter(
            "bedside_sfu_nack_received_packets_total",
            SHARD,
            "RTP packets asked again by subscribers.",
        ),
        |c| c.nacks_received,
    ),
    (
        Metric::counter(
            "bedside_sfu_key_frame_sent_requests_total",
            SHARD,
            "Key frames asked from publishers.",
        ),
        |c| c.key_frame_requests_sent,
    ),
    (
        Metric::counter(
            "bedside_sfu_key_frame_received_requests_total",
            SHARD,
            "Key frames asked by subscribers.",
        ),
        |c| c.key_frame_requests_received,
    ),
    (
        Metric::counter(
            "bedside_sfu_data_forwarded_messages_total",
            SHARD,
            "Data messages delivered, one per receiver.",
        ),
        |c| c.data_messages_forwarded,
    ),
    (
        Metric::counter(
            "bedside_sfu_data_shed_receivers_total",
            SHARD,
            "Receivers of data messages that stalled and were told to join anew.",
        ),
        |c| c.data_receivers_shed,
    ),
    (
        Metric::counter(
            "bedside_sfu_feedback_received_total",
            SHARD,
            "Transport-wide feedback and REMB of subscribers taken.",
        ),
        |c| c.feedback_received,
    ),
    (
        Metric::counter(
            "bedside_sfu_estimate_lowered_total",
            SHARD,
            "Times that the estimate of a subscriber's line was lowered.",
        ),
        |c| c.estimates_lowered,
    ),
    (Metric::counter("bedside_sfu_probes_total", SHARD, "Probes of what lines carry."), |c| {
        c.probes
    }),
    (
        Metric::counter(
            "bedside_sfu_probe_bytes_total",
            SHARD,
            "Bytes of padding that probes sent.",
        ),
        |c| c.probe_bytes,
    ),
    (
        Metric::counter(
            "bedside_sfu_layer_lowered_total",
            SHARD,
            "Times that a subscriber was given a lower layer or fewer frames.",
        ),
        |c| c.layers_lowered,
    ),
    (
        Metric::counter(
            "bedside_sfu_layer_raised_total",
            SHARD,
            "Times that a subscriber was given a higher layer or more frames.",
        ),
        |c| c.layers_raised,
    ),
    (
        Metric::counter(
            "bedside_sfu_picture_pauses_total",
            SHARD,
            "Times that a picture was paused for want of bandwidth.",
        ),
        |c| c.pauses,
    ),
    (
        Metric::counter(
            "bedside_sfu_withheld_repairs_total",
            SHARD,
            "Retransmissions refused: sent a moment ago, or more than the line has room for.",
        ),
        |c| c.repairs_withheld,
    ),
    (
        Metric::counter(
            "bedside_sfu_repeated_sound_packets_total",
            SHARD,
            "Packets of sound sent a second time over lines that lose much.",
        ),
        |c| c.sound_repeated,
    ),
    (
        Metric::counter(
            "bedside_sfu_recorded_packets_total",
            SHARD,
            "RTP packets handed to recordings.",
        ),
        |c| c.recorded_packets,
    ),
    (
        Metric::counter(
            "bedside_sfu_recording_missed_packets_total",
            SHARD,
            "RTP packets that a recording had no buffer for: its disk is too slow. The call has them.",
        ),
        |c| c.recording_missed_packets,
    ),
    (
        Metric::gauge(
            "bedside_sfu_estimated_lines",
            SHARD,
            "Subscribers for whose lines there is an estimate.",
        ),
        |c| c.estimated_lines,
    ),
    (
        Metric::gauge("bedside_sfu_estimate_sum_bits_per_second", SHARD, "Sum of these estimates."),
        |c| c.estimates_bps,
    ),
    (
        Metric::gauge(
            "bedside_sfu_constrained_lines",
            SHARD,
            "Subscribers whose line does not carry what they want.",
        ),
        |c| c.constrained_lines,
    ),
    (
        Metric::gauge(
            "bedside_sfu_low_bandwidth_lines",
            SHARD,
            "Subscribers in low-bandwidth mode.",
        ),
        |c| c.low_bandwidth_lines,
    ),
    (
        Metric::counter("bedside_sfu_dtls_handshakes_total", SHARD, "DTLS handshakes completed."),
        |c| c.handshakes,
    ),
    (
        Metric::counter(
            "bedside_sfu_panics_total",
            SHARD,
            "Panics while one participant was handled; its connection was closed.",
        ),
        |c| c.panics,
    ),
    (Metric::counter("bedside_sfu_commands_total", SHARD, "Commands handled."), |c| c.commands),
    (
        Metric::counter(
            "bedside_sfu_placed_joins_total",
            SHARD,
            "Joins into rooms that are at home here.",
        ),
        |c| c.joins,
    ),
    (
        Metric::counter(
            "bedside_sfu_handed_on_joins_total",
            SHARD,
            "Joins of listeners that were handed on to other shards.",
        ),
        |c| c.joins_handed_on,
    ),
    (
        Metric::counter(
            "bedside_sfu_relayed_packets_total",
            SHARD,
            "RTP packets relayed to other shards, one per edge.",
        ),
        |c| c.relayed_packets,
    ),
    (
        Metric::counter(
            "bedside_sfu_relay_dropped_packets_total",
            SHARD,
            "RTP packets that were to be relayed and were dropped: the other shard is too slow.",
        ),
        |c| c.relay_dropped_packets,
    ),
    (
        Metric::counter(
            "bedside_sfu_relay_resets_total",
            SHARD,
            "Links to other shards that were reset; every listener beyond had to join anew.",
        ),
        |c| c.relay_resets,
    ),
    (Metric::gauge("bedside_sfu_rooms", SHARD, "Rooms open."), |c| c.rooms),
    (
        Metric::gauge(
            "bedside_sfu_edges",
            SHARD,
            "Edges: rooms at home on another shard, of which this one serves listeners.",
        ),
        |c| c.edges,
    ),
    (Metric::gauge("bedside_sfu_participants", SHARD, "Participants present."), |c| c.participants),
    (Metric::gauge("bedside_sfu_publications", SHARD, "Publications."), |c| c.publications),
    (Metric::gauge("bedside_sfu_subscriptions", SHARD, "Subscriptions."), |c| c.subscriptions),
];

/// Gauges and sums that are no whole numbers.
const MEASURES: [(Metric, Measure); 3] = [
    (
        Metric::gauge(
            "bedside_sfu_turn_seconds",
            SHARD,
            "Mean length of a turn of a shard's loop since the start, waiting apart.",
        ),
        |c| seconds(c.turns_us.checked_div(c.turns).unwrap_or(0)),
    ),
    (
        Metric::gauge(
            "bedside_sfu_turn_max_seconds",
            SHARD,
            "Longest turn of a shard's loop in the last second.",
        ),
        |c| seconds(c.turn_us_max),
    ),
    (
        Metric::gauge(
            "bedside_sfu_busy_ratio",
            SHARD,
            "Share of the last second that a shard's thread ran.",
        ),
        |c| f64::from(c.busy_permille) / 1000.0,
    ),
];

const SILENT: Metric = Metric::gauge(
    "bedside_sfu_silent",
    SHARD,
    "1 while a shard has shown no sign of life for three seconds: its calls stand still, and it gets no new rooms.",
);

pub(super) const DROPPED: Metric = Metric::counter(
    "bedside_sfu_dropped_datagrams_total",
    &["shard", "reason"],
    "Datagrams, or packets in them, that were dropped, by reason.",
);

pub(super) fn all() -> impl Iterator<Item = Metric> {
    let measures = MEASURES.iter().map(|(metric, _)| *metric);
    METRICS.iter().map(|(metric, _)| *metric).chain(measures).chain([SILENT, DROPPED])
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Copies the newest snapshot of each shard, and which of them are silent.
pub(super) fn record(shards: &[Counters], silent: &[ShardId]) {
    for (shard, counters) in (0..).map(ShardId).zip(shards) {
        let is_silent = silent.contains(&shard);
        let number = shard.0;
        let shard = Label::new("shard", shard.0.to_string());
        SILENT.set(is_silent.into(), vec![shard.clone()]);
        for (metric, read) in &MEASURES {
            metric.set_measure(read(counters), vec![shard.clone()]);
        }
        for (metric, read) in &METRICS {
            metric.set(read(counters), vec![shard.clone()]);
        }
        super::turn::record(number, &counters.turn);
        for (reason, count) in counters.dropped.iter() {
            DROPPED.set(count, vec![shard.clone(), Label::new("reason", reason.label())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use sfu::drop_reason::DropReason;

    use super::*;
    use crate::metrics::tests::rendered;

    #[test]
    fn each_shard_has_its_own_series() {
        let mut second = Counters {
            rooms: 3,
            bytes_sent: 1200,
            turns: 4,
            turns_us: 1000,
            busy_permille: 125,
            ..Counters::default()
        };
        second.dropped.count(DropReason::SrtpReplay);
        let text = rendered(|| record(&[Counters::default(), second], &[ShardId(1)]));
        for line in [
            "bedside_sfu_rooms{shard=\"0\"} 0",
            "bedside_sfu_rooms{shard=\"1\"} 3",
            "bedside_sfu_silent{shard=\"0\"} 0",
            "bedside_sfu_silent{shard=\"1\"} 1",
            "bedside_sfu_turn_seconds{shard=\"1\"} 0.00025",
            "bedside_sfu_busy_ratio{shard=\"1\"} 0.125",
            "bedside_sfu_sent_bytes_total{shard=\"1\"} 1200",
            "bedside_sfu_dropped_datagrams_total{shard=\"1\",reason=\"srtp_replay\"} 1",
            "# TYPE bedside_sfu_sent_bytes_total counter",
            "# HELP bedside_sfu_rooms Rooms open.",
        ] {
            assert!(text.lines().any(|rendered| rendered == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_counter_is_copied_not_added() {
        let counters = [Counters { commands: 5, ..Counters::default() }];
        let text = rendered(|| {
            record(&counters, &[]);
            record(&counters, &[]);
        });
        assert!(text.contains("bedside_sfu_commands_total{shard=\"0\"} 5\n"), "{text}");
    }
}
