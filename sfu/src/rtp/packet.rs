//! A packet as its publisher sent it.

use crate::rtp::{
    extension::ExtensionValues, history::PacketMeta, ids::ExtSeq, payload::CodecKind,
};

/// A packet as its publisher sent it, retransmission undone.
pub(crate) struct Arrived<'a> {
    pub(crate) seq: ExtSeq,
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) codec: CodecKind,
    pub(crate) values: ExtensionValues<'a>,
    pub(crate) payload: &'a [u8],
}

impl Arrived<'_> {
    pub(crate) fn meta(&self) -> PacketMeta {
        PacketMeta { marker: self.marker, timestamp: self.timestamp, codec: self.codec }
    }
}
