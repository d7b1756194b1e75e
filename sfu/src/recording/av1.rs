//! AV1 out of RTP (RTP Payload Format for AV1, §4), as Matroska holds it: OBUs with their sizes, without temporal
//! delimiters, the sequence header in an `av1C` record too (AV1 in ISOBMFF §2.3.3).

use super::picture::{Config, FRAME_BYTES_MAX, Picture};

/// First OBU continues one of the packet before; last goes on in the next.
const CONTINUES: u8 = 0x80;
const GOES_ON: u8 = 0x40;

const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;

pub(super) fn picture<'a>(
    payloads: impl Iterator<Item = &'a [u8]>,
    is_key: bool,
) -> Option<Picture> {
    let (mut data, mut config) = (Vec::new(), None);
    for obu in obus(payloads)? {
        let (head, body) = split(&obu)?;
        let kind = head.first()? >> 3 & 0x0f;
        if matches!(kind, TEMPORAL_DELIMITER | TILE_LIST | PADDING) {
            continue;
        }
        let start = data.len();
        data.push(head.first()? | HAS_SIZE);
        data.extend(head.get(1..)?);
        write_leb128(&mut data, body.len());
        data.extend_from_slice(body);
        if is_key && kind == SEQUENCE_HEADER {
            config = configuration(body, data.get(start..)?);
        }
    }
    Some(Picture { data, config })
}

/// OBU header (one byte, or two with an extension) without its size, and what follows.
fn split(obu: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (&first, mut rest) = obu.split_first()?;
    let mut head = vec![first & !HAS_SIZE];
    if first & HAS_EXTENSION != 0 {
        let (&extension, after) = rest.split_first()?;
        head.push(extension);
        rest = after;
    }
    if first & HAS_SIZE != 0 {
        let (size, after) = read_leb128(rest)?;
        rest = after.get(..size)?;
    }
    Some((head, rest))
}

/// The OBUs of all packets of a frame.
fn obus<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut is_open = false;
    for payload in payloads {
        let (&head, mut rest) = payload.split_first()?;
        if (head & CONTINUES != 0) != is_open {
            return None;
        }
        // Number of elements if not 0: the last has no length then.
        let count = head >> 4 & 3;
        let mut place = 0_u32;
        while !rest.is_empty() {
            place += 1;
            let element = if count != 0 && place == u32::from(count) {
                std::mem::take(&mut rest)
            } else {
                let (len, after) = read_leb128(rest)?;
                let (element, after) = after.split_at_checked(len)?;
                rest = after;
                element
            };
            match all.last_mut() {
                Some(open) if place == 1 && is_open => open.extend_from_slice(element),
                _ => all.push(element.to_vec()),
            }
            if all.last().is_some_and(|one| one.len() > FRAME_BYTES_MAX) {
                return None;
            }
        }
        is_open = head & GOES_ON != 0;
    }
    (!is_open).then_some(all)
}

/// `av1C`: what our encoders send is 4:2:0 in 8 bits.
fn configuration(header: &[u8], obu: &[u8]) -> Option<Config> {
    let mut bits = Bits::new(header);
    let profile = bits.take(3)?;
    bits.take(1)?;
    let is_reduced = bits.take(1)? == 1;
    let level = if is_reduced {
        bits.take(5)?
    } else if bits.take(1)? == 0 {
        // No timing; initial display delay, operating points less one, the first one's idc.
        bits.take(1 + 5 + 12)?;
        bits.take(5)?
    } else {
        // Behind a timing that real-time encoders do not write: 4.0.
        8
    };
    let profile_and_level = u8::try_from(profile << 5 | level).ok()?;
    let mut private = vec![0x81, profile_and_level, 0b0000_1100, 0];
    private.extend_from_slice(obu);
    Some(Config { size: None, private })
}

fn read_leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (place, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}

fn write_leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        // Seven bits.
        let byte = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

/// Bits, the highest first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// At most 32.
    pub(super) fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obus_over_packets_get_their_sizes_and_delimiters_go() {
        // A temporal delimiter, a sequence header, and a frame that goes on in the next packet.
        let first = [0x40 | 3 << 4, 1, 0x10, 5, 0x08, 0, 0, 0, 0, 0x30, 1, 2];
        let second = [0x80 | 1 << 4, 3, 4];
        let picture = picture([&first[..], &second].into_iter(), true).unwrap();
        assert_eq!(picture.data, [0x0a, 4, 0, 0, 0, 0, 0x32, 4, 1, 2, 3, 4]);
        let private = picture.config.unwrap().private;
        assert_eq!(private, [0x81, 0, 0x0c, 0, 0x0a, 4, 0, 0, 0, 0]);
    }

    #[test]
    fn what_continues_nothing_or_is_cut_makes_no_picture() {
        for payloads in [
            &[&[0x90, 1, 2][..]][..],
            &[&[0x50, 0x30, 1]],
            &[&[0x50, 0x30, 1], &[0x10, 0x30]],
            &[&[0x00, 9, 1]],
            &[&[]],
        ] {
            assert_eq!(picture(payloads.iter().copied(), false), None, "{payloads:?}");
        }
    }

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 2_097_151] {
            let mut out = Vec::new();
            write_leb128(&mut out, value);
            assert_eq!(read_leb128(&out), Some((value, &[][..])));
        }
        assert_eq!(read_leb128(&[0x80, 0x80]), None);
    }
}
