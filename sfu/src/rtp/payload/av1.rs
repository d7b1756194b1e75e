//! AV1 aggregation header and dependency descriptor (AV1 RTP specification §4.4, appendix A.8):
//! where a coded video sequence begins.

/// Whether the packet is the first of a coded video sequence, by N in the aggregation header, or by
/// a template structure at the start of a frame in the dependency descriptor.
///
/// ```text
///  aggregation |Z|Y| W |N|-|-|-|      descriptor |S|E| template 6 | frame number 16 |structure present|...
/// ```
pub(super) fn is_key_frame(payload: &[u8], dd: Option<&[u8]>) -> bool {
    let starts_sequence =
        payload.first().is_some_and(|first| first & (NEW_SEQUENCE | CONTINUES) == NEW_SEQUENCE);
    starts_sequence || dd.is_some_and(has_structure)
}

fn has_structure(dd: &[u8]) -> bool {
    matches!(dd, [first, _, _, extended, ..]
        if first & START_OF_FRAME != 0 && extended & STRUCTURE_PRESENT != 0)
}

const NEW_SEQUENCE: u8 = 0x08;
const CONTINUES: u8 = 0x80;
const START_OF_FRAME: u8 = 0x80;
const STRUCTURE_PRESENT: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_begins_with_n_or_with_a_structure() {
        for (payload, dd, expected, why) in [
            (&[0x18, 0x0a][..], None, true, "N"),
            (&[0x10, 0x0a], None, false, "no N"),
            (&[0x98, 0x0a], None, false, "N on a continuation is invalid"),
            (&[], None, false, "empty"),
            (&[0x10], Some(&[0x80, 0, 1, 0x80][..]), true, "structure"),
            (&[0x10], Some(&[0xc0, 0, 1]), false, "mandatory fields only"),
            (&[0x10], Some(&[0x80, 0, 1, 0x40]), false, "extended, no structure"),
            (&[0x10], Some(&[0x00, 0, 1, 0x80]), false, "not the start of a frame"),
        ] {
            assert_eq!(is_key_frame(payload, dd), expected, "{why}");
        }
    }
}
