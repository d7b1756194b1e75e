//! The hot path: one accepted packet becomes one packet for each subscriber. Read this first.
//!
//! ```text
//!   plaintext packet ── which layer? ── history, gaps ──┬─ subscription: this layer? ── numbers ── header + seal ─► slot
//!                                                       ├─ subscription ...
//!                                                       └─ subscription ...
//! ```
//!
//! Cost per packet: one hash lookup for the SSRC, one copy into the history. Cost per subscriber: slab lookups, a
//! header, one seal from the shared plaintext. No allocation, lock, clock read or system call.

use std::{hint::black_box, time::Instant};

use super::{
    Room,
    layer_switch::{self, Decision},
    publication::{Layer, Publication},
    rewrite::{LayerIndex, Offsets},
    subscription::{Binding, PayloadTypes, SourceNumbers, Subscription},
};
use crate::{
    connection::{
        Connection, ConnectionKey,
        incoming::{PtRole, Route},
        outgoing::{Change, OutPacket, Picture},
    },
    drop_reason::DropReason,
    rtp::{
        extension::ExtensionValues,
        header::{self, OutHeader, RtpHeader},
        history::{PacketMeta, StoredExtensions},
        ids::{ExtSeq, Pt, Ssrc},
        payload::{self, CodecKind, red, vp8},
        rtx,
    },
    shard::{
        command::{LeaveAction, LeaveReason},
        context::Context,
    },
};

/// Packets of a new subscription that carry the mid, until the receiver has surely learnt the SSRC.
const MID_PACKETS: u32 = 50;

/// Subscriptions of one publication that are fetched ahead: in larger rooms the loop over them is a stream of its own.
const FETCHED_MAX: usize = 4;

/// A packet as its publisher sent it, retransmission undone.
pub(super) struct Arrived<'a> {
    pub(super) seq: ExtSeq,
    pub(super) marker: bool,
    pub(super) timestamp: u32,
    pub(super) codec: CodecKind,
    pub(super) values: ExtensionValues<'a>,
    pub(super) payload: &'a [u8],
}

impl Arrived<'_> {
    pub(super) fn meta(&self) -> PacketMeta {
        PacketMeta { marker: self.marker, timestamp: self.timestamp, codec: self.codec }
    }
}

impl Room {
    /// Handles one SRTP packet of a connection of this room.
    pub(crate) fn on_rtp(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        datagram: &mut [u8],
        now: Instant,
    ) -> Result<(), DropReason> {
        let connection = context.connections.get_mut(key).ok_or(DropReason::UnknownPath)?;
        let received = match connection.receive_rtp(datagram) {
            Err(DropReason::SsrcLimit) => {
                // Fresh keys have room for fresh streams: the client is to join anew.
                let (owner, reason) = (connection.owner, LeaveReason::MediaFailure);
                self.remove(context, owner.participant, reason, LeaveAction::Reconnect, now);
                return Err(DropReason::SsrcLimit);
            }
            received => received?,
        };
        connection.heard = now;
        context.counters.rtp_received += 1;
        let packet = datagram.get(..received.len).ok_or(DropReason::RtpMalformed)?;
        let head = &received.header;
        let values = ExtensionValues::parse(packet, head, &connection.incoming.extensions);
        let mut placed = self.layer_of(connection, head, &values);
        // What is dropped for coming too fast is not told as arrived, so that its sender slows down.
        if let Ok((.., layer)) = &mut placed
            && !layer.allowance.take(received.len)
        {
            return Err(DropReason::TrackCeiling);
        }
        if let Some(seq) = values.transport_cc {
            connection.arrivals.on_packet(seq, now);
            connection.incoming.latest = head.ssrc;
        }
        if let Some(at) = connection.arrivals.poll_timeout() {
            connection.wake_by(at, key, &mut context.timers);
        }
        let (role, route, layer) = placed?;
        let payload = packet.get(head.len..).ok_or(DropReason::RtpMalformed)?;
        let payload =
            header::unpadded(payload, head.has_padding).map_err(|_| DropReason::RtpMalformed)?;
        let (seq, codec, payload) = match role {
            PtRole::Media(codec) => {
                layer.reception.on_packet(received.seq, head.timestamp, now);
                (received.seq, codec, payload)
            }
            PtRole::Rtx(_) => match recovered(layer, payload) {
                Some((seq, payload)) => (seq, publication_codec(role, context, key)?, payload),
                None => return Ok(()),
            },
        };
        let arrived =
            Arrived { seq, marker: head.marker, timestamp: head.timestamp, codec, values, payload };
        self.forward(context, route, Some(key), &arrived, now);
        Ok(())
    }

    /// What a packet is, and the layer that it belongs to.
    fn layer_of(
        &mut self,
        connection: &mut Connection,
        head: &RtpHeader,
        values: &ExtensionValues<'_>,
    ) -> Result<(PtRole, Route, &mut Layer), DropReason> {
        let role = connection.incoming.role(head.pt).ok_or(DropReason::UnknownPayloadType)?;
        let route = match connection.incoming.route(head.ssrc) {
            Some(route) => route,
            None => self.learn_route(connection, head.ssrc, head.pt, role, values)?,
        };
        let publication =
            self.publications.get_mut(route.publication).ok_or(DropReason::UnknownSsrc)?;
        let layer = publication.layer_mut(route.layer).ok_or(DropReason::UnknownSsrc)?;
        Ok((role, route, layer))
    }

    /// Reads what a packet of this layer will need: see `shard/look_ahead.rs`.
    pub(crate) fn fetch(&self, route: Route) {
        let Some(publication) = self.publications.get(route.publication) else { return };
        if let Some(layer) = publication.layer(route.layer) {
            black_box((layer.last_packet, layer.nack.poll_timeout(), layer.reception.highest()));
        }
        for key in publication.subscribers.iter().take(FETCHED_MAX) {
            black_box(self.subscriptions.get(*key).map(|one| (one.binding, one.stream.packets)));
        }
    }

    /// The first few connections that a packet of this layer may go to.
    pub(crate) fn receivers(&self, route: Route) -> impl Iterator<Item = ConnectionKey> {
        let publication = self.publications.get(route.publication);
        publication
            .into_iter()
            .flat_map(|publication| publication.subscribers.iter().take(FETCHED_MAX))
            .filter_map(|key| self.subscriptions.get(*key))
            .map(|subscription| subscription.connection)
    }

    /// The first packet of an SSRC: finds its publication and layer, and remembers.
    fn learn_route(
        &mut self,
        connection: &mut Connection,
        ssrc: Ssrc,
        pt: Pt,
        role: PtRole,
        values: &ExtensionValues<'_>,
    ) -> Result<Route, DropReason> {
        let stream =
            connection.incoming.identify(ssrc, pt, values).ok_or(DropReason::UnknownSsrc)?;
        let publication =
            self.publications.get_mut(stream.publication).ok_or(DropReason::UnknownSsrc)?;
        let (layer, before) = match role {
            PtRole::Media(_) => publication.layer_for(stream.rid, ssrc),
            PtRole::Rtx(_) => publication.layer_of_rid(stream.rid).map(|layer| (layer, None)),
        }
        .ok_or(DropReason::UnknownSsrc)?;
        if before.is_some() {
            for key in &publication.subscribers {
                if let Some(subscription) = self.subscriptions.get_mut(*key) {
                    subscription.stream.restart(layer);
                }
            }
        }
        let route = Route { publication: stream.publication, layer };
        if let Some(before) = before {
            // The SSRC it had before must not speak for it any more.
            connection.incoming.forget(before);
        }
        connection.incoming.learn(ssrc, route)?;
        Ok(route)
    }

    /// Sends a packet to all who subscribe to its publication, here and at edges. `from` is its publisher's connection;
    /// none if the home has relayed it.
    pub(super) fn forward(
        &mut self,
        context: &mut Context,
        route: Route,
        from: Option<ConnectionKey>,
        packet: &Arrived<'_>,
        now: Instant,
    ) {
        let Some(publication) = self.publications.get_mut(route.publication) else { return };
        let Some(layer) = publication.layer_mut(route.layer) else { return };
        if !layer.accept(packet.seq) {
            return;
        }
        layer.last_packet = Some(now);
        if let Some(from) = from {
            layer.nack.on_packet(packet.seq, now);
            if let Some(at) = layer.nack.poll_timeout() {
                context.wake_connection(from, at);
            }
        }
        if let Some(history) = &mut layer.history {
            history.push(
                packet.seq,
                packet.meta(),
                StoredExtensions::from(&packet.values),
                packet.payload,
            );
        }
        if publication.info.muted {
            context.drop_count(DropReason::NotPublished);
            return;
        }
        // Who speaks is judged at home.
        if let (Some(_), Some(level), Some(publisher)) =
            (from, packet.values.audio_level, self.participants.get_mut(publication.publisher))
        {
            publisher.audio_level.on_packet(level);
        }
        publication.relay(context, route.layer, packet);
        let is_key_frame = publication.is_video()
            && payload::is_key_frame(
                packet.codec,
                packet.payload,
                packet.values.dependency_descriptor,
            );
        if is_key_frame && let Some(layer) = publication.layer_mut(route.layer) {
            layer.requests.on_key_frame();
        }
        let descriptor = match packet.codec {
            CodecKind::Vp8 => vp8::Descriptor::parse(packet.payload),
            _ => None,
        };
        let red = match packet.codec {
            CodecKind::Red => red::encoding(packet.payload),
            _ => None,
        };
        let source = Source { publication, layer: route.layer, is_key_frame, descriptor, red };
        for key in &source.publication.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(*key) {
                source.send(context, subscription, packet, now);
            }
        }
    }
}

/// Undoes a retransmission (RFC 4588 §4); `None` for padding.
fn recovered<'a>(layer: &mut Layer, payload: &'a [u8]) -> Option<(ExtSeq, &'a [u8])> {
    let (original, payload) = rtx::unwrap(payload)?;
    let seq = Layer::extend(original, layer.reception.highest()?)?;
    Some((seq, payload))
}

fn publication_codec(
    role: PtRole,
    context: &Context,
    key: ConnectionKey,
) -> Result<CodecKind, DropReason> {
    let PtRole::Rtx(original) = role else { return Err(DropReason::UnknownPayloadType) };
    match context.connections.get(key).and_then(|connection| connection.incoming.role(original)) {
        Some(PtRole::Media(codec)) => Ok(codec),
        _ => Err(DropReason::UnknownPayloadType),
    }
}

/// What all subscribers of one packet share.
struct Source<'a> {
    publication: &'a Publication,
    layer: LayerIndex,
    is_key_frame: bool,
    descriptor: Option<vp8::Descriptor>,
    /// What the blocks of redundant audio are in.
    red: Option<Pt>,
}

impl Source<'_> {
    fn send(
        &self,
        context: &mut Context,
        subscription: &mut Subscription,
        packet: &Arrived<'_>,
        now: Instant,
    ) {
        let Binding::Bound(pts) = subscription.binding else { return };
        let Some((pt, strip_red)) = pts.of(packet.codec) else { return };
        if subscription.settings.disabled {
            return;
        }
        let Some(connection) = context.connections.get_mut(subscription.connection) else { return };
        if !connection.is_open() {
            return;
        }
        match layer_switch::decide(
            self.publication,
            &subscription.stream,
            self.layer,
            self.is_key_frame,
            now,
        ) {
            Decision::Forward => {}
            Decision::Drop => return,
            // The stream stood still, by a mute or on another layer, and this is from before.
            Decision::Begin if subscription.stream.rewriter.has_passed(self.layer, packet.seq) => {
                return;
            }
            Decision::Begin => {
                let numbers = source_numbers(packet.timestamp, self.descriptor.as_ref());
                let clock_rate = self.publication.codec.clock_rate();
                subscription.stream.begin(self.layer, packet.seq, numbers, clock_rate, now);
            }
        }
        let Some((seq, offsets)) = subscription.stream.rewriter.forward(self.layer, packet.seq)
        else {
            return;
        };
        let payload = if strip_red {
            red::primary(packet.payload).unwrap_or_default()
        } else {
            packet.payload
        };
        let out = OutPacket {
            header: OutHeader {
                marker: packet.marker,
                pt,
                seq: seq.seq(),
                timestamp: packet.timestamp.wrapping_add(offsets.timestamp),
                ssrc: subscription.ssrc,
            },
            seq,
            values: values_for(packet.values, subscription),
            payload,
            original: None,
            change: self.change(pts, strip_red, offsets),
        };
        let timestamp = out.header.timestamp;
        match connection.send_rtp(&mut context.egress, out, context.abs_send_time) {
            Some(len) => {
                context.counters.rtp_forwarded += 1;
                self.note_sent(subscription, timestamp, offsets, payload.len(), now);
                debug_assert!(len > payload.len());
            }
            None => context.counters.dropped.count(DropReason::EgressFull),
        }
    }

    fn change(&self, pts: PayloadTypes, strip_red: bool, offsets: Offsets) -> Option<Change<'_>> {
        match (self.red, pts.media) {
            (Some(theirs), Some(ours)) if !strip_red && theirs != ours => Some(Change::Red(ours)),
            _ => picture(self.descriptor.as_ref(), offsets).map(Change::Picture),
        }
    }

    fn note_sent(
        &self,
        subscription: &mut Subscription,
        timestamp: u32,
        offsets: Offsets,
        payload_len: usize,
        now: Instant,
    ) {
        let stream = &mut subscription.stream;
        stream.packets = stream.packets.wrapping_add(1);
        stream.bytes += payload_len as u64;
        // Half the number space ahead is "newer" (RFC 1982).
        let newer = stream.last.is_none_or(|(last, _)| timestamp.wrapping_sub(last) < 0x8000_0000);
        if newer {
            stream.last = Some((timestamp, now));
            if let Some(descriptor) = &self.descriptor {
                let numbers = source_numbers(timestamp, Some(descriptor));
                stream.last_picture.picture_id =
                    numbers.picture_id.map(|id| id.wrapping_add(offsets.picture_id) & 0x7fff);
                stream.last_picture.tl0_picture_index = numbers
                    .tl0_picture_index
                    .map(|index| index.wrapping_add(offsets.tl0_picture_index));
            }
        }
    }
}

/// The extensions a subscriber gets: those of the source, less what only the publisher's leg needs, plus its mid.
pub(super) fn values_for<'a>(
    source: ExtensionValues<'a>,
    subscription: &Subscription,
) -> ExtensionValues<'a> {
    let mid = (subscription.stream.packets < MID_PACKETS).then_some(subscription.mid);
    ExtensionValues { mid, rid: None, repaired_rid: None, ..source }
}

pub(super) fn source_numbers(
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
pub(super) fn picture(
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
