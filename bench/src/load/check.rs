//! Whether a received stream is what was sent: complete, in order, once, byte by byte.
//!
//! A forwarded stream is a sequence of runs, each of one layer. Within a run the publisher's packets must follow each
//! other without a gap; across a change of layer only the stream's own numbers can tell.

use sim::delivery::Delivery;

/// What became of a stream's packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Arrived, each once.
    pub(super) delivered: u64,
    /// Sent, and never arrived.
    pub(super) lost: u64,
    /// Arrived as retransmissions.
    pub(super) recovered: u64,
    /// Arrived after a later one without being retransmissions.
    pub(super) reordered: u64,
    /// Not what was sent, or somebody else's.
    pub(super) wrong: u64,
    /// Changes of layer.
    pub(super) switches: u64,
}

/// One received stream.
#[derive(Debug, Default)]
pub(super) struct StreamCheck {
    run: Option<Run>,
    /// So far.
    pub(super) counts: Counts,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    tag: u32,
    layer: u8,
    /// The publisher's next packet.
    next: u64,
    /// The stream's highest number.
    highest: u64,
}

impl StreamCheck {
    /// Looks at a delivery in the order of arrival.
    pub(super) fn on_delivery(&mut self, delivery: &Delivery) {
        self.counts.delivered += 1;
        self.counts.recovered += u64::from(delivery.is_retransmission);
        let (Some(stamp), seq) = (delivery.stamp, delivery.seq.0) else {
            self.counts.wrong += 1;
            return;
        };
        let Some(run) = &mut self.run else {
            let next = stamp.sequence + 1;
            self.run = Some(Run { tag: stamp.tag, layer: stamp.layer, next, highest: seq });
            return;
        };
        if stamp.tag != run.tag {
            self.counts.wrong += 1;
            return;
        }
        if seq < run.highest {
            self.counts.reordered += u64::from(!delivery.is_retransmission);
            self.counts.lost = self.counts.lost.saturating_sub(1);
            return;
        }
        let numbers = (seq - run.highest).saturating_sub(1);
        if stamp.layer != run.layer {
            self.counts.switches += 1;
            self.counts.lost += numbers;
        } else if stamp.sequence < run.next {
            // A newer number with older content.
            self.counts.wrong += 1;
        } else {
            self.counts.lost += stamp.sequence - run.next;
        }
        *run = Run { tag: run.tag, layer: stamp.layer, next: stamp.sequence + 1, highest: seq };
    }

    /// Which publisher's layer it shows now, and the packet that would come next.
    pub(super) fn position(&self) -> Option<(u32, u8, u64)> {
        self.run.map(|run| (run.tag, run.layer, run.next))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sfu::rtp::ids::{ExtSeq, Pt, Ssrc};
    use sim::media::Stamp;

    use super::*;

    fn delivery(seq: u64, layer: u8, sequence: u64) -> Delivery {
        let stamp = Stamp {
            tag: 1,
            layer,
            is_key: false,
            is_first: true,
            is_last: true,
            len: 28,
            sequence,
            ..Stamp::default()
        };
        Delivery {
            #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
            at: Instant::now(),
            ssrc: Ssrc(1),
            seq: ExtSeq(seq),
            timestamp: 0,
            marker: true,
            pt: Pt(96),
            is_retransmission: false,
            audio_level: None,
            stamp: Some(stamp),
            picture: None,
        }
    }

    fn counts(deliveries: &[Delivery]) -> Counts {
        let mut check = StreamCheck::default();
        deliveries.iter().for_each(|delivery| check.on_delivery(delivery));
        check.counts
    }

    #[test]
    fn a_whole_stream_has_no_fault_even_if_its_layer_changes() {
        let whole = [delivery(9, 2, 100), delivery(10, 2, 101), delivery(11, 0, 3)];
        let expected = Counts { delivered: 3, switches: 1, ..Counts::default() };
        assert_eq!(counts(&whole), expected);
    }

    #[test]
    fn a_gap_is_lost_whether_or_not_the_server_renumbered() {
        assert_eq!(counts(&[delivery(9, 2, 100), delivery(12, 2, 103)]).lost, 2);
        assert_eq!(counts(&[delivery(9, 2, 100), delivery(10, 2, 103)]).lost, 2);
        assert_eq!(counts(&[delivery(9, 2, 100), delivery(12, 1, 7)]).lost, 2);
    }

    #[test]
    fn a_late_packet_is_reordered_unless_it_was_sent_again_and_is_not_lost() {
        let mut late = delivery(10, 2, 101);
        let first = [delivery(9, 2, 100), delivery(11, 2, 102)];
        let got = counts(&[first[0], first[1], late]);
        assert_eq!((got.lost, got.reordered, got.recovered), (0, 1, 0));
        late.is_retransmission = true;
        let got = counts(&[first[0], first[1], late]);
        assert_eq!((got.lost, got.reordered, got.recovered), (0, 0, 1));
    }

    #[test]
    fn old_content_under_a_new_number_and_others_content_are_wrong() {
        assert_eq!(counts(&[delivery(9, 2, 100), delivery(10, 2, 100)]).wrong, 1);
        let mut others = delivery(10, 2, 101);
        others.stamp.as_mut().unwrap().tag = 2;
        assert_eq!(counts(&[delivery(9, 2, 100), others]).wrong, 1);
        let broken = Delivery { stamp: None, ..delivery(10, 2, 101) };
        assert_eq!(counts(&[delivery(9, 2, 100), broken]).wrong, 1);
    }
}
