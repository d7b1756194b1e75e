//! Redundant audio (RFC 2198): finding the primary encoding, for subscribers that did not negotiate
//! it, and naming the blocks' encoding as each subscriber knows it.

use crate::rtp::ids::Pt;

/// The primary encoding: the last block. `None` when a length does not fit. O(blocks).
///
/// ```text
///  | 1 | PT 7 | timestamp offset 14 | length 10 |  ...  | 0 | PT 7 | redundant data ... | primary data |
/// ```
#[must_use]
pub fn primary(payload: &[u8]) -> Option<&[u8]> {
    let mut headers = payload;
    let mut redundant_len = 0;
    loop {
        let (&first, rest) = headers.split_first()?;
        if first & MORE == 0 {
            return rest.get(redundant_len..);
        }
        let ([_, length_high, length_low], rest) = rest.split_first_chunk::<3>()?;
        redundant_len += usize::from(u16::from_be_bytes([length_high & 0x03, *length_low]));
        headers = rest;
    }
}

/// Payload type of the primary encoding, and by negotiation of all blocks. `None` when there is no last header. O(blocks).
#[must_use]
pub fn encoding(payload: &[u8]) -> Option<Pt> {
    let mut headers = payload;
    loop {
        let (&first, rest) = headers.split_first()?;
        if first & MORE == 0 {
            return Some(Pt(first));
        }
        headers = rest.get(3..)?;
    }
}

/// Writes a payload type into all block headers: a receiver knows the encoding under its own only. O(blocks).
pub fn rename(payload: &mut [u8], pt: Pt) {
    let mut headers = payload;
    while let Some((first, rest)) = std::mem::take(&mut headers).split_first_mut() {
        let more = *first & MORE;
        *first = more | pt.0 & !MORE;
        if more == 0 {
            return;
        }
        let Some(next) = rest.get_mut(3..) else { return };
        headers = next;
    }
}

/// Another block header follows.
const MORE: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_is_primary() {
        // Two redundant blocks of 2 and 3 bytes; the timestamp offset's low bits must not count as
        // length.
        let payload =
            [0x80 | 111, 0x0f, 0xfc, 2, 0x80 | 111, 0x07, 0x80, 3, 111, 1, 1, 2, 2, 2, 9, 8, 7];
        assert_eq!(primary(&payload), Some(&[9, 8, 7][..]));
        assert_eq!(primary(&[111, 5]), Some(&[5][..]));
        // Discontinuous transmission: an empty primary is well-formed.
        assert_eq!(primary(&payload[..14]), Some(&[][..]));
    }

    #[test]
    fn all_blocks_are_renamed_and_nothing_else_is_touched() {
        let payload = [0x80 | 111, 0x0f, 0xfc, 2, 0x80 | 111, 0x07, 0x80, 3, 111, 1, 1, 2, 2, 2, 9];
        assert_eq!(encoding(&payload), Some(Pt(111)));
        let mut renamed = payload;
        rename(&mut renamed, Pt(109));
        assert_eq!(encoding(&renamed), Some(Pt(109)));
        assert_eq!(renamed[..9], [0x80 | 109, 0x0f, 0xfc, 2, 0x80 | 109, 0x07, 0x80, 3, 109]);
        assert_eq!(renamed[9..], payload[9..]);
        rename(&mut renamed, Pt(111));
        assert_eq!(renamed, payload);
    }

    #[test]
    fn headers_without_an_end_are_no_encoding_and_do_no_harm() {
        for len in 0..9 {
            let mut cut = vec![0x80 | 111; len];
            assert_eq!(encoding(&cut), None, "{len}");
            rename(&mut cut, Pt(1));
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let payload = [0x80 | 111, 0, 0, 2, 111, 1, 1, 9];
        for len in 0..7 {
            assert_eq!(primary(&payload[..len]), None, "{len}");
        }
        assert_eq!(primary(&[0x80, 0, 3, 0xff, 0, 1, 2]), None);
        assert_eq!(primary(&[0xff; 400]), None);
    }

    #[test]
    fn a_block_length_has_ten_bits() {
        let mut payload = vec![0x80, 0, 3, 0xff, 0];
        payload.resize(5 + 1023, 1);
        payload.push(7);
        assert_eq!(primary(&payload), Some(&[7][..]));
    }
}
