//! Packets of one track, in the order in which they came, made into frames in the order in which they were sent. Pure.
//!
//! A packet that is missing is waited for as long as a retransmission may take; then there is a gap: sound goes on behind
//! it, a picture with its next key frame. A gap is told, never papered over.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{depacketize, feed::Packet, picture::Config};
use crate::rtp::{ids::ExtSeq, payload::CodecKind};

/// How long a missing packet is waited for: three requests over a distant network.
const REORDER_WAIT: Duration = Duration::from_millis(800);

/// Most packets that wait for one that is missing: some seconds of a picture's.
const WAITING_MAX: usize = 1024;

/// Most packets of one frame: a key frame of 2 MB.
const FRAME_PACKETS_MAX: usize = 2048;

/// A frame as a file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) layer: u8,
    /// RTP timestamp.
    pub(crate) timestamp: u32,
    /// When its first packet came.
    pub(crate) at: Instant,
    /// A decoder can begin here.
    pub(crate) is_key: bool,
    /// What a decoder must know before the first frame, with each key frame that says so.
    pub(crate) config: Option<Config>,
    pub(crate) data: Vec<u8>,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Assembled {
    Frame(Frame),
    /// Something is missing here.
    Gap(Gap),
}

/// A gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// When it was found.
    pub(crate) at: Instant,
    /// Packets that never came.
    pub(crate) lost: u64,
    /// Those of them for which our own disk was too slow.
    pub(crate) missed: u64,
    /// Frames that came and are no use: they could not be put together, or need what is missing.
    pub(crate) broken: u64,
}

/// See the module.
pub(crate) struct Assembler {
    codec: CodecKind,
    layer: Option<u8>,
    /// The number that is to come.
    next: Option<u64>,
    waiting: BTreeMap<u64, Packet>,
    /// Of the frame that is coming.
    frame: Vec<Packet>,
    needs_key: bool,
    /// Packets that our disk was too slow for, since the last gap.
    missed: u64,
    broken: u64,
}

impl Assembler {
    pub(crate) fn new(codec: CodecKind) -> Self {
        Self {
            codec,
            layer: None,
            next: None,
            waiting: BTreeMap::new(),
            frame: Vec::new(),
            needs_key: !codec.is_audio(),
            missed: 0,
            broken: 0,
        }
    }

    /// Whether it can only go on with a key frame.
    pub(crate) fn needs_key(&self) -> bool {
        self.needs_key
    }

    /// Takes a packet.
    pub(crate) fn push(&mut self, packet: Packet, out: &mut Vec<Assembled>) {
        self.missed += u64::from(packet.missed);
        if self.layer != Some(packet.layer) {
            self.begin(packet.layer, packet.seq, packet.at, out);
        }
        let next = *self.next.get_or_insert(packet.seq.0);
        if packet.seq.0 >= next {
            self.waiting.insert(packet.seq.0, packet);
        }
        self.drain(out);
        if self.waiting.len() > WAITING_MAX {
            self.skip(out);
        }
    }

    /// Gives up what has been waited for long enough.
    pub(crate) fn advance(&mut self, now: Instant, out: &mut Vec<Assembled>) {
        while self
            .waiting
            .first_key_value()
            .is_some_and(|(_, first)| now.saturating_duration_since(first.at) >= REORDER_WAIT)
        {
            self.skip(out);
        }
    }

    /// Nothing comes any more: what is there is all there will be.
    pub(crate) fn finish(&mut self, out: &mut Vec<Assembled>) {
        while !self.waiting.is_empty() {
            self.skip(out);
        }
        self.frame.clear();
    }

    /// Another layer goes on: its numbers are its own.
    fn begin(&mut self, layer: u8, first: ExtSeq, at: Instant, out: &mut Vec<Assembled>) {
        let has_begun = self.layer.replace(layer).is_some();
        self.finish(out);
        self.next = Some(first.0);
        self.needs_key = !self.codec.is_audio();
        if has_begun && self.missed > 0 {
            self.gap(0, at, out);
        }
    }

    fn drain(&mut self, out: &mut Vec<Assembled>) {
        while let Some(next) = self.next
            && let Some(packet) = self.waiting.remove(&next)
        {
            self.next = Some(next + 1);
            self.take(packet, out);
        }
    }

    fn skip(&mut self, out: &mut Vec<Assembled>) {
        let Some((&first, packet)) = self.waiting.first_key_value() else { return };
        let lost = first.saturating_sub(self.next.unwrap_or(first));
        let at = packet.at;
        self.next = Some(first);
        if lost > 0 {
            self.broken += u64::from(!self.frame.is_empty());
            self.frame.clear();
            self.needs_key = !self.codec.is_audio();
            self.gap(lost, at, out);
        }
        self.drain(out);
    }

    fn gap(&mut self, lost: u64, at: Instant, out: &mut Vec<Assembled>) {
        let (missed, broken) = (std::mem::take(&mut self.missed), std::mem::take(&mut self.broken));
        out.push(Assembled::Gap(Gap { at, lost, missed, broken }));
    }

    /// Takes the next packet in order.
    fn take(&mut self, packet: Packet, out: &mut Vec<Assembled>) {
        if self.codec.is_audio() {
            if let Some(data) = depacketize::sound(packet.codec, &packet.payload) {
                out.push(Assembled::Frame(Frame {
                    layer: packet.layer,
                    timestamp: packet.timestamp,
                    at: packet.at,
                    is_key: true,
                    config: None,
                    data: data.to_vec(),
                }));
            }
            return;
        }
        // Padding has no payload.
        if packet.payload.is_empty() {
            return;
        }
        let is_other = self.frame.first().is_some_and(|first| first.timestamp != packet.timestamp);
        if is_other {
            // Its marker did not come with the last packet, as some encoders have it.
            self.complete(out);
        }
        let ends = packet.marker;
        if self.frame.len() >= FRAME_PACKETS_MAX {
            self.frame.clear();
            self.needs_key = true;
            self.broken += 1;
        }
        self.frame.push(packet);
        if ends {
            self.complete(out);
        }
    }

    /// The frame is there.
    fn complete(&mut self, out: &mut Vec<Assembled>) {
        let packets = std::mem::take(&mut self.frame);
        let Some(first) = packets.first() else { return };
        // H.264 may begin its key frame behind parameter sets, in any packet of the frame.
        let is_key = match self.codec {
            CodecKind::H264 => packets.iter().any(|one| one.is_key),
            _ => first.is_key,
        };
        if self.needs_key && !is_key {
            self.broken += 1;
            return;
        }
        let Some(picture) = depacketize::picture(self.codec, &packets, is_key) else {
            let at = first.at;
            self.broken += 1;
            self.needs_key = true;
            self.gap(0, at, out);
            return;
        };
        if self.needs_key && self.broken > 0 {
            // What was of no use is told where the picture goes on, if it was not told before.
            let at = first.at;
            self.gap(0, at, out);
        }
        self.needs_key = false;
        out.push(Assembled::Frame(Frame {
            layer: first.layer,
            timestamp: first.timestamp,
            at: first.at,
            is_key,
            config: picture.config,
            data: picture.data,
        }));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// VP8: descriptor, then a frame header that says key or not, and its size.
    fn vp8(seq: u64, frame: u32, place: (bool, bool), is_key: bool, start: Instant) -> Packet {
        let (begins, ends) = place;
        let mut payload = vec![if begins { 0x10 } else { 0 }];
        if begins {
            payload.push(u8::from(!is_key));
            payload.extend([0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]);
        }
        payload.extend(seq.to_be_bytes());
        Packet {
            layer: 0,
            seq: ExtSeq(seq),
            timestamp: frame * 3000,
            marker: ends,
            is_key: begins && is_key,
            codec: CodecKind::Vp8,
            at: start + Duration::from_millis(u64::from(frame) * 33),
            missed: 0,
            payload,
        }
    }

    /// Two packets a frame, a key frame every ten.
    fn stream(frames: u32, start: Instant) -> Vec<Packet> {
        let packets = |frame: u32| {
            let (seq, is_key) = (u64::from(frame) * 2 + 100, frame.is_multiple_of(10));
            [
                vp8(seq, frame, (true, false), is_key, start),
                vp8(seq + 1, frame, (false, true), is_key, start),
            ]
        };
        (0..frames).flat_map(packets).collect()
    }

    fn run(packets: Vec<Packet>) -> Vec<Assembled> {
        let (mut assembler, mut out) = (Assembler::new(CodecKind::Vp8), Vec::new());
        for packet in packets {
            assembler.advance(packet.at, &mut out);
            assembler.push(packet, &mut out);
        }
        assembler.finish(&mut out);
        out
    }

    fn frames(out: &[Assembled]) -> Vec<u32> {
        let frames = out.iter().filter_map(|one| match one {
            Assembled::Frame(frame) => Some(frame.timestamp / 3000),
            Assembled::Gap(_) => None,
        });
        frames.collect()
    }

    fn gaps(out: &[Assembled]) -> Vec<(u64, u64)> {
        let gaps = out.iter().filter_map(|one| match one {
            Assembled::Gap(gap) => Some((gap.lost, gap.broken)),
            Assembled::Frame(_) => None,
        });
        gaps.collect()
    }

    #[test]
    fn whole_frames_come_out_with_their_size() {
        let out = run(stream(25, Instant::now()));
        assert_eq!(frames(&out), (0..25).collect::<Vec<_>>());
        let Assembled::Frame(first) = &out[0] else { panic!("a frame") };
        assert!(first.is_key);
        assert_eq!(first.config, Some(Config { size: Some((640, 480)), private: Vec::new() }));
        // The descriptors are gone.
        assert_eq!(first.data.len(), 10 + 8 + 8);
    }

    #[test]
    fn a_late_packet_is_waited_for() {
        let start = Instant::now();
        let mut packets = stream(20, start);
        let mut late = packets.remove(9);
        late.at = packets[25].at;
        packets.insert(25, late);
        let out = run(packets);
        assert_eq!((frames(&out).len(), gaps(&out)), (20, vec![]));
    }

    #[test]
    fn a_lost_packet_is_a_gap_until_the_next_key_frame() {
        let mut packets = stream(40, Instant::now());
        packets.remove(9);
        let out = run(packets);
        let whole: Vec<_> = (0..4).chain(10..40).collect();
        assert_eq!(frames(&out), whole);
        assert_eq!(gaps(&out).iter().map(|(lost, _)| lost).sum::<u64>(), 1);
        assert_eq!(gaps(&out).iter().map(|(_, broken)| broken).sum::<u64>(), 6);
    }

    #[test]
    fn nothing_comes_before_the_first_key_frame() {
        let out = run(stream(30, Instant::now()).split_off(6));
        assert_eq!(frames(&out), (10..30).collect::<Vec<_>>());
    }

    #[test]
    fn another_layer_begins_with_its_own_numbers() {
        let start = Instant::now();
        let mut packets = stream(15, start);
        let mut other = stream(10, start);
        for packet in &mut other {
            (packet.layer, packet.seq.0) = (1, packet.seq.0 + 7000);
        }
        packets.extend(other);
        let out = run(packets);
        assert_eq!((frames(&out).len(), gaps(&out)), (25, vec![]));
    }

    #[test]
    fn what_the_disk_was_too_slow_for_is_said_with_the_gap() {
        let mut packets = stream(40, Instant::now());
        packets.drain(12..16);
        packets[12].missed = 4;
        let out = run(packets);
        let gap = out.iter().find_map(|one| match one {
            Assembled::Gap(gap) => Some(*gap),
            Assembled::Frame(_) => None,
        });
        assert_eq!(gap.map(|gap| (gap.lost, gap.missed)), Some((4, 4)));
    }

    proptest! {
        #[test]
        fn whatever_is_lost_every_frame_that_comes_is_whole_and_in_order_and_the_rest_is_told(
            lost in prop::collection::btree_set(0_usize..160, 0..30),
            swaps in prop::collection::vec(0_usize..150, 0..20),
        ) {
            let mut packets = stream(80, Instant::now());
            let all = packets.len() / 2;
            for swap in swaps {
                packets.swap(swap, swap + 5);
            }
            let mut place = 0;
            packets.retain(|_| { place += 1; !lost.contains(&(place - 1)) });
            let out = run(packets);
            let frames = frames(&out);
            prop_assert!(frames.windows(2).all(|pair| pair[0] < pair[1]));
            let has_gap = !gaps(&out).is_empty();
            // What is lost at either end leaves no trace within.
            let within = frames.first().zip(frames.last()).map_or(0, |(a, b)| (b - a + 1) as usize);
            prop_assert!(frames.len() == within || has_gap, "{frames:?}");
            prop_assert!(frames.len() <= all);
            for one in &out {
                if let Assembled::Frame(frame) = one {
                    prop_assert_eq!(frame.data.len(), 10 + 8 + 8);
                }
            }
        }
    }
}
