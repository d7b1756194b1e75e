//! Packets to a subscriber: written with its payload types and extension ids, sealed straight into the egress slot.

use std::time::Instant;

use super::{Connection, pacing::Pacer};
use crate::{
    bwe::{Estimator, Turn, probe, sent::SentPackets},
    egress::Egress,
    keys::{FastMap, SubscriptionKey},
    rtp::{
        extension::{ExtensionKind, ExtensionMap, ExtensionValues},
        header::{self, OutHeader},
        ids::{ExtSeq, Mid, Pt, Seq, Ssrc},
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
    /// What has been sent, if the receiver tells of it.
    sent: Option<SentPackets>,
    /// What the line carries.
    pub(crate) estimator: Option<Box<Estimator>>,
    /// Holds pictures back on narrow lines.
    pub(crate) pacer: Pacer,
    /// Bytes that may be sent again in this second.
    pub(crate) repair_bytes: u64,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            extensions: ExtensionMap::new(),
            streams: FastMap::default(),
            transport_seq: 0,
            sent: None,
            estimator: None,
            pacer: Pacer::default(),
            repair_bytes: u64::MAX,
        }
    }
}

impl Outgoing {
    /// Takes the ids of extensions that the receiver understands. Begins to estimate bandwidth.
    pub(crate) fn negotiate(&mut self, extensions: &ExtensionMap, now: Instant) {
        for (id, kind) in extensions.iter() {
            self.extensions.insert(id, kind);
        }
        if self.extensions.id(ExtensionKind::TransportCc).is_some() {
            self.sent.get_or_insert_default();
        }
        self.estimator.get_or_insert_with(|| Box::new(Estimator::new(now)));
    }

    /// Whether the receiver tells of every packet.
    pub(crate) fn is_told_of(&self) -> bool {
        self.sent.is_some()
    }

    /// Takes a transport-wide feedback; `None` if it cannot be read or is about nothing.
    pub(crate) fn on_feedback(&mut self, raw: &[u8], clock: u32, now: Instant) -> Option<Turn> {
        let (sent, estimator) = (self.sent.as_mut()?, self.estimator.as_mut()?);
        estimator.on_feedback(raw, sent, clock, now).ok()
    }

    /// Begins a probe if one is due. Answers whether padding is to be sent.
    pub(crate) fn begin_probe(&mut self, now: Instant) -> bool {
        let Some(estimator) = &mut self.estimator else { return false };
        if let Some(rate) = estimator.probe_bps(now) {
            estimator.prober().begin(rate, self.transport_seq, now);
            return true;
        }
        estimator.is_probing()
    }

    /// Ends a probe that cannot be sent; the next is not tried at once.
    pub(crate) fn give_up_probe(&mut self, now: Instant) {
        if let Some(estimator) = &mut self.estimator {
            estimator.prober().on_decrease(now);
        }
    }

    /// Bytes of padding that a probe needs now.
    fn padding_due(&mut self, now: Instant) -> Option<u64> {
        let (first, due) = self.estimator.as_mut()?.prober().due(now)?;
        let sent = self.sent.as_ref()?.bytes_between(first, self.transport_seq);
        due.checked_sub(sent).filter(|bytes| *bytes > 0)
    }
}

/// A stream that may carry padding: retransmission, which no decoder sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaddingStream {
    pub(crate) ssrc: Ssrc,
    pub(crate) pt: Pt,
    /// Without it a receiver that knows the section's streams by mid takes none of it.
    pub(crate) mid: Mid,
}

/// Bytes of one packet of padding: its length stands in one byte (RFC 3550 §5.1).
const PADDING_BYTES: u8 = 240;

/// On narrow lines: several packets must fit into a short probe.
const PADDING_BYTES_NARROW: u8 = 80;
const NARROW_BPS: u64 = 200_000;

/// Packets of padding at one look: 9 Mbit/s.
const PADDING_PACKETS_MAX: usize = 24;

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
        if let Some(sent) = &mut outgoing.sent {
            sent.note(outgoing.transport_seq, len, abs_send_time);
        }
        outgoing.transport_seq = outgoing.transport_seq.wrapping_add(1);
        egress.commit(tag, path, len);
        Some(len)
    }

    /// Sends the packet that was sent last once more, byte for byte: on a line that loses much the second may come. Its
    /// receiver drops whichever comes later (RFC 3711 §3.3.2); since nothing in it differs, no nonce is used for two packets.
    pub(crate) fn repeat_rtp(&mut self, egress: &mut Egress) {
        if let Some((_, _, tag, path)) = self.sending() {
            egress.repeat(tag, path);
        }
    }

    /// Sends the padding that the probe under way needs by now; `next` gives each packet its number. Answers the bytes.
    pub(crate) fn send_padding(
        &mut self,
        egress: &mut Egress,
        stream: PaddingStream,
        mut next: impl FnMut() -> ExtSeq,
        abs_send_time: u32,
        now: Instant,
    ) -> u64 {
        let estimate = self.outgoing.estimator.as_ref().and_then(|one| one.estimate_bps());
        let is_narrow = estimate.is_some_and(|bps| bps < NARROW_BPS);
        let padding = if is_narrow { PADDING_BYTES_NARROW } else { PADDING_BYTES };
        let mut bytes = 0;
        for _ in 0..PADDING_PACKETS_MAX {
            if self.outgoing.padding_due(now).is_none() {
                break;
            }
            let seq = next();
            let header = OutHeader {
                marker: false,
                pt: stream.pt,
                seq: seq.seq(),
                timestamp: 0,
                ssrc: stream.ssrc,
            };
            let Some(len) =
                self.send_padding_packet(egress, header, stream.mid, (seq, padding), abs_send_time)
            else {
                break;
            };
            bytes += len as u64;
        }
        let seq = self.outgoing.transport_seq;
        if let Some(estimator) = &mut self.outgoing.estimator {
            estimator.prober().on_sent(seq, now);
        }
        bytes
    }

    fn send_padding_packet(
        &mut self,
        egress: &mut Egress,
        header: OutHeader,
        mid: Mid,
        (seq, padding_len): (ExtSeq, u8),
        abs_send_time: u32,
    ) -> Option<usize> {
        let (sender, outgoing, tag, path) = self.sending()?;
        let slot = egress.reserve()?;
        let values = ExtensionValues {
            mid: Some(mid),
            transport_cc: Some(outgoing.transport_seq),
            abs_send_time: Some(abs_send_time),
            ..ExtensionValues::default()
        };
        let header_len = header::write(slot, header, &outgoing.extensions, &values)?;
        header::set_padding(slot);
        let padding = slot.get_mut(header_len..header_len + usize::from(padding_len))?;
        padding.fill(0);
        *padding.last_mut()? = padding_len;
        let len = sender.protect_rtp(slot, header_len, usize::from(padding_len), seq)?;
        if let Some(sent) = &mut outgoing.sent {
            sent.note_padding(outgoing.transport_seq, len, abs_send_time);
        }
        outgoing.transport_seq = outgoing.transport_seq.wrapping_add(1);
        egress.commit(tag, path, len);
        Some(len)
    }
}

/// How often a probe under way wants to be looked after.
pub(crate) const PROBE_TICK: std::time::Duration = probe::TICK;

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
