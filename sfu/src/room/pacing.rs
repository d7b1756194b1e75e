//! Sends what waited for its turn on narrow lines: found again in the publication's history, sealed when it leaves.

use std::time::Instant;

use super::{Room, subscription::Binding};
use crate::{
    connection::{
        Connection,
        outgoing::{Change, OutPacket},
        pacing::Waiting,
    },
    context::Context,
    keys::ConnectionKey,
    room::copy::values_for,
    rtp::{
        header::OutHeader,
        payload::{CodecKind, picture::picture, vp8},
    },
};

impl Room {
    /// Sends of a connection what is due.
    pub(super) fn release_paced(&self, context: &mut Context, key: ConnectionKey, now: Instant) {
        loop {
            let Some(connection) = context.connections.get_mut(key) else { return };
            let Some(waiting) = connection.outgoing.pacer.pop_due(now) else { return };
            let clock = context.abs_send_time;
            if self.release(connection, &mut context.egress, &waiting, clock).is_some() {
                context.counters.rtp_forwarded += 1;
            }
        }
    }

    /// `None`: its track has ended, or the history has not got it any more.
    fn release(
        &self,
        connection: &mut Connection,
        egress: &mut crate::egress::Egress,
        waiting: &Waiting,
        clock: u32,
    ) -> Option<usize> {
        let subscription = self.subscriptions.get(waiting.subscription)?;
        let Binding::Bound(pts) = subscription.binding else { return None };
        let publication = self.publications.get(subscription.publication)?;
        let history = publication.layer(waiting.layer)?.history.as_ref()?;
        let stored = history.get(waiting.source)?;
        let (pt, _) = pts.of(stored.meta.codec, false)?;
        let descriptor = match stored.meta.codec {
            CodecKind::Vp8 => vp8::Descriptor::parse(stored.payload),
            _ => None,
        };
        let packet = OutPacket {
            header: OutHeader {
                marker: stored.meta.marker,
                pt,
                seq: waiting.seq.seq(),
                timestamp: stored.meta.timestamp.wrapping_add(waiting.offsets.timestamp),
                ssrc: subscription.ssrc,
            },
            seq: waiting.seq,
            values: values_for(stored.values, subscription),
            payload: stored.payload,
            original: None,
            change: picture(descriptor.as_ref(), waiting.offsets).map(Change::Picture),
        };
        connection.send_rtp(egress, packet, clock)
    }
}
