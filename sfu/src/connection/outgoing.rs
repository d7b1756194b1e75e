//! Packets to a subscriber: written with its payload types and extension ids, sealed straight into the egress slot.

use super::Connection;
use crate::{
    egress::Egress,
    keys::{FastMap, SubscriptionKey},
    rtp::{
        extension::{ExtensionMap, ExtensionValues},
        header::{self, OutHeader},
        ids::{ExtSeq, Pt, Seq, Ssrc},
        payload::{picture::Picture, red, vp8},
    },
};

/// Which subscription an outgoing SSRC serves: feedback names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutgoingStream {
    pub(crate) subscription: SubscriptionKey,
    pub(crate) is_rtx: bool,
}

/// What a subscriber negotiated.
pub(crate) struct Outgoing {
    pub(crate) extensions: ExtensionMap,
    pub(crate) streams: FastMap<Ssrc, OutgoingStream>,
    /// Transport-wide sequence number of the next packet.
    transport_seq: u16,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self { extensions: ExtensionMap::new(), streams: FastMap::default(), transport_seq: 0 }
    }
}

/// One packet to be sent.
pub(crate) struct OutPacket<'a> {
    pub(crate) header: OutHeader,
    pub(crate) seq: ExtSeq,
    pub(crate) values: ExtensionValues<'a>,
    pub(crate) payload: &'a [u8],
    /// Original sequence number, when this is a retransmission in RTX format (RFC 4588 §4).
    pub(crate) original: Option<Seq>,
    /// What is to be changed in this copy.
    pub(crate) change: Option<Change<'a>>,
}

/// A change of one copy of a payload.
#[derive(Clone, Copy)]
pub(crate) enum Change<'a> {
    /// New VP8 numbers.
    Picture(Picture<'a>),
    /// Blocks of redundant audio under the receiver's payload type.
    Red(Pt),
}

impl Connection {
    /// Sends one RTP packet; returns its bytes, or `None` when the connection is not open or the batch is full.
    /// Cost: header, one AEAD seal; the payload is copied only if it must be changed.
    pub(crate) fn send_rtp(
        &mut self,
        egress: &mut Egress,
        mut packet: OutPacket<'_>,
        abs_send_time: u32,
    ) -> Option<usize> {
        let (sender, outgoing, tag, path) = self.sending()?;
        let slot = egress.reserve()?;
        packet.values.transport_cc = Some(outgoing.transport_seq);
        packet.values.abs_send_time = Some(abs_send_time);
        let header_len = header::write(slot, packet.header, &outgoing.extensions, &packet.values)?;
        let len = if packet.original.is_none() && packet.change.is_none() {
            sender.protect_rtp_scatter(slot, header_len, packet.payload, packet.seq)?
        } else {
            let payload_len = write_payload(slot.get_mut(header_len..)?, &packet)?;
            sender.protect_rtp(slot, header_len, payload_len, packet.seq)?
        };
        outgoing.transport_seq = outgoing.transport_seq.wrapping_add(1);
        egress.commit(tag, path, len);
        Some(len)
    }
}

fn write_payload(out: &mut [u8], packet: &OutPacket<'_>) -> Option<usize> {
    let prefix = match packet.original {
        Some(original) => {
            out.get_mut(..2)?.copy_from_slice(&original.0.to_be_bytes());
            2
        }
        None => 0,
    };
    let copy = out.get_mut(prefix..prefix + packet.payload.len())?;
    copy.copy_from_slice(packet.payload);
    match packet.change {
        Some(Change::Picture(picture)) => {
            vp8::rewrite(copy, picture.descriptor, picture.picture_id, picture.tl0_picture_index);
        }
        Some(Change::Red(pt)) => red::rename(copy, pt),
        None => {}
    }
    Some(prefix + packet.payload.len())
}
