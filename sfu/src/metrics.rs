//! Counters of one shard: plain integers, copied out as one snapshot a second.

use crate::{drop_reason::DropReason, placement::Load};

/// Absolute counts since start, and gauges, of one shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams received.
    pub datagrams_received: u64,
    /// Bytes received, UDP payload.
    pub bytes_received: u64,
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Bytes sent, UDP payload.
    pub bytes_sent: u64,
    /// Send calls made; with segmentation offload one call carries several datagrams.
    pub sends: u64,
    /// Datagrams the kernel refused.
    pub send_errors: u64,
    /// Times the loop woke up because something came or was due.
    pub wake_ups: u64,
    /// RTP packets received and accepted.
    pub rtp_received: u64,
    /// RTP packets forwarded, one per subscriber.
    pub rtp_forwarded: u64,
    /// RTP packets retransmitted to subscribers.
    pub rtp_retransmitted: u64,
    /// Sequence numbers asked again from publishers.
    pub nacks_sent: u64,
    /// Sequence numbers asked again by subscribers.
    pub nacks_received: u64,
    /// Key frames asked from publishers.
    pub key_frame_requests_sent: u64,
    /// Key frames asked by subscribers.
    pub key_frame_requests_received: u64,
    /// Bytes of padding sent to find out what lines carry.
    pub probe_bytes: u64,
    /// Probes begun.
    pub probes: u64,
    /// Times that the estimate of a line was lowered.
    pub estimates_lowered: u64,
    /// Transport-wide feedback and REMB taken.
    pub feedback_received: u64,
    /// Times that a subscriber was given a lower layer or fewer frames, for want of bandwidth or by its own wish.
    pub layers_lowered: u64,
    /// Times that a subscriber was given a higher layer or more frames.
    pub layers_raised: u64,
    /// Times that a picture was paused.
    pub pauses: u64,
    /// Packets of sound sent a second time to subscribers whose line loses much.
    pub sound_repeated: u64,
    /// Retransmissions refused: sent a moment ago, or more than the line has room for.
    pub repairs_withheld: u64,
    /// Subscribers for whose lines there is an estimate (gauge), and the sum of these estimates in bits a second (gauge).
    pub estimated_lines: u64,
    /// See [`estimated_lines`](Self::estimated_lines).
    pub estimates_bps: u64,
    /// Subscribers whose line does not carry what they want (gauge).
    pub constrained_lines: u64,
    /// Subscribers in low-bandwidth mode (gauge).
    pub low_bandwidth_lines: u64,
    /// RTP packets handed to recordings.
    pub recorded_packets: u64,
    /// RTP packets that a recording had no buffer for, since its disk is too slow.
    pub recording_missed_packets: u64,
    /// Data messages delivered, one per receiver.
    pub data_messages_forwarded: u64,
    /// Receivers of data that stalled and were told to join anew, so that their senders could go on.
    pub data_receivers_shed: u64,
    /// DTLS handshakes completed.
    pub handshakes: u64,
    /// Handlings of one participant that panicked.
    pub panics: u64,
    /// Commands handled.
    pub commands: u64,
    /// Joins taken of those that were placed here.
    pub joins: u64,
    /// Turns of the shard's loop (the driver's).
    pub turns: u64,
    /// What all of them took, waiting apart, in microseconds (the driver's).
    pub turns_us: u64,
    /// The longest of the last second, in microseconds (gauge; the driver's).
    pub turn_us_max: u64,
    /// Share of the last second that the thread was busy, in thousandths (gauge; the driver's).
    pub busy_permille: u32,
    /// Joins of listeners handed on to other shards.
    pub joins_handed_on: u64,
    /// Packets relayed to other shards, one per edge.
    pub relayed_packets: u64,
    /// Packets that were to be relayed and were dropped, because the other shard is too slow.
    pub relay_dropped_packets: u64,
    /// Links to other shards that were reset: every listener beyond had to join anew.
    pub relay_resets: u64,
    /// Edges of other shards' rooms (gauge).
    pub edges: u64,
    /// Rooms at home here (gauge).
    pub rooms: u64,
    /// Participants present (gauge).
    pub participants: u64,
    /// Publications (gauge).
    pub publications: u64,
    /// Subscriptions (gauge).
    pub subscriptions: u64,
    /// Messages that a slow client's stream had no room for.
    pub stream_dropped_messages: u64,
    /// What TURN has counted.
    pub turn: turn::counters::Counters,
    /// Dropped, by [`DropReason`].
    pub dropped: Dropped,
}

impl Counters {
    /// What placement looks at.
    #[must_use]
    pub fn load(&self) -> Load {
        let people = u32::try_from(self.participants).unwrap_or(u32::MAX);
        Load { busy_permille: self.busy_permille, people, is_silent: false }
    }
}

/// Drops by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped([u64; DropReason::ALL.len()]);

impl Dropped {
    /// Counts one.
    pub fn count(&mut self, reason: DropReason) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// Every reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL.iter().copied().zip(self.0.iter().copied())
    }
}
