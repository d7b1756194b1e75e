//! ChannelData: four bytes before a payload (RFC 8656 §12.4).
//!
//! ```text
//!  | channel number, 0x4000 to 0x7FFF | length of the payload | payload | over streams: padding to 4 bytes |
//! ```

use std::ops::RangeInclusive;

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 4;

/// The numbers that a channel may have where other protocols share the port (RFC 8656 §12).
pub const NUMBERS: RangeInclusive<u16> = 0x4000..=0x4FFF;

/// The numbers that clients before RFC 8656 choose from (RFC 5766 §11), and that a port without other protocols can take.
pub const NUMBERS_RFC_5766: RangeInclusive<u16> = 0x4000..=0x7FFF;

/// Whether the first byte says channel data and not STUN (RFC 5766 §11).
#[must_use]
pub fn is_channel_data(message: &[u8]) -> bool {
    message.first().is_some_and(|first| (64..=127).contains(first))
}

/// Reads one message: its channel and its payload. What follows the payload is padding and is ignored.
#[must_use]
pub fn parse(message: &[u8]) -> Option<(u16, &[u8])> {
    let (header, rest) = message.split_first_chunk::<HEADER_BYTES>()?;
    let [high, low, length_high, length_low] = *header;
    let number = u16::from_be_bytes([high, low]);
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let payload = rest.get(..length)?;
    NUMBERS_RFC_5766.contains(&number).then_some((number, payload))
}

/// The header of a payload; `None` if it is too long for one.
#[must_use]
pub fn header(number: u16, payload_len: usize) -> Option<[u8; HEADER_BYTES]> {
    let [a, b] = number.to_be_bytes();
    let [c, d] = u16::try_from(payload_len).ok()?.to_be_bytes();
    Some([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_padding_is_ignored() {
        let mut message = header(0x4001, 5).unwrap().to_vec();
        message.extend(b"hello\0\0\0");
        assert!(is_channel_data(&message));
        assert_eq!(parse(&message), Some((0x4001, &b"hello"[..])));
        assert_eq!(parse(&message[..9]), Some((0x4001, &b"hello"[..])));
    }

    #[test]
    fn lengths_that_do_not_hold_and_reserved_numbers_are_refused() {
        assert_eq!(parse(&[0x40, 1, 0, 2, 9]), None);
        assert_eq!(parse(&[0x40, 1, 0]), None);
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&[0x80, 1, 0, 0]), None);
        assert_eq!(parse(&[0x3F, 1, 0, 0]), None);
        assert_eq!(header(0x4000, 65_536), None);
    }
}
