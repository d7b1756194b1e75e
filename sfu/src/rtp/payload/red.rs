//! Redundant audio (RFC 2198): finding the primary encoding, for subscribers that did not negotiate
//! it.

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
