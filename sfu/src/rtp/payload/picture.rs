//! Codec-neutral numbers of a picture, and how a copy changes them.

use crate::rtp::payload::vp8;

/// Offsets that apply to every packet of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    /// Added to the RTP timestamp.
    pub(crate) timestamp: u32,
    /// Added to the VP8 picture id.
    pub(crate) picture_id: u16,
    /// Added to the VP8 TL0PICIDX.
    pub(crate) tl0_picture_index: u8,
}

/// VP8 numbers as last sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LastPicture {
    pub(crate) picture_id: Option<u16>,
    pub(crate) tl0_picture_index: Option<u8>,
}

/// The numbers of a source packet that subscribers must see continue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SourceNumbers {
    pub(crate) timestamp: u32,
    pub(crate) picture_id: Option<u16>,
    pub(crate) tl0_picture_index: Option<u8>,
}

/// New VP8 numbers for one copy of a packet.
#[derive(Clone, Copy)]
pub(crate) struct Picture<'a> {
    pub(crate) descriptor: &'a vp8::Descriptor,
    pub(crate) picture_id: u16,
    pub(crate) tl0_picture_index: u8,
}

pub(crate) fn source_numbers(
    timestamp: u32,
    descriptor: Option<&vp8::Descriptor>,
) -> SourceNumbers {
    SourceNumbers {
        timestamp,
        picture_id: descriptor.and_then(|one| one.picture_id).map(|id| id.value),
        tl0_picture_index: descriptor.and_then(|one| one.tl0_picture_index),
    }
}

/// The VP8 numbers of one copy; `None` if they stay as they are.
pub(crate) fn picture(
    descriptor: Option<&vp8::Descriptor>,
    offsets: Offsets,
) -> Option<Picture<'_>> {
    let descriptor = descriptor?;
    if offsets.picture_id == 0 && offsets.tl0_picture_index == 0 {
        return None;
    }
    Some(Picture {
        descriptor,
        picture_id: descriptor.picture_id.map_or(0, |id| id.value).wrapping_add(offsets.picture_id)
            & 0x7fff,
        tl0_picture_index: descriptor
            .tl0_picture_index
            .unwrap_or(0)
            .wrapping_add(offsets.tl0_picture_index),
    })
}
