//! VP9 payload descriptor (RFC 9628 §4.2): enough to see where a key frame begins.

/// The first packet of a frame that is not predicted from earlier ones, in the lowest spatial
/// layer.
///
/// ```text
///  |I|P|L|F|B|E|V|Z|   |M| picture id 7 or 15 |   | TID 3 |U| SID 3 |D|
/// ```
pub(super) fn is_key_frame(payload: &[u8]) -> bool {
    spatial_layer_of_start(payload) == Some(0)
}

/// The spatial layer, if the packet begins a frame without inter-picture prediction.
fn spatial_layer_of_start(payload: &[u8]) -> Option<u8> {
    let (&first, mut rest) = payload.split_first()?;
    if first & INTER_PICTURE != 0 || first & BEGIN == 0 {
        return None;
    }
    if first & PICTURE_ID != 0 {
        let (&id, after) = rest.split_first()?;
        rest = if id & LONG != 0 { after.get(1..)? } else { after };
    }
    if first & LAYERS == 0 {
        return Some(0);
    }
    Some(rest.first()? >> 1 & 0x07)
}

const PICTURE_ID: u8 = 0x80;
const INTER_PICTURE: u8 = 0x40;
const LAYERS: u8 = 0x20;
const BEGIN: u8 = 0x08;
const LONG: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_begins_unpredicted_in_spatial_layer_0() {
        for (payload, expected, why) in [
            (&[0x08][..], true, "bare"),
            (&[0xa8, 0x92, 0x34, 0x01], true, "15-bit id, spatial layer 0 with D set"),
            (&[0xa8, 0x12, 0xf1], true, "7-bit id, any temporal layer"),
            (&[0xa8, 0x92, 0x34, 0x02], false, "spatial layer 1"),
            (&[0x28, 0x0e], false, "spatial layer 7"),
            (&[0xe8, 0x92, 0x34, 0x00], false, "predicted"),
            (&[0xa0, 0x92, 0x34, 0x00], false, "not the beginning"),
            (&[0xa8, 0x92, 0x34], false, "truncated before the layer"),
            (&[0xa8, 0x92], false, "truncated in the id"),
            (&[0x88, 0x80], false, "truncated in the id, no layers"),
            (&[0xa8], false, "truncated before the id"),
            (&[], false, "empty"),
        ] {
            assert_eq!(is_key_frame(payload), expected, "{why}");
        }
    }
}
