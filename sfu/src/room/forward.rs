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

use super::{Room, publication::Layer};
use crate::{
    connection::{
        Connection,
        incoming::{PtRole, Route},
    },
    context::Context,
    drop_reason::DropReason,
    keys::ConnectionKey,
    room::copy::Source,
    rtp::{
        extension::ExtensionValues,
        header::{self, RtpHeader},
        history::StoredExtensions,
        ids::{ExtSeq, Pt, Ssrc},
        packet::Arrived,
        payload::{self, CodecKind, red, vp8},
        rtx,
    },
    words::{event::LeaveAction, info::LeaveReason},
};

/// Subscriptions of one publication that are fetched ahead: in larger rooms the loop over them is a stream of its own.
const FETCHED_MAX: usize = 4;

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
        let values =
            ExtensionValues::parse(packet, head.extension, &connection.incoming.extensions);
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
        let is_video = publication.is_video();
        let Some(layer) = publication.layer_mut(route.layer) else { return };
        if !layer.accept(packet.seq) {
            return;
        }
        layer.last_packet = Some(now);
        let (descriptor, is_key_frame) = look(packet, is_video);
        let temporal = descriptor.as_ref().and_then(|one| one.temporal_layer).unwrap_or(0);
        layer.meter.on_packet(temporal, packet.payload.len(), is_key_frame, packet.marker);
        if is_key_frame {
            layer.last_key_frame = Some(packet.seq);
            layer.requests.on_key_frame();
        }
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
        if publication.tap.is_some() {
            publication.record(context, route.layer, packet, is_key_frame, now);
        }
        publication.relay(context, route.layer, packet);
        let red = match packet.codec {
            CodecKind::Red => red::encoding(packet.payload),
            _ => None,
        };
        let source = Source { publication, layer: route.layer, is_key_frame, descriptor, red };
        for key in &source.publication.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(*key) {
                source.send(context, *key, subscription, packet, now);
            }
        }
    }
}

/// What the payload says: VP8's descriptor, and whether a decoder can begin here.
fn look(packet: &Arrived<'_>, is_video: bool) -> (Option<vp8::Descriptor>, bool) {
    match packet.codec {
        CodecKind::Vp8 => {
            let descriptor = vp8::Descriptor::parse(packet.payload);
            let is_key =
                descriptor.as_ref().is_some_and(|one| one.begins_key_frame(packet.payload));
            (descriptor, is_key && is_video)
        }
        codec if is_video => {
            let dependencies = packet.values.dependency_descriptor;
            (None, payload::is_key_frame(codec, packet.payload, dependencies))
        }
        _ => (None, false),
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
