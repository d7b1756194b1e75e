//! Numbered media: every payload tells who wrote it and which one it is, and can be written again
//! to compare.

use std::{sync::Arc, time::Duration};

use prost::bytes::Bytes;
use rtc::rtp;
use webrtc::media_stream::track_local::{TrackLocal as _, static_rtp::TrackLocalStaticRTP};

use super::{line::SharedLog, state::Packet};

/// Payload types of the publisher. The server offers others to subscribers, so it must translate.
pub(crate) const OPUS_PT: u8 = 115;
pub(crate) const VP8_PT: u8 = 120;
pub(crate) const VP8_RTX_PT: u8 = 121;

/// Payload types that the server offers VP8 and its retransmissions under.
pub(crate) const OFFERED_VP8_PT: u8 = 96;
pub(crate) const OFFERED_VP8_RTX_PT: u8 = 97;

/// How often a frame is sent.
const FRAME_INTERVAL: Duration = Duration::from_millis(20);

/// Packets of a VP8 frame.
const PACKETS_PER_FRAME: u32 = 2;

/// Close to the end of the number space, so that it is passed during the test.
const FIRST_SEQ: u16 = 65_500;

/// Bytes of the VP8 payload descriptor: X, I L T, 15-bit PictureID, TL0PICIDX, TID (RFC 7741).
const DESCRIPTOR_BYTES: usize = 6;

/// Bytes of a VP8 key frame's header (RFC 6386 §9.1), and of any other frame's.
const KEY_FRAME_HEADER_BYTES: usize = 10;
const FRAME_HEADER_BYTES: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Opus,
    Vp8,
}

impl Kind {
    fn packets_per_frame(self) -> u32 {
        match self {
            Self::Opus => 1,
            Self::Vp8 => PACKETS_PER_FRAME,
        }
    }

    /// Clock ticks from one frame to the next.
    fn step(self) -> u32 {
        match self {
            Self::Opus => 960,
            Self::Vp8 => 1_800,
        }
    }
}

/// Who writes which stream, and under which numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) kind: Kind,
    /// Tells this participant's payloads from others'.
    pub(crate) seed: u8,
    pub(crate) ssrc: u32,
}

/// What a received payload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) number: u32,
    pub(crate) is_key_frame: bool,
}

impl Writer {
    /// One payload. Of a VP8 frame, the first packet has the frame's header.
    fn payload(self, number: u32, is_key_frame: bool) -> Bytes {
        let mut payload = Vec::new();
        match self.kind {
            // TOC: CELT, fullband, 20 ms, mono, one frame (RFC 6716 §3.1).
            Kind::Opus => payload.push(0xf8),
            Kind::Vp8 => {
                let (frame, part) = (number / PACKETS_PER_FRAME, number % PACKETS_PER_FRAME);
                let start_of_partition = if part == 0 { 0x10 } else { 0 };
                let picture_id = (frame as u16 & 0x7fff) | 0x8000;
                payload.extend([0x80 | start_of_partition, 0xe0]);
                payload.extend(picture_id.to_be_bytes());
                payload.extend([frame as u8, 0]);
                if part == 0 {
                    // show_frame, and a first partition of 100 bytes.
                    let tag = (100_u32 << 5) | 0x10 | u32::from(!is_key_frame);
                    payload.extend(&tag.to_le_bytes()[..3]);
                    if is_key_frame {
                        payload.extend([0x9d, 0x01, 0x2a, 64, 0, 48, 0]);
                    }
                }
            }
        }
        payload.push(self.seed);
        payload.extend(number.to_be_bytes());
        payload.extend((0..100 + number % 900).map(|at| (number + at) as u8));
        payload.into()
    }

    /// Reads a payload, which must be byte for byte what this writer wrote.
    pub(crate) fn read(self, payload: &[u8]) -> Heard {
        let heard = self.heard(payload);
        let written = self.payload(heard.number, heard.is_key_frame);
        assert_eq!(payload, written, "{heard:?} was changed");
        heard
    }

    /// Reads a payload of a stream of which frames may have been withheld: a picture's id and the index of its base layer
    /// are numbered anew then (RFC 7741 §4.2), and nothing else.
    fn read_renumbered(self, payload: &[u8]) -> Heard {
        let heard = self.heard(payload);
        let mut written = self.payload(heard.number, heard.is_key_frame).to_vec();
        if self.kind == Kind::Vp8 {
            written[2..5].copy_from_slice(&payload[2..5]);
        }
        assert_eq!(payload, written, "{heard:?} was changed");
        heard
    }

    fn heard(self, payload: &[u8]) -> Heard {
        let (header, is_key_frame) = match self.kind {
            Kind::Opus => (1, false),
            Kind::Vp8 if payload[0] & 0x10 == 0 => (DESCRIPTOR_BYTES, false),
            Kind::Vp8 if payload[DESCRIPTOR_BYTES] & 1 == 0 => {
                (DESCRIPTOR_BYTES + KEY_FRAME_HEADER_BYTES, true)
            }
            Kind::Vp8 => (DESCRIPTOR_BYTES + FRAME_HEADER_BYTES, false),
        };
        let number = payload[header + 1..header + 5].try_into().unwrap();
        Heard { number: u32::from_be_bytes(number), is_key_frame }
    }

    /// A stream without loss: everything from its first packet on, once, in order, unchanged.
    pub(crate) fn check_stream(self, packets: &[Packet]) {
        let first = self.read(&packets[0].payload);
        if self.kind == Kind::Vp8 {
            assert!(first.is_key_frame, "the picture begins with {first:?}");
        }
        let frame = |number: u32| number / self.kind.packets_per_frame();
        for (packet, expected) in packets.iter().zip(first.number..) {
            let heard = self.read(&packet.payload);
            assert_eq!(heard.number, expected, "{self:?}");
            let ahead = expected - first.number;
            assert_eq!(packet.seq, packets[0].seq.wrapping_add(ahead as u16));
            let ticks = (frame(expected) - frame(first.number)) * self.kind.step();
            assert_eq!(packet.timestamp, packets[0].timestamp.wrapping_add(ticks));
            assert_eq!(packet.marker, self.is_marked(expected));
        }
    }

    /// A stream with losses: what came is unchanged and in its place, however late. Frames of a picture may have been
    /// withheld from a line that had fallen silent; its numbers go on without them, and its timestamps with the time.
    pub(crate) fn check_places(self, packets: &[Packet]) {
        let first = self.read_renumbered(&packets[0].payload).number;
        let frame = |number: u32| number / self.kind.packets_per_frame();
        // A pause is bridged by the shard's clock, which is not the writer's: a fifth of a second at most.
        let slack = if self.kind == Kind::Vp8 { 18_000 } else { 0 };
        for packet in packets {
            let number = self.read_renumbered(&packet.payload).number;
            let ahead = number.wrapping_sub(first) as u16;
            let place = packet.seq.wrapping_sub(packets[0].seq);
            match self.kind {
                Kind::Opus => assert_eq!(place, ahead, "{self:?} {number}"),
                Kind::Vp8 => assert!(place <= ahead, "{self:?} {number}: {place} of {ahead}"),
            }
            let ticks = frame(number).wrapping_sub(frame(first)).wrapping_mul(self.kind.step());
            let off =
                packet.timestamp.wrapping_sub(packets[0].timestamp.wrapping_add(ticks)) as i32;
            assert!(off.unsigned_abs() <= slack, "{self:?} {number}: off by {off}");
            assert_eq!(packet.marker, self.is_marked(number));
        }
    }

    /// The last packet of a VP8 frame is marked; of Opus the first after silence, here none.
    fn is_marked(self, number: u32) -> bool {
        self.kind == Kind::Vp8 && number % PACKETS_PER_FRAME == PACKETS_PER_FRAME - 1
    }

    fn packet(self, number: u32, is_key_frame: bool) -> rtp::Packet {
        let frame = number / self.kind.packets_per_frame();
        rtp::Packet {
            header: rtp::header::Header {
                version: 2,
                marker: self.is_marked(number),
                payload_type: if self.kind == Kind::Opus { OPUS_PT } else { VP8_PT },
                sequence_number: FIRST_SEQ.wrapping_add(number as u16),
                timestamp: frame.wrapping_mul(self.kind.step()),
                ssrc: self.ssrc,
                ..Default::default()
            },
            payload: self.payload(number, is_key_frame),
        }
    }

    /// Writes frames until aborted. The first picture is a key frame, and each that was asked for.
    pub(crate) async fn write(self, track: Arc<TrackLocalStaticRTP>, log: SharedLog) {
        let requests =
            || log.borrow().key_frame_requests.get(&self.ssrc).copied().unwrap_or_default();
        let mut answered = None;
        let mut pace = tokio::time::interval(FRAME_INTERVAL);
        let mut number = 0;
        loop {
            pace.tick().await;
            let asked = requests();
            let is_key_frame = self.kind == Kind::Vp8 && answered.replace(asked) != Some(asked);
            for _ in 0..self.kind.packets_per_frame() {
                if track.write_rtp(self.packet(number, is_key_frame)).await.is_err() {
                    return;
                }
                number += 1;
            }
        }
    }
}
