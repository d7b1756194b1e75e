//! Synthetic media, honest enough to be checked: every payload says who it is from, which of how many it is and when it
//! was made, and the rest of it follows from that.
//!
//! ```text
//!   audio  | stamp 28 | fill |
//!   red    | headers of RFC 2198 | stamp 28 | fill | stamp 28 | fill |
//!   video  | VP8 descriptor 6 | first packet of a frame: VP8 header 10 | stamp 28 | fill |
//!   stamp  | tag 4 | layer 1 | flags 1 | length 2 | sequence 8 | made at, ns 8 | frame 2 | refers to 1 | temporal 1 |
//! ```
//!
//! A stamp tells which frame it is of and which one that refers to: the truth, against which the numbers of the VP8
//! descriptor, as they arrive, can be held.

use sfu::rtp::payload::vp8;

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 28;

/// Bytes of our VP8 descriptor: X, 15-bit picture id, TL0PICIDX, TID and KEYIDX (RFC 7741 §4.2).
pub const DESCRIPTOR_BYTES: usize = 6;

/// Bytes of the VP8 header of a frame's first packet (RFC 6386 §9.1).
pub const FRAME_HEADER_BYTES: usize = 10;

/// Most bytes of one payload: what libwebrtc packetizes to.
pub const PAYLOAD_BYTES_MAX: usize = 1100;

/// What a payload says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Which publisher's which track.
    pub tag: u32,
    /// Simulcast layer, 0 is the lowest.
    pub layer: u8,
    /// Of a key frame.
    pub is_key: bool,
    /// First packet of its frame.
    pub is_first: bool,
    /// Last packet of its frame.
    pub is_last: bool,
    /// Bytes of stamp and fill.
    pub len: u16,
    /// Counts the packets of this layer from 0.
    pub sequence: u64,
    /// When it was made, nanoseconds since the client's epoch.
    pub made_ns: u64,
    /// Counts the frames of this layer.
    pub frame: u16,
    /// So many frames before it is the one that it refers to; 0 for none.
    pub refers_back: u8,
    /// Temporal layer, 0 is the lowest.
    pub temporal_layer: u8,
}

/// VP8's numbers of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Picture {
    /// 15 bits.
    pub picture_id: u16,
    /// TL0PICIDX.
    pub tl0_picture_index: u8,
    /// KEYIDX, 5 bits.
    pub key_index: u8,
    /// TID.
    pub temporal_layer: u8,
    /// Y: refers to the base layer only.
    pub is_layer_sync: bool,
    /// N: nothing refers to it.
    pub is_non_reference: bool,
}

impl Stamp {
    fn write(&self, out: &mut [u8]) -> usize {
        let len = usize::from(self.len);
        let flags =
            u8::from(self.is_key) | u8::from(self.is_first) << 1 | u8::from(self.is_last) << 2;
        out[..4].copy_from_slice(&self.tag.to_be_bytes());
        out[4] = self.layer;
        out[5] = flags;
        out[6..8].copy_from_slice(&self.len.to_be_bytes());
        out[8..16].copy_from_slice(&self.sequence.to_be_bytes());
        out[16..24].copy_from_slice(&self.made_ns.to_be_bytes());
        out[24..26].copy_from_slice(&self.frame.to_be_bytes());
        (out[26], out[27]) = (self.refers_back, self.temporal_layer);
        let seed = self.fill_seed();
        for (index, byte) in out[STAMP_BYTES..len].iter_mut().enumerate() {
            *byte = seed.wrapping_add(index as u8);
        }
        len
    }

    /// Reads and checks a stamp with its fill; `None` if a single byte is not as it was written.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<STAMP_BYTES>()?;
        let stamp = Self {
            tag: u32::from_be_bytes(*head[..4].first_chunk()?),
            layer: head[4],
            is_key: head[5] & 1 != 0,
            is_first: head[5] & 2 != 0,
            is_last: head[5] & 4 != 0,
            len: u16::from_be_bytes([head[6], head[7]]),
            sequence: u64::from_be_bytes(*head[8..16].first_chunk()?),
            made_ns: u64::from_be_bytes(*head[16..24].first_chunk()?),
            frame: u16::from_be_bytes([head[24], head[25]]),
            refers_back: head[26],
            temporal_layer: head[27],
        };
        let seed = stamp.fill_seed();
        let is_whole = usize::from(stamp.len) == bytes.len()
            && head[5] < 8
            && bytes[STAMP_BYTES..]
                .iter()
                .enumerate()
                .all(|(index, byte)| *byte == seed.wrapping_add(index as u8));
        is_whole.then_some(stamp)
    }

    fn fill_seed(&self) -> u8 {
        (self.sequence as u8) ^ (self.tag as u8) ^ self.layer
    }
}

/// Writes an audio payload; answers its length.
pub fn write_audio(out: &mut [u8], stamp: &Stamp) -> usize {
    stamp.write(out)
}

/// Writes redundant audio (RFC 2198): each block with how much older than the last its timestamp is, oldest first, the
/// last one primary. Answers its length.
pub fn write_red(out: &mut [u8], pt: u8, blocks: &[(u16, Stamp)]) -> usize {
    let Some(((_, primary), redundant)) = blocks.split_last() else { return 0 };
    let mut at = 0;
    for (offset, stamp) in redundant {
        let word = u32::from(*offset) << 10 | u32::from(stamp.len);
        let [_, high, middle, low] = word.to_be_bytes();
        out[at..at + 4].copy_from_slice(&[0x80 | pt, high, middle, low]);
        at += 4;
    }
    out[at] = pt;
    at += 1;
    for (_, stamp) in redundant {
        at += stamp.write(&mut out[at..]);
    }
    at + primary.write(&mut out[at..])
}

/// Reads redundant audio: each block with how much older its timestamp is, oldest first. Empty if a length does not fit.
#[must_use]
pub fn read_red(payload: &[u8]) -> Vec<(u32, &[u8])> {
    let mut headers = Vec::new();
    let mut rest = payload;
    loop {
        let Some((first, after)) = rest.split_first() else { return Vec::new() };
        if first & 0x80 == 0 {
            rest = after;
            break;
        }
        let Some(([a, b, c], after)) = after.split_first_chunk::<3>() else { return Vec::new() };
        let word = u32::from_be_bytes([0, *a, *b, *c]);
        headers.push((word >> 10, (word & 0x3ff) as usize));
        rest = after;
    }
    let mut blocks = Vec::with_capacity(headers.len() + 1);
    for (offset, len) in headers {
        let Some((block, after)) = rest.split_at_checked(len) else { return Vec::new() };
        blocks.push((offset, block));
        rest = after;
    }
    blocks.push((0, rest));
    blocks
}

/// Writes one packet of a VP8 frame; answers its length.
pub fn write_video(out: &mut [u8], stamp: &Stamp, picture: Picture) -> usize {
    let [high, low] = picture.picture_id.to_be_bytes();
    // X, N, and S on the first packet; then I, L, T and K.
    out[0] = 0x80 | u8::from(picture.is_non_reference) << 5 | u8::from(stamp.is_first) << 4;
    out[1] = 0xf0;
    out[2] = 0x80 | high;
    out[3] = low;
    out[4] = picture.tl0_picture_index;
    out[5] = picture.temporal_layer << 6
        | u8::from(picture.is_layer_sync) << 5
        | picture.key_index & 0x1f;
    let mut len = DESCRIPTOR_BYTES;
    if stamp.is_first {
        // P is 0 for key frames; then show_frame, the start code, 640 x 360.
        let header = [u8::from(!stamp.is_key) | 0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1];
        out[len..len + FRAME_HEADER_BYTES].copy_from_slice(&header);
        len += FRAME_HEADER_BYTES;
    }
    len + stamp.write(&mut out[len..])
}

/// Reads a video payload: its stamp, and the VP8 numbers as they arrived.
#[must_use]
pub fn read_video(payload: &[u8]) -> Option<(Stamp, Picture)> {
    let descriptor = vp8::Descriptor::parse(payload)?;
    let rest = payload.get(descriptor.len..)?;
    let rest = if descriptor.start_of_partition { rest.get(FRAME_HEADER_BYTES..)? } else { rest };
    let picture = Picture {
        picture_id: descriptor.picture_id?.value,
        tl0_picture_index: descriptor.tl0_picture_index?,
        key_index: descriptor.key_index?,
        temporal_layer: descriptor.temporal_layer?,
        is_layer_sync: descriptor.is_layer_sync,
        is_non_reference: descriptor.is_non_reference,
    };
    let stamp = Stamp::read(rest)?;
    (stamp.is_first == descriptor.start_of_partition).then_some((stamp, picture))
}

#[cfg(test)]
mod tests {
    use sfu::rtp::payload::CodecKind;

    use super::*;

    const STAMP: Stamp = Stamp {
        tag: 7,
        layer: 2,
        is_key: true,
        is_first: true,
        is_last: false,
        len: 300,
        sequence: 900,
        made_ns: 5,
        frame: 77,
        refers_back: 0,
        temporal_layer: 1,
    };

    #[test]
    fn what_is_written_is_read_back_and_every_changed_byte_is_noticed() {
        let mut out = [0; 400];
        let picture = Picture {
            picture_id: 0x7ffe,
            tl0_picture_index: 9,
            key_index: 3,
            temporal_layer: 2,
            is_layer_sync: true,
            is_non_reference: true,
        };
        let len = write_video(&mut out, &STAMP, picture);
        assert_eq!(read_video(&out[..len]), Some((STAMP, picture)));
        assert!(sfu::rtp::payload::is_key_frame(CodecKind::Vp8, &out[..len], None));
        for at in DESCRIPTOR_BYTES + FRAME_HEADER_BYTES..len {
            let mut changed = out;
            changed[at] ^= 0x40;
            let read = read_video(&changed[..len]);
            assert!(read.is_none_or(|(stamp, _)| stamp != STAMP), "byte {at}");
        }
        assert_eq!(read_video(&out[..len - 1]), None);
    }

    #[test]
    fn redundant_blocks_are_read_back_with_their_age_and_the_server_finds_the_primary() {
        let mut out = [0; 400];
        let older = Stamp { sequence: 899, len: 40, ..STAMP };
        let newest = Stamp { len: 50, ..STAMP };
        let len = write_red(&mut out, 111, &[(960, older), (0, newest)]);
        let blocks = read_red(&out[..len]);
        let stamps: Vec<_> = blocks.iter().map(|(age, one)| (*age, Stamp::read(one))).collect();
        assert_eq!(stamps, [(960, Some(older)), (0, Some(newest))]);
        assert_eq!(sfu::rtp::payload::red::primary(&out[..len]), Some(blocks[1].1));
        assert!(read_red(&out[..5]).is_empty());
    }
}
