//! Retransmission payload format (RFC 4588 §4): the original sequence number, then the original
//! payload.

use crate::rtp::ids::Seq;

/// Bytes of the original sequence number in front of the payload.
pub const OSN_LEN: usize = 2;

/// The original sequence number and payload. `None` when there is no original payload: such packets
/// are padding, sent to probe for bandwidth. The padding that the P bit announces was removed
/// before.
#[must_use]
pub fn unwrap(payload: &[u8]) -> Option<(Seq, &[u8])> {
    let (osn, original) = payload.split_first_chunk::<OSN_LEN>()?;
    (!original.is_empty()).then(|| (Seq(u16::from_be_bytes(*osn)), original))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_follows_its_sequence_number() {
        assert_eq!(unwrap(&[0x12, 0x34, 5, 6]), Some((Seq(0x1234), &[5, 6][..])));
    }

    #[test]
    fn probes_hold_no_original() {
        for len in 0..=2 {
            assert_eq!(unwrap(&[0; 3][..len]), None, "{len}");
        }
    }
}
