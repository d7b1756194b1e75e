//! Payloads of the packets of one frame, made into the frame that a file holds. Pure; never decodes.
//!
//! Opus (RFC 7587) and RED around it (RFC 2198), VP8 (RFC 7741), VP9 (RFC 9628), H.264 (RFC 6184), AV1 (its RTP
//! specification). What a decoder must know beforehand is read from key frames.

use super::{
    av1,
    feed::Packet,
    h264,
    picture::{Config, FRAME_BYTES_MAX, Picture},
    vp9,
};
use crate::rtp::payload::{CodecKind, red, vp8};

/// Whether there is a place for a codec in our files.
pub(crate) fn is_known(codec: CodecKind) -> bool {
    match codec {
        CodecKind::Opus
        | CodecKind::Red
        | CodecKind::Vp8
        | CodecKind::Vp9
        | CodecKind::H264
        | CodecKind::Av1 => true,
        CodecKind::Pcmu | CodecKind::Pcma => false,
    }
}

/// The Opus of a packet; `None` if there is none (padding, or sound that was switched off).
pub(crate) fn sound(codec: CodecKind, payload: &[u8]) -> Option<&[u8]> {
    let opus = match codec {
        CodecKind::Opus => payload,
        CodecKind::Red => red::primary(payload)?,
        _ => return None,
    };
    (!opus.is_empty()).then_some(opus)
}

/// The picture of all packets of one frame, in order; `None` if they make none.
pub(crate) fn picture(codec: CodecKind, packets: &[Packet], is_key: bool) -> Option<Picture> {
    let payloads = packets.iter().map(|packet| packet.payload.as_slice());
    let mut picture = match codec {
        CodecKind::Vp8 => of_vp8(payloads, is_key),
        CodecKind::Vp9 => vp9::picture(payloads, is_key),
        CodecKind::H264 => h264::picture(payloads, is_key),
        CodecKind::Av1 => av1::picture(payloads, is_key),
        _ => None,
    }?;
    if !is_key {
        picture.config = None;
    }
    (!picture.data.is_empty() && picture.data.len() <= FRAME_BYTES_MAX).then_some(picture)
}

fn of_vp8<'a>(payloads: impl Iterator<Item = &'a [u8]>, is_key: bool) -> Option<Picture> {
    let mut data = Vec::new();
    for (place, payload) in payloads.enumerate() {
        let descriptor = vp8::Descriptor::parse(payload)?;
        let begins = descriptor.start_of_partition && descriptor.partition == 0;
        if begins != (place == 0) {
            return None;
        }
        data.extend_from_slice(payload.get(descriptor.len..)?);
    }
    // RFC 6386 §9.1: frame tag 3, start code 9d 01 2a, then 14 bits each and 2 of scale.
    let size = |at: usize| {
        let bytes = data.get(at..at + 2)?.first_chunk()?;
        Some(u32::from(u16::from_le_bytes(*bytes) & 0x3fff))
    };
    let size = is_key.then(|| size(6).zip(size(8))).flatten();
    let config = is_key.then(|| Config { size, private: Vec::new() });
    Some(Picture { data, config })
}
