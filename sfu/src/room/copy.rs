//! One packet for one subscriber: what changes in the copy.

use std::time::Instant;

use crate::{
    connection::{
        outgoing::{Change, OutPacket},
        pacing::{PACING_TICK, Waiting},
    },
    context::Context,
    drop_reason::DropReason,
    keys::{LayerIndex, SubscriptionKey},
    room::{
        layer_switch::{self, Decision, Seen},
        publication::Publication,
        subscription::{Binding, PayloadTypes, Stream, Subscription},
    },
    rtp::{
        extension::ExtensionValues,
        header::OutHeader,
        ids::{ExtSeq, Pt},
        packet::Arrived,
        payload::{
            picture::{Offsets, picture, source_numbers},
            red, vp8,
        },
    },
};

/// What all subscribers of one packet share.
pub(super) struct Source<'a> {
    pub(super) publication: &'a Publication,
    pub(super) layer: LayerIndex,
    pub(super) is_key_frame: bool,
    pub(super) descriptor: Option<vp8::Descriptor>,
    /// What the blocks of redundant audio are in.
    pub(super) red: Option<Pt>,
}

impl Source<'_> {
    pub(super) fn send(
        &self,
        context: &mut Context,
        key: SubscriptionKey,
        subscription: &mut Subscription,
        packet: &Arrived<'_>,
        now: Instant,
    ) {
        let Binding::Bound(pts) = subscription.binding else { return };
        let Some((pt, strip_red)) = pts.of(packet.codec, subscription.is_plain_sound) else {
            return;
        };
        if subscription.settings.disabled {
            return;
        }
        let Some(connection) = context.connections.get_mut(subscription.connection) else { return };
        if !connection.is_open() {
            return;
        }
        let Some((seq, offsets)) = self.number(&mut subscription.stream, packet, now) else {
            return;
        };
        if connection.outgoing.pacer.is_on() && self.publication.is_video() {
            let (source, len) = (packet.seq, packet.payload.len());
            let layer = self.layer;
            let waiting = Waiting { subscription: key, layer, source, seq, offsets, len };
            if connection.outgoing.pacer.try_hold(waiting, now) {
                connection.wake_by(now + PACING_TICK, subscription.connection, &mut context.timers);
                let timestamp = packet.timestamp.wrapping_add(offsets.timestamp);
                return self.note_sent(subscription, timestamp, offsets, len, now);
            }
        }
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
                if subscription.is_sound_doubled {
                    connection.repeat_rtp(&mut context.egress);
                    context.counters.sound_repeated += 1;
                }
                self.note_sent(subscription, timestamp, offsets, payload.len(), now);
                debug_assert!(len > payload.len());
            }
            None => context.counters.dropped.count(DropReason::EgressFull),
        }
    }

    /// The packet's number in what the subscriber is sent; `None` if it is not sent.
    fn number(
        &self,
        stream: &mut Stream,
        packet: &Arrived<'_>,
        now: Instant,
    ) -> Option<(ExtSeq, Offsets)> {
        let descriptor = self.descriptor.as_ref();
        let seen = Seen {
            layer: self.layer,
            seq: packet.seq,
            is_key_frame: self.is_key_frame,
            timestamp: packet.timestamp,
            descriptor,
        };
        match layer_switch::decide(self.publication, stream, seen, now) {
            Decision::Forward => {}
            Decision::Skip => {
                let picture = descriptor.and_then(|one| one.picture_id).map(|id| id.value);
                stream.skip(self.layer, packet.seq, picture);
                return None;
            }
            Decision::Drop => return None,
            // The stream stood still, by a mute or on another layer, and this is from before.
            Decision::Begin if stream.rewriter.has_passed(self.layer, packet.seq) => return None,
            Decision::Begin => {
                let numbers = source_numbers(packet.timestamp, descriptor);
                let clock_rate = self.publication.codec.clock_rate();
                stream.begin(self.layer, packet.seq, numbers, clock_rate, now);
            }
        }
        let temporal = descriptor.and_then(|one| one.temporal_layer).unwrap_or(0);
        stream.rewriter.forward(self.layer, packet.seq, temporal)
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

/// The extensions a subscriber gets: those of the source, less what only the publisher's leg needs, plus its mid until it has
/// learnt what the SSRC is.
pub(super) fn values_for<'a>(
    source: ExtensionValues<'a>,
    subscription: &Subscription,
) -> ExtensionValues<'a> {
    let mid = (!subscription.stream.is_learnt).then_some(subscription.mid);
    ExtensionValues { mid, rid: None, repaired_rid: None, ..source }
}

/// The same for a retransmission. It always carries the mid: its stream may be heard for the first time at any moment, and a
/// receiver that has learnt by mid what belongs to a section takes nothing else for it (RFC 9143 §9.2; Firefox).
pub(super) fn values_again<'a>(
    source: ExtensionValues<'a>,
    subscription: &Subscription,
) -> ExtensionValues<'a> {
    ExtensionValues { mid: Some(subscription.mid), rid: None, repaired_rid: None, ..source }
}
