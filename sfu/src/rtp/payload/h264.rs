//! H.264 packetization (RFC 6184 §5): enough to see where a key frame begins.

/// Whether the packet begins an IDR slice or holds a sequence parameter set, alone, aggregated or
/// fragmented.
///
/// NAL unit headers stay clear under end-to-end encryption.
pub(super) fn is_key_frame(payload: &[u8]) -> bool {
    let Some((&first, rest)) = payload.split_first() else { return false };
    match first & TYPE {
        STAP_A => aggregated(rest).any(begins_key_frame),
        FU_A => rest.first().is_some_and(|fu| fu & START != 0 && begins_key_frame(*fu)),
        _ => begins_key_frame(first),
    }
}

/// The headers of the NAL units in an aggregation packet (RFC 6184 §5.7.1); a wrong length ends it.
fn aggregated(mut units: &[u8]) -> impl Iterator<Item = u8> + '_ {
    std::iter::from_fn(move || {
        let (size, rest) = units.split_first_chunk::<2>()?;
        let (unit, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*size)))?;
        units = rest;
        unit.first().copied()
    })
}

fn begins_key_frame(nal_header: u8) -> bool {
    matches!(nal_header & TYPE, IDR_SLICE | SEQUENCE_PARAMETERS)
}

const TYPE: u8 = 0x1f;
const IDR_SLICE: u8 = 5;
const SEQUENCE_PARAMETERS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const START: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_seen_alone_aggregated_and_fragmented() {
        for (payload, expected, why) in [
            (&[0x67, 0x42][..], true, "SPS"),
            (&[0x65, 0x88], true, "IDR slice"),
            (&[0x68, 0xce], false, "PPS"),
            (&[0x41, 0x9a], false, "slice"),
            (&[0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce], true, "STAP-A of SPS and PPS"),
            (&[0x78, 0, 1, 0x06, 0, 2, 0x65, 0x88], true, "STAP-A of SEI and IDR"),
            (&[0x78, 0, 2, 0x41, 0x9a], false, "STAP-A of a slice"),
            (&[0x78, 0, 9, 0x67], false, "STAP-A whose unit is truncated"),
            (&[0x78, 0, 1, 0x06, 0], false, "STAP-A whose length is truncated"),
            (&[0x78, 0, 0, 0, 1, 0x67], false, "STAP-A with an empty unit"),
            (&[0x78], false, "empty STAP-A"),
            (&[0x7c, 0x85, 1], true, "FU-A start of an IDR slice"),
            (&[0x7c, 0x05, 1], false, "FU-A middle of an IDR slice"),
            (&[0x7c, 0x45, 1], false, "FU-A end of an IDR slice"),
            (&[0x7c, 0x81, 1], false, "FU-A start of a slice"),
            (&[0x7c], false, "truncated FU-A"),
            (&[], false, "empty"),
        ] {
            assert_eq!(is_key_frame(payload), expected, "{why}");
        }
    }
}
