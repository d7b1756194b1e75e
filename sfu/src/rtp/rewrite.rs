//! Sequence numbers and timestamps of one subscription: one unbroken stream made of pieces of several layers.
//!
//! ```text
//!   layer f   .. 101 102 103 |                  | 740 741 ..
//!   layer q                  | 55 56 57 58      |
//!   outgoing  ..  11  12  13 | 14 15 16 17      | 18  19  ..
//!                 epoch 0      epoch 1            epoch 2
//! ```
//!
//! An epoch is a run of one layer with one constant offset and one highest temporal layer. The last few epochs are kept,
//! so that a retransmission request for an outgoing number finds its source packet (RFC 4585 NACK), a late packet of an
//! earlier epoch keeps its place, and what was left out of it stays out.

use crate::{
    keys::LayerIndex,
    rtp::{
        ids::{ExtSeq, Seq},
        payload::picture::Offsets,
    },
};

/// Epochs kept: switches within the life of the packet history (about a second) are few, but where frames are left out
/// each one left out begins an epoch, up to twenty in that time.
const EPOCHS: usize = 24;

/// One run of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// Whose packets.
    pub(crate) layer: LayerIndex,
    first_source: ExtSeq,
    first_out: ExtSeq,
    /// How they are changed.
    pub(crate) offsets: Offsets,
    /// Highest temporal layer that is sent.
    pub(crate) temporal: u8,
}

impl Epoch {
    fn out(&self, source: ExtSeq) -> Option<ExtSeq> {
        source.0.checked_sub(self.first_source.0).map(|ahead| ExtSeq(self.first_out.0 + ahead))
    }

    fn source(&self, out: ExtSeq) -> Option<ExtSeq> {
        out.0.checked_sub(self.first_out.0).map(|ahead| ExtSeq(self.first_source.0 + ahead))
    }
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rewriter {
    /// Newest first.
    epochs: [Option<Epoch>; EPOCHS],
    highest_out: ExtSeq,
}

impl Rewriter {
    /// Numbers from `first` on; it must lie in rollover 0, where an SRTP stream begins (RFC 3711 §3.3.1).
    #[must_use]
    pub(crate) fn new(first: Seq) -> Self {
        Self { epochs: [None; EPOCHS], highest_out: ExtSeq(u64::from(first.0)) }
    }

    /// The running epoch.
    #[must_use]
    pub(crate) fn current(&self) -> Option<&Epoch> {
        self.epochs.first()?.as_ref()
    }

    /// From `first_source` on, packets of `layer` up to a temporal layer continue the stream.
    pub(crate) fn begin(
        &mut self,
        layer: LayerIndex,
        first_source: ExtSeq,
        offsets: Offsets,
        temporal: u8,
    ) {
        let first_out = ExtSeq(self.highest_out.0 + 1);
        self.push(Epoch { layer, first_source, first_out, offsets, temporal });
    }

    fn push(&mut self, epoch: Epoch) {
        self.epochs.rotate_right(1);
        if let Some(slot) = self.epochs.first_mut() {
            *slot = Some(epoch);
        }
    }

    /// From the frame that begins with `source` on, the running layer is sent up to another temporal layer. Nothing happens
    /// if a later packet has been sent.
    pub(crate) fn turn(&mut self, source: ExtSeq, temporal: u8) {
        let highest_out = self.highest_out;
        let Some(current) = self.epochs.first_mut().and_then(Option::as_mut) else { return };
        let Some(first_out) = current.out(source).filter(|out| *out > highest_out) else { return };
        if current.first_source == source {
            // Nothing of it has been sent.
            current.temporal = temporal;
            return;
        }
        let epoch = Epoch { first_source: source, first_out, temporal, ..*current };
        self.push(epoch);
    }

    /// A packet of the running layer is left out: what follows it takes its number, and if it is the first left out of its
    /// picture, the next picture takes the picture's id. Nothing happens if a later packet has been sent: then its number
    /// stays a gap.
    pub(crate) fn skip(&mut self, layer: LayerIndex, source: ExtSeq, is_new_picture: bool) {
        let Some(current) = self.epochs.first_mut().and_then(Option::as_mut) else { return };
        let Some(out) = current.out(source).filter(|_| current.layer == layer) else { return };
        if out <= self.highest_out {
            return;
        }
        let picture_id = current.offsets.picture_id.wrapping_sub(u16::from(is_new_picture));
        let offsets = Offsets { picture_id, ..current.offsets };
        let first_source = ExtSeq(source.0 + 1);
        if current.first_source == source {
            // Nothing of it has been sent.
            (current.first_source, current.offsets) = (first_source, offsets);
            return;
        }
        let epoch = Epoch { first_source, first_out: out, offsets, ..*current };
        self.push(epoch);
    }

    /// The layer began anew with other numbers: what was sent of it cannot be found any more, and what comes starts a
    /// new epoch. Its outgoing numbers stay used.
    pub(crate) fn forget(&mut self, layer: LayerIndex) {
        for epoch in self.epochs.iter_mut().flatten().filter(|epoch| epoch.layer == layer) {
            epoch.layer = LayerIndex(u8::MAX);
        }
    }

    /// Whether nothing later of the running layer has been sent or left out.
    #[must_use]
    pub(crate) fn is_newest(&self, layer: LayerIndex, source: ExtSeq) -> bool {
        self.current().is_some_and(|epoch| {
            epoch.layer == layer && epoch.out(source).is_some_and(|out| out > self.highest_out)
        })
    }

    /// Whether this packet of a layer, or a later one, has been sent: it comes late, and no epoch may begin with it, or what
    /// is older would be given a higher number.
    #[must_use]
    pub(crate) fn has_passed(&self, layer: LayerIndex, source: ExtSeq) -> bool {
        let mut last = self.highest_out;
        for epoch in self.epochs.iter().flatten() {
            if epoch.layer == layer
                && let Some(last) = epoch.source(last)
            {
                return source <= last;
            }
            last = last.min(ExtSeq(epoch.first_out.0.saturating_sub(1)));
        }
        false
    }

    /// The outgoing number of a packet of a temporal layer, with its epoch's offsets; `None` if it belongs to no epoch, or
    /// its frame is left out of it: the number of one that comes late stays a gap then.
    /// Constant time: newest epoch first, and almost always the answer.
    pub(crate) fn forward(
        &mut self,
        layer: LayerIndex,
        source: ExtSeq,
        temporal: u8,
    ) -> Option<(ExtSeq, Offsets)> {
        let mut end = ExtSeq(u64::MAX);
        for epoch in self.epochs.iter().flatten() {
            if epoch.layer == layer
                && let Some(out) = epoch.out(source)
                && out < end
            {
                if temporal > epoch.temporal {
                    return None;
                }
                self.highest_out = self.highest_out.max(out);
                return Some((out, epoch.offsets));
            }
            // An epoch may begin before one that is older, of which nothing was sent.
            end = end.min(epoch.first_out);
        }
        None
    }

    /// Where the packet that left as `out`, or would have if it had come in time, came from.
    #[must_use]
    pub(crate) fn source_of(&self, out: ExtSeq) -> Option<(Epoch, ExtSeq)> {
        if out > self.highest_out {
            return None;
        }
        let epoch = self.epochs.iter().flatten().find(|epoch| epoch.first_out <= out)?;
        Some((*epoch, epoch.source(out)?))
    }

    /// The full number of an outgoing sequence number that a receiver names: the nearest at or below the highest.
    #[must_use]
    pub(crate) fn extend_out(&self, seq: Seq) -> Option<ExtSeq> {
        let behind = self.highest_out.seq().0.wrapping_sub(seq.0);
        if behind >= 0x8000 {
            // Half the number space behind is ahead: not sent yet.
            return None;
        }
        self.highest_out.0.checked_sub(u64::from(behind)).map(ExtSeq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: LayerIndex = LayerIndex(0);
    const HIGH: LayerIndex = LayerIndex(2);
    /// All temporal layers.
    const ALL: u8 = u8::MAX;

    #[test]
    fn a_switch_leaves_no_gap_and_both_pieces_can_be_found_again() {
        let mut rewriter = Rewriter::new(Seq(10));
        rewriter.begin(HIGH, ExtSeq(101), Offsets::default(), ALL);
        assert_eq!(rewriter.forward(HIGH, ExtSeq(101), 0).unwrap().0, ExtSeq(11));
        assert_eq!(rewriter.forward(HIGH, ExtSeq(103), 0).unwrap().0, ExtSeq(13));
        let offsets = Offsets { timestamp: 7, ..Offsets::default() };
        rewriter.begin(LOW, ExtSeq(55), offsets, ALL);
        assert_eq!(rewriter.forward(LOW, ExtSeq(55), 0), Some((ExtSeq(14), offsets)));
        // Late packet of the first piece.
        assert_eq!(rewriter.forward(HIGH, ExtSeq(102), 0).unwrap().0, ExtSeq(12));
        // The old layer goes on, but no longer belongs to this stream.
        assert_eq!(rewriter.forward(HIGH, ExtSeq(104), 0), None);
        assert_eq!(rewriter.forward(LOW, ExtSeq(54), 0), None);
        let source_of = |out| {
            let (epoch, source) = rewriter.source_of(ExtSeq(out))?;
            Some((epoch.layer, source, epoch.offsets))
        };
        assert_eq!(source_of(13), Some((HIGH, ExtSeq(103), Offsets::default())));
        assert_eq!(source_of(14), Some((LOW, ExtSeq(55), offsets)));
        assert_eq!(source_of(15), None);
    }

    #[test]
    fn what_comes_late_begins_no_epoch() {
        let mut rewriter = Rewriter::new(Seq(10));
        assert!(!rewriter.has_passed(HIGH, ExtSeq(0)));
        rewriter.begin(HIGH, ExtSeq(101), Offsets::default(), ALL);
        // Begun, and nothing sent yet.
        assert!(!rewriter.has_passed(HIGH, ExtSeq(101)));
        rewriter.forward(HIGH, ExtSeq(105), 0).unwrap();
        for (source, passed) in [(100, true), (104, true), (105, true), (106, false)] {
            assert_eq!(rewriter.has_passed(HIGH, ExtSeq(source)), passed, "{source}");
        }
        rewriter.begin(LOW, ExtSeq(7), Offsets::default(), ALL);
        rewriter.forward(LOW, ExtSeq(30), 0).unwrap();
        assert!(rewriter.has_passed(HIGH, ExtSeq(105)) && !rewriter.has_passed(HIGH, ExtSeq(106)));
        rewriter.forget(HIGH);
        assert!(!rewriter.has_passed(HIGH, ExtSeq(105)));
    }

    #[test]
    fn numbers_named_by_a_receiver_are_extended_over_the_wrap() {
        let mut rewriter = Rewriter::new(Seq(65_533));
        rewriter.begin(LOW, ExtSeq(1), Offsets::default(), ALL);
        for source in 1..=5 {
            rewriter.forward(LOW, ExtSeq(source), 0).unwrap();
        }
        assert_eq!(rewriter.highest_out, ExtSeq(65_538));
        assert_eq!(rewriter.extend_out(Seq(65_535)), Some(ExtSeq(65_535)));
        assert_eq!(rewriter.extend_out(Seq(2)), Some(ExtSeq(65_538)));
        assert_eq!(rewriter.extend_out(Seq(3)), None);
    }

    #[test]
    fn a_layer_that_began_anew_never_gets_a_number_twice() {
        let mut rewriter = Rewriter::new(Seq(0));
        rewriter.begin(LOW, ExtSeq(100), Offsets::default(), ALL);
        assert_eq!(rewriter.forward(LOW, ExtSeq(105), 0).unwrap().0, ExtSeq(6));
        rewriter.forget(LOW);
        assert_eq!(rewriter.forward(LOW, ExtSeq(101), 0), None);
        rewriter.begin(LOW, ExtSeq(40), Offsets::default(), ALL);
        assert_eq!(rewriter.forward(LOW, ExtSeq(40), 0).unwrap().0, ExtSeq(7));
        assert_eq!(
            rewriter.source_of(ExtSeq(3)).map(|(epoch, _)| epoch.layer),
            Some(LayerIndex(u8::MAX))
        );
    }

    proptest::proptest! {
        // One number twice would be one AEAD nonce twice.
        #[test]
        fn every_number_is_given_out_once(
            steps in proptest::collection::vec((0_u8..3, 0_u64..40, 0_u8..10), 1..400)
        ) {
            let mut rewriter = Rewriter::new(Seq(0));
            let mut used = std::collections::HashSet::new();
            let mut given = std::collections::HashSet::new();
            for (layer, source, action) in steps {
                let (layer, source) = (LayerIndex(layer), ExtSeq(source));
                if action == 0 {
                    rewriter.begin(layer, source, Offsets::default(), ALL);
                }
                if action > 7 {
                    rewriter.skip(layer, source, true);
                    used.insert((layer, source));
                }
                if action == 1 {
                    rewriter.turn(source, u8::MAX);
                }
                if used.insert((layer, source)) && let Some((out, _)) = rewriter.forward(layer, source, 0) {
                    proptest::prop_assert!(given.insert(out), "{out:?} twice");
                }
            }
        }
    }

    #[test]
    fn what_is_left_out_leaves_no_gap_and_is_not_counted_as_a_picture() {
        let mut rewriter = Rewriter::new(Seq(10));
        rewriter.begin(LOW, ExtSeq(100), Offsets::default(), ALL);
        let mut out = Vec::new();
        // Frames of two packets; every other frame is left out, and packet 105 comes late.
        for source in [100, 101, 102, 103, 104, 106, 107, 105, 108, 109] {
            if source / 2 % 2 == 1 {
                rewriter.skip(LOW, ExtSeq(source), source % 2 == 0);
            } else {
                let (seq, offsets) = rewriter.forward(LOW, ExtSeq(source), 0).unwrap();
                out.push((source, seq.0, offsets.picture_id));
            }
        }
        let gone = |count: u16| 0_u16.wrapping_sub(count);
        assert_eq!(
            out,
            [
                (100, 11, 0),
                (101, 12, 0),
                (104, 13, gone(1)),
                (105, 14, gone(1)),
                (108, 15, gone(2)),
                (109, 16, gone(2))
            ]
        );
        assert_eq!(rewriter.source_of(ExtSeq(14)).unwrap().1, ExtSeq(105));
        assert!(rewriter.has_passed(LOW, ExtSeq(109)) && !rewriter.has_passed(LOW, ExtSeq(110)));
        // Late: its number stays a gap.
        rewriter.skip(LOW, ExtSeq(104), true);
        assert_eq!(rewriter.forward(LOW, ExtSeq(110), 0).unwrap().0, ExtSeq(17));
    }

    #[test]
    fn what_was_left_out_stays_out_whatever_began_since() {
        let mut rewriter = Rewriter::new(Seq(10));
        rewriter.begin(LOW, ExtSeq(100), Offsets::default(), 0);
        assert_eq!(rewriter.forward(LOW, ExtSeq(100), 0).unwrap().0, ExtSeq(11));
        // Packets 101 and 102, of a temporal layer that is left out, are lost on the way here and keep their numbers.
        assert_eq!(rewriter.forward(LOW, ExtSeq(103), 0).unwrap().0, ExtSeq(14));
        rewriter.turn(ExtSeq(104), 1);
        assert_eq!(rewriter.forward(LOW, ExtSeq(104), 1).unwrap().0, ExtSeq(15));
        rewriter.begin(LOW, ExtSeq(106), Offsets::default(), ALL);
        assert_eq!(rewriter.forward(LOW, ExtSeq(106), 0).unwrap().0, ExtSeq(16));
        // They come late, and are asked for by those who miss their numbers.
        assert_eq!(rewriter.forward(LOW, ExtSeq(101), 1), None);
        let (epoch, source) = rewriter.source_of(ExtSeq(13)).unwrap();
        assert_eq!((epoch.temporal, source), (0, ExtSeq(102)));
        // What was sent, and is lost on the way on, is not.
        assert_eq!(rewriter.source_of(ExtSeq(15)).unwrap().0.temporal, 1);
        assert_eq!(rewriter.source_of(ExtSeq(16)).unwrap().0.temporal, ALL);
        assert_eq!(rewriter.forward(LOW, ExtSeq(107), 2).unwrap().0, ExtSeq(17));
    }

    #[test]
    fn before_the_first_epoch_nothing_is_forwarded() {
        let mut rewriter = Rewriter::new(Seq(0));
        assert_eq!(rewriter.forward(LOW, ExtSeq(5), 0), None);
        assert_eq!(rewriter.source_of(ExtSeq(0)), None);
    }
}
