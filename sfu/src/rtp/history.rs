//! Plaintext packets of one incoming stream, kept for retransmission to every subscriber.
//!
//! Owns one byte ring and one index, both allocated once. A packet is found by its sequence number
//! in O(1); it is gone when the ring has come round or the index holds a packet `packets` later.
//! Never keeps anything that names a receiver.
//!
//! ```text
//!  index (seq % packets):  | seq, meta, at, lengths | ...
//!  ring:  ... | DD | capture time | payload | DD | capture time | payload | gap, if the next does not fit | ...
//! ```

use crate::rtp::{extension::ExtensionValues, ids::ExtSeq, payload::CodecKind};

/// What of the fixed header belongs to the media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketMeta {
    /// Marker bit.
    pub marker: bool,
    /// RTP timestamp.
    pub timestamp: u32,
    /// What the payload is.
    pub codec: CodecKind,
}

/// The extensions that belong to the media and are therefore the same for every receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredExtensions<'a> {
    /// See [`ExtensionValues::audio_level`].
    pub audio_level: Option<u8>,
    /// See [`ExtensionValues::video_orientation`].
    pub video_orientation: Option<u8>,
    /// See [`ExtensionValues::playout_delay`].
    pub playout_delay: Option<[u8; 3]>,
    /// See [`ExtensionValues::abs_capture_time`].
    pub abs_capture_time: Option<&'a [u8]>,
    /// See [`ExtensionValues::dependency_descriptor`].
    pub dependency_descriptor: Option<&'a [u8]>,
}

impl<'a> From<&ExtensionValues<'a>> for StoredExtensions<'a> {
    fn from(values: &ExtensionValues<'a>) -> Self {
        Self {
            audio_level: values.audio_level,
            video_orientation: values.video_orientation,
            playout_delay: values.playout_delay,
            abs_capture_time: values.abs_capture_time,
            dependency_descriptor: values.dependency_descriptor,
        }
    }
}

/// A packet found in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPacket<'a> {
    /// Header fields.
    pub meta: PacketMeta,
    /// The stored extensions; the others are `None`.
    pub values: ExtensionValues<'a>,
    /// Plaintext payload without padding.
    pub payload: &'a [u8],
}

/// The history of one stream.
pub struct History {
    ring: Box<[u8]>,
    slots: Box<[Option<Slot>]>,
    /// Bytes ever written, gaps included: where the next packet goes, modulo the ring.
    head: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    seq: ExtSeq,
    meta: PacketMeta,
    at: u64,
    descriptor_len: Option<u16>,
    capture_len: Option<u16>,
    payload_len: u16,
    audio_level: Option<u8>,
    video_orientation: Option<u8>,
    playout_delay: Option<[u8; 3]>,
}

impl History {
    /// A history of at most `packets` packets and `bytes` bytes of payload and extensions.
    /// Allocates both at once.
    #[must_use]
    pub fn new(bytes: usize, packets: usize) -> Self {
        Self {
            ring: vec![0; bytes].into_boxed_slice(),
            slots: vec![None; packets].into_boxed_slice(),
            head: 0,
        }
    }

    /// Stores a packet; late ones (recovered by retransmission) too. Hot: one copy, no allocation.
    ///
    /// Nothing happens if it is stored already, is older than the index reaches, or is larger than
    /// the whole ring.
    pub fn push<'a>(
        &mut self,
        seq: ExtSeq,
        meta: PacketMeta,
        extensions: impl Into<StoredExtensions<'a>>,
        payload: &[u8],
    ) {
        let extensions = extensions.into();
        let _ = self.try_push(seq, meta, &extensions, payload);
    }

    fn try_push(
        &mut self,
        seq: ExtSeq,
        meta: PacketMeta,
        extensions: &StoredExtensions<'_>,
        payload: &[u8],
    ) -> Option<()> {
        let place = place(seq, self.slots.len())?;
        if self.slots.get(place)?.is_some_and(|taken| taken.seq >= seq) {
            return None;
        }
        let descriptor = extensions.dependency_descriptor;
        let capture = extensions.abs_capture_time;
        let parts = [descriptor.unwrap_or_default(), capture.unwrap_or_default(), payload];
        let at = self.write(parts)?;
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).ok();
        *self.slots.get_mut(place)? = Some(Slot {
            seq,
            meta,
            at,
            descriptor_len: descriptor.and_then(length),
            capture_len: capture.and_then(length),
            payload_len: length(payload)?,
            audio_level: extensions.audio_level,
            video_orientation: extensions.video_orientation,
            playout_delay: extensions.playout_delay,
        });
        Some(())
    }

    /// Writes the parts one after the other, in one piece of the ring; answers where.
    fn write(&mut self, parts: [&[u8]; 3]) -> Option<u64> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len > self.ring.len().min(usize::from(u16::MAX)) {
            return None;
        }
        let mut offset = self.offset(self.head)?;
        if offset + len > self.ring.len() {
            self.head += (self.ring.len() - offset) as u64;
            offset = 0;
        }
        let at = self.head;
        for part in parts {
            self.ring.get_mut(offset..offset + part.len())?.copy_from_slice(part);
            offset += part.len();
        }
        self.head += len as u64;
        Some(at)
    }

    /// The packet with that sequence number, if it is still there. Hot: O(1).
    #[must_use]
    pub fn get(&self, seq: ExtSeq) -> Option<StoredPacket<'_>> {
        let slot = self.slots.get(place(seq, self.slots.len())?)?.as_ref()?;
        let is_overwritten = self.head - slot.at > self.ring.len() as u64;
        if slot.seq != seq || is_overwritten {
            return None;
        }
        let rest = self.ring.get(self.offset(slot.at)?..)?;
        let (descriptor, rest) = rest.split_at_checked(slot.descriptor_len.unwrap_or(0).into())?;
        let (capture, rest) = rest.split_at_checked(slot.capture_len.unwrap_or(0).into())?;
        Some(StoredPacket {
            meta: slot.meta,
            values: ExtensionValues {
                audio_level: slot.audio_level,
                video_orientation: slot.video_orientation,
                playout_delay: slot.playout_delay,
                abs_capture_time: slot.capture_len.map(|_| capture),
                dependency_descriptor: slot.descriptor_len.map(|_| descriptor),
                ..ExtensionValues::default()
            },
            payload: rest.get(..slot.payload_len.into())?,
        })
    }

    fn offset(&self, at: u64) -> Option<usize> {
        usize::try_from(at.checked_rem(self.ring.len() as u64)?).ok()
    }
}

fn place(seq: ExtSeq, slots: usize) -> Option<usize> {
    usize::try_from(seq.0.checked_rem(slots as u64)?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const META: PacketMeta = PacketMeta { marker: true, timestamp: 90_000, codec: CodecKind::Vp8 };

    #[test]
    fn a_packet_comes_back_with_its_extensions() {
        let mut history = History::new(1000, 8);
        let values = ExtensionValues {
            mid: crate::rtp::ids::Mid::new("0"),
            transport_cc: Some(1),
            abs_send_time: Some(2),
            audio_level: Some(3),
            video_orientation: Some(4),
            playout_delay: Some([5; 3]),
            abs_capture_time: Some(&[6; 16]),
            dependency_descriptor: Some(&[7; 40]),
            ..Default::default()
        };
        history.push(ExtSeq(70_000), META, &values, &[8; 100]);
        let stored = history.get(ExtSeq(70_000)).unwrap();
        assert_eq!((stored.meta, stored.payload), (META, &[8; 100][..]));
        // What belongs to one receiver is not kept.
        let kept = ExtensionValues { mid: None, transport_cc: None, abs_send_time: None, ..values };
        assert_eq!(stored.values, kept);
        assert_eq!(history.get(ExtSeq(70_008)), None);
        assert_eq!(history.get(ExtSeq(69_992)), None);
    }

    #[test]
    fn an_absent_extension_and_an_empty_one_are_told_apart() {
        let mut history = History::new(100, 8);
        let empty = StoredExtensions { dependency_descriptor: Some(&[]), ..Default::default() };
        history.push(ExtSeq(1), META, empty, &[1]);
        history.push(ExtSeq(2), META, StoredExtensions::default(), &[]);
        assert_eq!(history.get(ExtSeq(1)).unwrap().values.dependency_descriptor, Some(&[][..]));
        assert_eq!(history.get(ExtSeq(2)).unwrap().values.dependency_descriptor, None);
    }

    #[test]
    fn a_late_packet_is_stored_but_does_not_displace_a_newer_one() {
        let mut history = History::new(1000, 4);
        for seq in [10, 12] {
            history.push(ExtSeq(seq), META, StoredExtensions::default(), &[seq as u8]);
        }
        history.push(ExtSeq(11), META, StoredExtensions::default(), &[11]);
        history.push(ExtSeq(8), META, StoredExtensions::default(), &[8]);
        history.push(ExtSeq(12), META, StoredExtensions::default(), &[99]);
        assert_eq!(history.get(ExtSeq(11)).unwrap().payload, [11]);
        assert_eq!(history.get(ExtSeq(8)), None);
        assert_eq!(history.get(ExtSeq(12)).unwrap().payload, [12]);
    }

    #[test]
    fn a_history_of_nothing_stores_nothing() {
        for mut history in [History::new(0, 0), History::new(10, 0), History::new(0, 10)] {
            history.push(ExtSeq(1), META, StoredExtensions::default(), &[1]);
            assert_eq!(history.get(ExtSeq(1)), None);
        }
        let mut history = History::new(10, 10);
        history.push(ExtSeq(1), META, StoredExtensions::default(), &[1; 11]);
        assert_eq!(history.get(ExtSeq(1)), None);
    }

    /// Keeps everything with its place, as the module's doc describes it, in other words.
    struct Model {
        bytes: u64,
        packets: u64,
        written: u64,
        stored: BTreeMap<u64, (u64, Vec<u8>)>,
    }

    impl Model {
        fn push(&mut self, seq: u64, payload: &[u8]) {
            let rivals =
                self.stored.range(seq..).any(|(s, _)| s % self.packets == seq % self.packets);
            if rivals || payload.len() as u64 > self.bytes {
                return;
            }
            let room = self.bytes - self.written % self.bytes;
            if payload.len() as u64 > room {
                self.written += room;
            }
            let packets = self.packets;
            self.stored.retain(|s, _| s % packets != seq % packets);
            self.stored.insert(seq, (self.written, payload.to_vec()));
            self.written += payload.len() as u64;
        }

        fn get(&self, seq: u64) -> Option<&[u8]> {
            let (at, payload) = self.stored.get(&seq)?;
            (self.written <= at + self.bytes).then_some(&payload[..])
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn pushes_and_gets_agree_with_a_naive_model(
            bytes in 1..400usize,
            packets in 1..40usize,
            steps in prop::collection::vec(
                (prop_oneof![5 => Just(1i64), 2 => -30..30i64, 1 => -100..100i64], 0..120usize), 1..120
            ),
        ) {
            let mut history = History::new(bytes, packets);
            let mut model = Model {
                bytes: bytes as u64, packets: packets as u64, written: 0, stored: BTreeMap::new(),
            };
            let mut seq = 70_000u64;
            for (number, (step, len)) in steps.into_iter().enumerate() {
                seq = seq.wrapping_add_signed(step);
                let payload = vec![number as u8; len];
                let dd_len = len / 3;
                let extensions = StoredExtensions {
                    dependency_descriptor: (dd_len > 0).then_some(&payload[..dd_len]),
                    ..Default::default()
                };
                history.push(ExtSeq(seq), META, extensions, &payload[dd_len..]);
                model.push(seq, &payload);
                for wanted in seq.saturating_sub(60)..seq + 60 {
                    let found = history.get(ExtSeq(wanted)).map(|packet| {
                        let dd = packet.values.dependency_descriptor.unwrap_or_default();
                        [dd, packet.payload].concat()
                    });
                    prop_assert_eq!(found.as_deref(), model.get(wanted), "{}", wanted);
                }
            }
        }
    }
}
