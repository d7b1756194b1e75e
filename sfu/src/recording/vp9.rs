//! VP9 out of RTP (RFC 9628): layer frames of one picture, as a superframe (VP9 specification, annex B).

use super::{
    av1,
    picture::{Config, Picture},
};

const PICTURE_ID: u8 = 0x80;
const INTER_PICTURE: u8 = 0x40;
const LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGIN: u8 = 0x08;
const SCALABILITY: u8 = 0x02;

/// Most spatial layers of one picture.
const LAYERS_MAX: usize = 8;

pub(super) fn picture<'a>(
    payloads: impl Iterator<Item = &'a [u8]>,
    is_key: bool,
) -> Option<Picture> {
    let mut data: Vec<u8> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    for (place, payload) in payloads.enumerate() {
        let begins = payload.first()? & BEGIN != 0;
        if place == 0 && !begins {
            return None;
        }
        if begins && place > 0 {
            ends.push(data.len());
        }
        data.extend_from_slice(payload.get(descriptor_len(payload)?..)?);
    }
    ends.push(data.len());
    let config = is_key.then(|| Config { size: size(&data), private: Vec::new() });
    if ends.len() > 1 {
        data.extend(superframe_index(&ends)?);
    }
    Some(Picture { data, config })
}

/// Length of the payload descriptor (RFC 9628 §4.2).
fn descriptor_len(payload: &[u8]) -> Option<usize> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & PICTURE_ID != 0 {
        at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    if first & LAYERS != 0 {
        at += if first & FLEXIBLE != 0 { 1 } else { 2 };
    }
    if first & FLEXIBLE != 0 && first & INTER_PICTURE != 0 {
        // Up to three references, each but the last with N set.
        for _ in 0..3 {
            let more = payload.get(at)? & 1 != 0;
            at += 1;
            if !more {
                break;
            }
        }
    }
    if first & SCALABILITY != 0 {
        at = scalability_end(payload, at)?;
    }
    (at <= payload.len()).then_some(at)
}

/// | N_S 3 |Y|G| 0 0 0 |, sizes of the layers if Y, the pictures of a group if G.
fn scalability_end(payload: &[u8], at: usize) -> Option<usize> {
    let head = *payload.get(at)?;
    let mut at = at + 1;
    if head & 0x10 != 0 {
        at += 4 * (usize::from(head >> 5) + 1);
    }
    if head & 0x08 != 0 {
        let pictures = *payload.get(at)?;
        at += 1;
        for _ in 0..pictures {
            at += 1 + usize::from(payload.get(at)? >> 2 & 3);
        }
    }
    Some(at)
}

/// Annex B: the lengths of the frames between two equal marker bytes.
fn superframe_index(ends: &[usize]) -> Option<Vec<u8>> {
    if ends.len() > LAYERS_MAX {
        return None;
    }
    let frames = u8::try_from(ends.len() - 1).ok()?;
    let marker = 0b1100_0000 | 3 << 3 | frames;
    let mut index = vec![marker];
    let mut before = 0;
    for end in ends {
        index.extend(u32::try_from(end - before).ok()?.to_le_bytes());
        before = *end;
    }
    index.push(marker);
    Some(index)
}

/// Width and height of a key frame's uncompressed header (VP9 specification, 6.2), of profiles 0 and 2.
fn size(frame: &[u8]) -> Option<(u32, u32)> {
    let mut bits = av1::Bits::new(frame);
    if bits.take(2)? != 2 {
        return None;
    }
    let profile = bits.take(1)? | bits.take(1)? << 1;
    if profile == 1 || profile == 3 || bits.take(1)? != 0 {
        return None;
    }
    // A key frame, shown or not, and whether errors are resilient.
    if bits.take(1)? != 0 {
        return None;
    }
    bits.take(2)?;
    if bits.take(24)? != 0x49_8342 {
        return None;
    }
    if profile == 2 {
        bits.take(1)?;
    }
    // The color range is not said of sRGB.
    if bits.take(3)? != 7 {
        bits.take(1)?;
    }
    Some((bits.take(16)? + 1, bits.take(16)? + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_as_long_as_their_flags_say() {
        for (payload, len, why) in [
            (&[0x08, 9][..], Some(1), "bare"),
            (&[0x88, 0x12, 9], Some(2), "7-bit id"),
            (&[0x88, 0x92, 0x34, 9], Some(3), "15-bit id"),
            (&[0xa8, 0x92, 0x34, 0, 7, 9], Some(5), "layers with TL0PICIDX"),
            (&[0xb8, 0x92, 0x34, 0, 9], Some(4), "layers in flexible mode"),
            (&[0xf8, 0x12, 0, 0x03, 0x02, 9], Some(5), "two references"),
            (
                &[0x0a, 0x18, 1, 64, 0, 48, 1, 0x04, 1, 9],
                Some(9),
                "one size, one picture with a reference",
            ),
            (&[0x0a, 0x18, 1, 64], None, "cut"),
            (&[], None, "empty"),
        ] {
            assert_eq!(descriptor_len(payload), len, "{why}");
        }
    }

    #[test]
    fn layers_become_a_superframe_and_one_alone_stays_as_it_is() {
        let one = [&[0x08, 1, 2][..], &[0x00, 3]];
        let alone = picture(one.into_iter(), false).unwrap();
        assert_eq!(alone.data, [1, 2, 3]);
        let two = [&[0x08, 1, 2][..], &[0x00, 3], &[0x08, 4, 5]];
        let both = picture(two.into_iter(), false).unwrap();
        let marker = 0xd9;
        assert_eq!(both.data, [1, 2, 3, 4, 5, marker, 3, 0, 0, 0, 2, 0, 0, 0, marker]);
        assert_eq!(picture([&[0x00, 1][..]].into_iter(), false), None);
    }

    #[test]
    fn a_key_frame_says_its_size() {
        // Marker, profile 0, a key frame that is shown; sync code; color space and range; 640-1, 480-1.
        let bits = [
            "10000010",
            "010010011000001101000010",
            "0010",
            "0000001001111111",
            "0000000111011111",
        ]
        .concat();
        let bytes: Vec<u8> = bits
            .as_bytes()
            .chunks(8)
            .map(|chunk| {
                chunk.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0')) << (8 - chunk.len())
            })
            .collect();
        assert_eq!(size(&bytes), Some((640, 480)));
        for len in 0..9 {
            assert_eq!(size(&bytes[..len]), None);
        }
    }
}
