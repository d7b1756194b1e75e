//! RTCP both ways: what subscribers ask for, what publishers are asked for, and the reports (RFC 3550 §6, RFC 4585).
//!
//! Feedback counts only for streams that its sender receives; anything else is dropped and counted.

use std::time::{Duration, Instant};

use super::{
    Room, layer_switch,
    publication::{Origin, SenderReport},
    subscription::Binding,
};
use crate::{
    connection::{
        Connection, REPORT_INTERVAL,
        outgoing::{Change, OutPacket},
        pacing::PACING_TICK,
    },
    context::Context,
    drop_reason::DropReason,
    keys::{ConnectionKey, LayerIndex, PublicationKey, SubscriptionKey},
    room::copy::values_again,
    rtp::{
        header::OutHeader,
        ids::{ExtSeq, Seq, Ssrc},
        payload::{CodecKind, picture::picture, red, vp8},
        rewrite::Epoch,
        rtcp::{self, ReportBlock, ReportBlocks, RtcpPacket},
    },
    words::event::{Message, Outcome},
};

/// Round trip assumed when pacing retransmission requests: an ICE-lite agent sends no checks to measure one with.
const RTT_ASSUMED: Duration = Duration::from_millis(100);

/// Most sequence numbers asked for in one packet: what 1,200 bytes hold comfortably.
const NACKS_PER_PACKET_MAX: usize = 256;

/// Most retransmissions answered for one RTCP packet; the rest is asked again.
const RETRANSMISSIONS_PER_PACKET_MAX: usize = 64;

/// Most transport-wide feedbacks read of one datagram: each may tell of two thousand packets in 24 bytes, and receivers send
/// one, about a tenth of a second.
const FEEDBACKS_PER_PACKET_MAX: usize = 2;

/// How often a publisher is told that it sends too much: its application shows it, its encoder learns it every second.
const CEILING_TOLD_INTERVAL: Duration = Duration::from_secs(10);

/// Most report blocks in one report (RFC 3550 §6.4.1: a 5-bit count).
const REPORT_BLOCKS_MAX: usize = 31;

impl Room {
    /// Handles one SRTCP packet of a connection of this room.
    pub(crate) fn on_rtcp(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        datagram: &mut [u8],
        now: Instant,
    ) -> Result<(), DropReason> {
        let connection = context.connections.get_mut(key).ok_or(DropReason::UnknownPath)?;
        let len = connection.receive_rtcp(datagram)?;
        connection.heard = now;
        let compound = datagram.get(..len).ok_or(DropReason::RtcpMalformed)?;
        let mut retransmissions = RETRANSMISSIONS_PER_PACKET_MAX;
        let mut feedbacks = FEEDBACKS_PER_PACKET_MAX;
        let mut remb = None;
        for packet in rtcp::packets(compound) {
            match packet.map_err(|_| DropReason::RtcpMalformed)? {
                RtcpPacket::SenderReport { sender, ntp, rtp_timestamp, reports, .. } => {
                    self.on_sender_report(context, key, sender, ntp, rtp_timestamp, now);
                    self.on_reports(context, key, reports);
                }
                RtcpPacket::ReceiverReport { reports, .. } => {
                    self.on_reports(context, key, reports);
                }
                RtcpPacket::Nack { media, pairs, .. } => {
                    let Some((subscription, _)) = subscription_of(context, key, media) else {
                        continue;
                    };
                    for seq in pairs.take(retransmissions) {
                        retransmissions -= 1;
                        context.counters.nacks_received += 1;
                        self.retransmit(context, subscription, seq, now);
                    }
                }
                RtcpPacket::Pli { media, .. } => self.on_picture_lost(context, key, media, now),
                RtcpPacket::Fir { entries, .. } => {
                    for entry in entries {
                        self.on_picture_lost(context, key, entry.ssrc, now);
                    }
                }
                RtcpPacket::TransportCc { raw, .. } if feedbacks > 0 => {
                    feedbacks -= 1;
                    self.on_transport_feedback(context, key, raw, now);
                }
                RtcpPacket::TransportCc { .. } => context.drop_count(DropReason::FeedbackExcess),
                RtcpPacket::Remb { bitrate_bps, .. } => remb = Some(bitrate_bps),
                RtcpPacket::Bye { .. }
                | RtcpPacket::SourceDescription
                | RtcpPacket::Other { .. } => {}
            }
        }
        // The last word of a receiver is its opinion; each would have everything given out anew.
        if let Some(bps) = remb {
            self.on_remb(context, key, bps, now);
        }
        Ok(())
    }

    /// Who reports on a stream has learnt what it is.
    fn on_reports(&mut self, context: &Context, key: ConnectionKey, reports: ReportBlocks<'_>) {
        let Some(connection) = context.connections.get(key) else { return };
        for block in reports {
            if let Some(stream) = connection.outgoing.streams.get(&block.ssrc)
                && !stream.is_rtx
                && let Some(subscription) = self.subscriptions.get_mut(stream.subscription)
            {
                subscription.stream.is_learnt = true;
            }
        }
    }

    fn on_sender_report(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        sender: Ssrc,
        ntp: u64,
        rtp_timestamp: u32,
        now: Instant,
    ) {
        let route =
            context.connections.get(key).and_then(|connection| connection.incoming.route(sender));
        let Some(route) = route else { return };
        let Some(publication) = self.publications.get_mut(route.publication) else { return };
        let layer = publication.layer_mut(route.layer);
        // RTX streams report too; their clock is their media's.
        if let Some(layer) = layer.filter(|layer| layer.ssrc == sender) {
            let report = SenderReport { ntp, rtp_timestamp, received: now };
            layer.reception.on_sender_report(ntp, now);
            layer.sender_report = Some(report);
            if let Some(tap) = &publication.tap {
                tap.report(route.layer, ntp, rtp_timestamp, now);
            }
            publication.relay_report(context, route.layer, report);
        }
    }

    fn on_picture_lost(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        media: Ssrc,
        now: Instant,
    ) {
        let Some((subscription, false)) = subscription_of(context, key, media) else { return };
        context.counters.key_frame_requests_received += 1;
        if let Some(one) = self.subscriptions.get(subscription) {
            let layer = one.stream.layer().or(Some(one.stream.goal.layer));
            self.request_key_frame(context, one.publication, layer, now);
        }
    }

    /// Sends one packet again, from the publication's shared history.
    fn retransmit(&mut self, context: &mut Context, key: SubscriptionKey, seq: Seq, now: Instant) {
        let Some(subscription) = self.subscriptions.get_mut(key) else { return };
        let Binding::Bound(pts) = subscription.binding else { return };
        let Some(publication) = self.publications.get(subscription.publication) else { return };
        let found = subscription.stream.rewriter.extend_out(seq).and_then(|out| {
            let (epoch, source) = subscription.stream.rewriter.source_of(out)?;
            let stored = publication.layer(epoch.layer)?.history.as_ref()?.get(source)?;
            Some((epoch, stored))
        });
        let Some((epoch, stored)) = found else {
            return self.give_up(context, key, seq, now);
        };
        let descriptor = match stored.meta.codec {
            CodecKind::Vp8 => vp8::Descriptor::parse(stored.payload),
            _ => None,
        };
        // A loss on the way up may have kept a number for a frame that was left out.
        let temporal = descriptor.and_then(|one| one.temporal_layer).unwrap_or(0);
        if temporal > epoch.temporal {
            context.counters.repairs_withheld += 1;
            return;
        }
        let Some((_, strip_red)) = pts.of(stored.meta.codec, false) else { return };
        let payload = if strip_red {
            red::primary(stored.payload).unwrap_or_default()
        } else {
            stored.payload
        };
        let len = payload.len() as u64;
        let Some(connection) = context.connections.get_mut(subscription.connection) else { return };
        // What an abandoned layer lost only holds up the one that takes its place.
        let is_abandoned =
            subscription.stream.layer() != Some(epoch.layer) && connection.was_congested(now);
        if is_abandoned
            || !subscription.stream.may_retransmit(len, connection.loss_permille())
            || connection.outgoing.repair_bytes < len
            || !subscription.repairs.may_repair(seq, connection.rtt(), now)
        {
            context.counters.repairs_withheld += 1;
            return;
        }
        let values = values_again(stored.values, subscription);
        // Only as RTX, under numbers of its own: sending an SRTP packet again with any changed header byte would use
        // one AEAD nonce twice (RFC 7714 §8.4 forbids it, and the key would be lost).
        let (Some(rtx), Some(pt)) = (&mut subscription.rtx, pts.rtx) else { return };
        rtx.highest = ExtSeq(rtx.highest.0 + 1);
        let (ssrc, out_seq) = (rtx.ssrc, rtx.highest);
        let header = OutHeader {
            marker: stored.meta.marker,
            pt,
            seq: out_seq.seq(),
            timestamp: stored.meta.timestamp.wrapping_add(epoch.offsets.timestamp),
            ssrc,
        };
        // Audio is never sent again, so there is no RED to rename.
        let change = picture(descriptor.as_ref(), epoch.offsets).map(Change::Picture);
        let packet =
            OutPacket { header, seq: out_seq, values, payload, original: Some(seq), change };
        if connection.send_rtp(&mut context.egress, packet, context.abs_send_time).is_some() {
            subscription.stream.retransmitted_bytes += len;
            connection.outgoing.repair_bytes = connection.outgoing.repair_bytes.saturating_sub(len);
            context.counters.rtp_retransmitted += 1;
        }
    }

    /// A packet that is asked for is gone: the picture stands still until a key frame comes, unless one came after it.
    fn give_up(&mut self, context: &mut Context, key: SubscriptionKey, seq: Seq, now: Instant) {
        let Some(subscription) = self.subscriptions.get(key) else { return };
        let rewriter = &subscription.stream.rewriter;
        let source = rewriter.extend_out(seq).and_then(|out| rewriter.source_of(out));
        let Some((Epoch { layer, .. }, source)) = source else { return };
        let publication = subscription.publication;
        let newest = self.publications.get(publication).and_then(|one| one.layer(layer));
        let is_past = newest.is_none_or(|layer| layer.last_key_frame.is_some_and(|at| at > source));
        if subscription.stream.layer() == Some(layer) && !is_past {
            self.request_key_frame(context, publication, Some(layer), now);
        }
    }

    /// Someone needs a key frame of a publication: of one layer, or of the best that flows.
    pub(super) fn request_key_frame(
        &mut self,
        context: &mut Context,
        key: PublicationKey,
        layer: Option<LayerIndex>,
        now: Instant,
    ) {
        let Some(publication) = self.publications.get_mut(key) else { return };
        if !publication.is_video() {
            return;
        }
        if let Origin::Relayed { .. } = publication.origin {
            return self.request_relayed_key_frame(context, key, layer, now);
        }
        let layer = layer
            .or_else(|| publication.highest_active(now))
            // Nothing flows, as with a still screen: whatever came last is asked.
            .or_else(|| publication.layers.last().map(|layer| layer.index))
            .and_then(|layer| publication.layer_mut(layer));
        let Some(layer) = layer else { return };
        if !layer.requests.on_needed(now) {
            return;
        }
        let media = layer.ssrc;
        let publisher = self.participants.get(publication.publisher).and_then(|one| one.publisher);
        if let Some(connection) = publisher {
            send_pli(context, connection, media);
        }
    }

    /// Periodic feedback of one connection. Returns when it wants to be looked at again.
    pub(crate) fn send_feedback(
        &mut self,
        context: &mut Context,
        key: ConnectionKey,
        now: Instant,
    ) -> Option<Instant> {
        let connection = context.connections.get_mut(key)?;
        if !connection.is_open() {
            return None;
        }
        let target = connection.owner.target;
        let report_due = connection.report_due <= now;
        if report_due {
            connection.report_due = now + REPORT_INTERVAL;
        }
        let report_at = connection.report_due;
        let mut next = report_at;
        if target.is_published_on() {
            self.ask_again(context, key, now);
            self.send_arrivals(context, key, now);
            if report_due {
                self.renew_allowances(context, key, now);
                self.send_receiver_report(context, key, now);
            }
            next = self.next_feedback(context, key, now).map_or(next, |at| at.min(next));
        }
        if target.is_subscribed_on() {
            if report_due {
                self.send_sender_reports(context, key, now);
                self.on_line_second(context, key, now);
            }
            self.probe(context, key, now);
            self.release_paced(context, key, now);
            if context.connections.get(key).is_some_and(Connection::is_metering_out) {
                next = next.min(now + PACING_TICK);
            }
        }
        Some(next)
    }

    fn next_feedback(
        &self,
        context: &Context,
        key: ConnectionKey,
        now: Instant,
    ) -> Option<Instant> {
        let connection = context.connections.get(key)?;
        let nacks = self
            .publications_of(connection)
            .flat_map(|publication| &publication.layers)
            .filter_map(|layer| layer.nack.poll_timeout());
        nacks.chain(connection.arrivals.next_look(now)).min()
    }

    fn publications_of(
        &self,
        connection: &Connection,
    ) -> impl Iterator<Item = &super::publication::Publication> {
        self.participants
            .get(connection.owner.participant)
            .into_iter()
            .flat_map(|participant| &participant.publications)
            .filter_map(|key| self.publications.get(*key))
    }

    /// Asks the publisher for what is missing (RFC 4585 §6.2.1), or for a key frame when too much is.
    fn ask_again(&mut self, context: &mut Context, key: ConnectionKey, now: Instant) {
        let Some(owner) = context.connections.get(key).map(|connection| connection.owner) else {
            return;
        };
        let Some(participant) = self.participants.get(owner.participant) else { return };
        for publication in &participant.publications {
            let Some(publication) = self.publications.get_mut(*publication) else { continue };
            for layer in &mut publication.layers {
                let mut missing = std::mem::take(&mut context.missing);
                missing.clear();
                layer.nack.due(now, RTT_ASSUMED, &mut missing);
                missing.truncate(NACKS_PER_PACKET_MAX);
                let needs_key_frame = layer.nack.lost_too_much() && !publication.codec.is_audio();
                let ask =
                    (needs_key_frame && layer.requests.on_needed(now)) || layer.requests.due(now);
                if ask {
                    send_pli(context, key, layer.ssrc);
                }
                if !missing.is_empty() {
                    send_nack(context, key, layer.ssrc, &missing);
                }
                context.missing = missing;
            }
        }
    }

    /// Tells the publisher when its packets came (transport-wide congestion control feedback).
    #[expect(clippy::unused_self, reason = "one of the three kinds of publisher feedback")]
    fn send_arrivals(&self, context: &mut Context, key: ConnectionKey, now: Instant) {
        let Some(connection) = context.connections.get_mut(key) else { return };
        if !connection.arrivals.due(now) {
            return;
        }
        let (sender, media) = (connection.report_ssrc, connection.incoming.latest);
        // One feedback packet describes all that a hundred milliseconds hold; the bound is for a flood.
        for _ in 0..8 {
            let sent = connection.send_rtcp_with(&mut context.egress, |arrivals, out| {
                let out = out.get_mut(..FEEDBACK_BYTES_MAX)?;
                arrivals.build(out, sender, media, now)
            });
            if !sent {
                break;
            }
        }
        if connection.arrivals.due(now) {
            connection.arrivals.postpone(now);
        }
        debug_assert!(!connection.arrivals.due(now), "arrivals are due again at once");
    }

    /// A second has passed: as much may come again. Who sends more than may come is told, now and then.
    fn renew_allowances(&mut self, context: &mut Context, key: ConnectionKey, now: Instant) {
        let Some(connection) = context.connections.get_mut(key) else { return };
        let mut exceeded = connection.allowance.renew().then_some("all tracks together send");
        let Some(participant) = self.participants.get_mut(connection.owner.participant) else {
            return;
        };
        for publication in &participant.publications {
            let Some(publication) = self.publications.get_mut(*publication) else { continue };
            for layer in &mut publication.layers {
                if layer.allowance.renew() {
                    exceeded = exceeded.or(Some("a track sends"));
                }
            }
        }
        let was_told = |at| now.saturating_duration_since(at) < CEILING_TOLD_INTERVAL;
        if let Some(who) = exceeded
            && !participant.ceiling_told.is_some_and(was_told)
        {
            participant.ceiling_told = Some(now);
            let message = Message::RequestOutcome {
                request_id: 0,
                outcome: Outcome::LimitExceeded,
                message: format!(
                    "{who} more than was announced or is allowed: the rest is dropped"
                ),
                add_track: None,
            };
            context.emit(participant.session(), message);
        }
    }

    fn send_receiver_report(&mut self, context: &mut Context, key: ConnectionKey, now: Instant) {
        let Some(owner) = context.connections.get(key).map(|connection| connection.owner) else {
            return;
        };
        let Some(participant) = self.participants.get(owner.participant) else { return };
        let mut blocks = [ReportBlock::default(); REPORT_BLOCKS_MAX];
        let mut used = 0;
        for publication in &participant.publications {
            let Some(publication) = self.publications.get_mut(*publication) else { continue };
            for layer in &mut publication.layers {
                if let Some(block) = blocks.get_mut(used) {
                    *block = layer.reception.report(layer.ssrc, now);
                    layer.last_report = Some(*block);
                    used += 1;
                }
            }
        }
        let Some(connection) = context.connections.get_mut(key) else { return };
        let sender = connection.report_ssrc;
        connection.send_rtcp(&mut context.egress, |out| {
            rtcp::write_receiver_report(out, sender, blocks.get(..used)?)
        });
    }

    /// Sender reports for every stream of a subscriber connection, in the publisher's clock, so that a participant's
    /// sound and picture stay in sync (RFC 3550 §6.4.1).
    fn send_sender_reports(&mut self, context: &mut Context, key: ConnectionKey, now: Instant) {
        let Some(owner) = context.connections.get(key).map(|connection| connection.owner) else {
            return;
        };
        let Some(subscriber) =
            self.participants.get(owner.participant).and_then(|one| one.subscriber.as_ref())
        else {
            return;
        };
        for section in &subscriber.sections {
            let crate::room::subscriber::SectionState::Sending(subscription) = section.state else {
                continue;
            };
            let Some(report) = self.sender_report(subscription, now) else { continue };
            let Some(cname) = self.cname_of(subscription) else { continue };
            let Some(connection) = context.connections.get_mut(key) else { return };
            connection.send_rtcp(&mut context.egress, |out| {
                let used = rtcp::write_sender_report(
                    out,
                    report.ssrc,
                    report.ntp,
                    report.rtp_timestamp,
                    report.packets,
                    report.bytes,
                )?;
                Some(used + rtcp::write_sdes_cname(out.get_mut(used..)?, report.ssrc, cname)?)
            });
        }
    }

    fn cname_of(&self, subscription: SubscriptionKey) -> Option<&str> {
        let publication =
            self.publications.get(self.subscriptions.get(subscription)?.publication)?;
        Some(self.participants.get(publication.publisher)?.sid.as_str())
    }

    fn sender_report(&self, key: SubscriptionKey, now: Instant) -> Option<OutReport> {
        let subscription = self.subscriptions.get(key)?;
        let publication = self.publications.get(subscription.publication)?;
        let epoch = subscription.stream.rewriter.current()?;
        let report = publication.layer(epoch.layer)?.sender_report?;
        let elapsed = now.saturating_duration_since(report.received);
        let ticks = elapsed.as_micros() * u128::from(publication.codec.clock_rate()) / 1_000_000;
        Some(OutReport {
            ssrc: subscription.ssrc,
            ntp: report.ntp.wrapping_add(ntp_duration(elapsed)),
            rtp_timestamp: report
                .rtp_timestamp
                .wrapping_add((ticks & 0xffff_ffff) as u32)
                .wrapping_add(epoch.offsets.timestamp),
            packets: subscription.stream.packets,
            // Counts wrap (RFC 3550 §6.4.1).
            bytes: (subscription.stream.bytes & 0xffff_ffff) as u32,
        })
    }

    /// Asks for the key frames that subscribers wait for in order to get the layer that they are to have, or any.
    pub(super) fn nudge_layers(&mut self, context: &mut Context, now: Instant) {
        let mut awaited = std::mem::take(&mut self.awaited);
        awaited.clear();
        for subscription in self.subscriptions.values() {
            let Some(publication) = self.publications.get(subscription.publication) else {
                continue;
            };
            let is_wanted = publication.is_video()
                && !publication.info.muted
                && matches!(subscription.binding, Binding::Bound(_))
                && !subscription.settings.disabled;
            let connection = || context.connections.get(subscription.connection);
            if !is_wanted || !connection().is_some_and(Connection::is_open) {
                continue;
            }
            if let Some(layer) = layer_switch::awaited(publication, &subscription.stream, now) {
                awaited.push((subscription.publication, layer));
            }
        }
        for (publication, layer) in &awaited {
            self.request_key_frame(context, *publication, Some(*layer), now);
        }
        self.awaited = awaited;
    }
}

/// Largest feedback packet, so that it fits a datagram with room for its protection.
const FEEDBACK_BYTES_MAX: usize = 1200;

struct OutReport {
    ssrc: Ssrc,
    ntp: u64,
    rtp_timestamp: u32,
    packets: u32,
    bytes: u32,
}

/// A duration in NTP's 32.32 fixed point (RFC 3550 §4).
fn ntp_duration(duration: Duration) -> u64 {
    (duration.as_secs() << 32) + (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000
}

/// The subscription that feedback is about, and whether it names its RTX stream. Its sender must receive it; what a
/// compound says of other streams is counted and passed over.
fn subscription_of(
    context: &mut Context,
    key: ConnectionKey,
    media: Ssrc,
) -> Option<(SubscriptionKey, bool)> {
    let stream = context.connections.get(key)?.outgoing.streams.get(&media);
    if stream.is_none() {
        context.counters.dropped.count(DropReason::ForeignFeedback);
    }
    stream.map(|stream| (stream.subscription, stream.is_rtx))
}

fn send_pli(context: &mut Context, key: ConnectionKey, media: Ssrc) {
    let Some(connection) = context.connections.get_mut(key) else { return };
    let sender = connection.report_ssrc;
    if connection.send_rtcp(&mut context.egress, |out| rtcp::write_pli(out, sender, media)) {
        context.counters.key_frame_requests_sent += 1;
    }
}

fn send_nack(context: &mut Context, key: ConnectionKey, media: Ssrc, missing: &[Seq]) {
    let Some(connection) = context.connections.get_mut(key) else { return };
    let sender = connection.report_ssrc;
    if connection
        .send_rtcp(&mut context.egress, |out| rtcp::write_nack(out, sender, media, missing))
    {
        context.counters.nacks_sent += missing.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_is_half_of_ntp_s_fraction() {
        assert_eq!(ntp_duration(Duration::from_millis(1500)), (1 << 32) + (1 << 31));
    }
}
