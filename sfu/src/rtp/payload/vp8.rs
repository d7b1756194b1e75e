//! VP8 payload descriptor (RFC 7741 §4.2): parsed, and its numbers rewritten in place when layers
//! are switched.

/// A picture id and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureId {
    /// 7 or 15 bits.
    pub value: u16,
    /// Written in two bytes.
    pub is_15_bit: bool,
}

/// A parsed payload descriptor.
///
/// ```text
///  |X|R|N|S|R| PID |   |I|L|T|K| RSV |   |M| PictureID 7 or 15 |   | TL0PICIDX |   |TID|Y| KEYIDX |
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// Bytes of the descriptor; the VP8 payload header follows.
    pub len: usize,
    /// S: the packet begins a partition.
    pub start_of_partition: bool,
    /// PID: index of the partition.
    pub partition: u8,
    /// N: no other frame refers to this one.
    pub is_non_reference: bool,
    /// Picture id.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX: counts frames of the base temporal layer.
    pub tl0_picture_index: Option<u8>,
    /// TID: temporal layer.
    pub temporal_layer: Option<u8>,
    /// Y: the frame depends on the base layer only.
    pub is_layer_sync: bool,
    /// KEYIDX: counts key frames.
    pub key_index: Option<u8>,
    picture_id_at: usize,
    tl0_picture_index_at: usize,
}

impl Descriptor {
    /// Reads the descriptor at the front of a payload; `None` when truncated. O(1).
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut descriptor = Self {
            len: 1,
            start_of_partition: first & 0x10 != 0,
            partition: first & 0x07,
            is_non_reference: first & 0x20 != 0,
            picture_id: None,
            tl0_picture_index: None,
            temporal_layer: None,
            is_layer_sync: false,
            key_index: None,
            picture_id_at: 0,
            tl0_picture_index_at: 0,
        };
        if first & EXTENDED == 0 {
            return Some(descriptor);
        }
        let present = descriptor.take(payload)?;
        if present & PICTURE_ID != 0 {
            descriptor.picture_id_at = descriptor.len;
            let high = descriptor.take(payload)?;
            let is_15_bit = high & LONG != 0;
            let value = if is_15_bit {
                u16::from_be_bytes([high & !LONG, descriptor.take(payload)?])
            } else {
                u16::from(high)
            };
            descriptor.picture_id = Some(PictureId { value, is_15_bit });
        }
        if present & TL0_PICTURE_INDEX != 0 {
            descriptor.tl0_picture_index_at = descriptor.len;
            descriptor.tl0_picture_index = Some(descriptor.take(payload)?);
        }
        if present & (TEMPORAL_LAYER | KEY_INDEX) != 0 {
            let byte = descriptor.take(payload)?;
            if present & TEMPORAL_LAYER != 0 {
                descriptor.temporal_layer = Some(byte >> 6);
                descriptor.is_layer_sync = byte & 0x20 != 0;
            }
            if present & KEY_INDEX != 0 {
                descriptor.key_index = Some(byte & 0x1f);
            }
        }
        Some(descriptor)
    }

    /// Whether the payload, of which this is the descriptor, is the first packet of a key frame: it begins partition 0,
    /// and P in the payload header is clear (RFC 7741 §4.3).
    #[must_use]
    pub fn begins_key_frame(&self, payload: &[u8]) -> bool {
        self.start_of_partition
            && self.partition == 0
            && payload.get(self.len).is_some_and(|byte| byte & INTER_FRAME == 0)
    }

    fn take(&mut self, payload: &[u8]) -> Option<u8> {
        let byte = *payload.get(self.len)?;
        self.len += 1;
        Some(byte)
    }
}

/// Writes other numbers over those that the descriptor has; the length stays. O(1).
///
/// A 7-bit picture id takes the low 7 bits. `d` was parsed from `payload` (or from the packet it is
/// a copy of).
pub fn rewrite(payload: &mut [u8], d: &Descriptor, picture_id: u16, tl0: u8) {
    let [high, low] = picture_id.to_be_bytes();
    let place = payload.get_mut(d.picture_id_at..).unwrap_or_default();
    match (d.picture_id, place) {
        (Some(PictureId { is_15_bit: true, .. }), [first, second, ..]) => {
            *first = LONG | high;
            *second = low;
        }
        (Some(PictureId { is_15_bit: false, .. }), [first, ..]) => *first = low & !LONG,
        _ => {}
    }
    if d.tl0_picture_index.is_some()
        && let Some(place) = payload.get_mut(d.tl0_picture_index_at)
    {
        *place = tl0;
    }
}

/// The first packet of a key frame.
pub(super) fn is_key_frame(payload: &[u8]) -> bool {
    Descriptor::parse(payload).is_some_and(|descriptor| descriptor.begins_key_frame(payload))
}

const EXTENDED: u8 = 0x80;
const PICTURE_ID: u8 = 0x80;
const TL0_PICTURE_INDEX: u8 = 0x40;
const TEMPORAL_LAYER: u8 = 0x20;
const KEY_INDEX: u8 = 0x10;
const LONG: u8 = 0x80;
const INTER_FRAME: u8 = 0x01;

#[cfg(test)]
mod tests {
    use super::*;

    // As Chrome sends it: X S, I L T K, 15-bit picture id 0x1234, TL0PICIDX 7, TID 1 Y KEYIDX 3,
    // payload header.
    const CHROME: [u8; 7] = [0x90, 0xf0, 0x92, 0x34, 7, 0x63, 0x10];

    #[test]
    fn every_field_is_read() {
        let descriptor = Descriptor::parse(&CHROME).unwrap();
        assert_eq!(descriptor.len, 6);
        assert!(descriptor.start_of_partition && !descriptor.is_non_reference);
        assert_eq!(descriptor.partition, 0);
        assert_eq!(descriptor.picture_id, Some(PictureId { value: 0x1234, is_15_bit: true }));
        assert_eq!(descriptor.tl0_picture_index, Some(7));
        assert_eq!(descriptor.temporal_layer, Some(1));
        assert!(descriptor.is_layer_sync);
        assert_eq!(descriptor.key_index, Some(3));
    }

    #[test]
    fn truncation_at_each_byte_is_refused() {
        for len in 0..6 {
            assert_eq!(Descriptor::parse(&CHROME[..len]), None, "{len}");
        }
        assert!(Descriptor::parse(&CHROME[..6]).is_some());
        assert!(!is_key_frame(&CHROME[..6]));
    }

    #[test]
    fn shorter_forms_are_read() {
        assert_eq!(Descriptor::parse(&[0x05]).unwrap().partition, 5);
        let seven_bit = Descriptor::parse(&[0x80, 0x80, 0x7f]).unwrap();
        assert_eq!(seven_bit.picture_id, Some(PictureId { value: 0x7f, is_15_bit: false }));
        assert_eq!(seven_bit.len, 3);
        let key_index_only = Descriptor::parse(&[0x80, 0x10, 0xff]).unwrap();
        assert_eq!(key_index_only.temporal_layer, None);
        assert_eq!(key_index_only.key_index, Some(0x1f));
        let temporal_only = Descriptor::parse(&[0xa0, 0x20, 0x80]).unwrap();
        assert!(temporal_only.is_non_reference);
        assert_eq!(temporal_only.temporal_layer, Some(2));
        assert_eq!(temporal_only.key_index, None);
    }

    #[test]
    fn key_frames_begin_partition_0_with_p_clear() {
        assert!(is_key_frame(&CHROME));
        let mut inter = CHROME;
        inter[6] |= 1;
        assert!(!is_key_frame(&inter));
        let mut later = CHROME;
        later[0] &= !0x10;
        assert!(!is_key_frame(&later));
        let mut other_partition = CHROME;
        other_partition[0] |= 1;
        assert!(!is_key_frame(&other_partition));
    }

    #[test]
    fn numbers_are_rewritten_in_place_and_nothing_else() {
        let descriptor = Descriptor::parse(&CHROME).unwrap();
        let mut payload = CHROME;
        rewrite(&mut payload, &descriptor, 0x7fff, 0xaa);
        assert_eq!(payload, [0x90, 0xf0, 0xff, 0xff, 0xaa, 0x63, 0x10]);
        let expected = Descriptor {
            picture_id: Some(PictureId { value: 0x7fff, is_15_bit: true }),
            tl0_picture_index: Some(0xaa),
            ..descriptor
        };
        assert_eq!(Descriptor::parse(&payload), Some(expected));

        let mut short = [0x80, 0xc0, 0x01, 0x02, 0x55];
        let descriptor = Descriptor::parse(&short).unwrap();
        rewrite(&mut short, &descriptor, 0x1ff, 3);
        assert_eq!(short, [0x80, 0xc0, 0x7f, 3, 0x55]);

        let mut bare = [0x10, 0x00];
        let descriptor = Descriptor::parse(&bare).unwrap();
        rewrite(&mut bare, &descriptor, 9, 9);
        assert_eq!(bare, [0x10, 0x00]);
    }
}
