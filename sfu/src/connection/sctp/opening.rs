//! Channels open and close (RFC 8832): by the client's wish, or by ours.

use std::time::Instant;

use bytes::Bytes;
use rtc_datachannel::message::{
    Message,
    message_channel_ack::DataChannelAck,
    message_channel_open::{CHANNEL_PRIORITY_NORMAL, ChannelType, DataChannelOpen},
};
use rtc_sctp::{PayloadProtocolIdentifier, ReliabilityType, StreamId};
use rtc_shared::marshal::{Marshal, Unmarshal};

use super::{ChannelEvent, ChannelLabel, DataChannels, association::State};
use crate::connection::dtls::DtlsRole;

/// Streams that a client may open. It needs three; SDKs of integrators may add some.
pub(super) const STREAMS_MAX: usize = 32;

/// A stream that either side uses.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) stream: StreamId,
    /// `None` before DCEP names it, and for labels that we do not know.
    pub(super) label: Option<ChannelLabel>,
    pub(super) phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The peer used the stream without opening it.
    Unnamed,
    /// We sent OPEN.
    Opening,
    Open,
}

impl DataChannels {
    pub(super) fn on_stream_opened(&mut self, stream: StreamId, now: Instant) {
        let State::Established(peer) = &mut self.state else { return };
        let _ = peer.association.accept_stream();
        if self.channels.len() < STREAMS_MAX {
            self.channels.push(Channel { stream, label: None, phase: Phase::Unnamed });
        } else {
            let _ = peer.association.abort();
            self.gather(now);
        }
    }

    pub(super) fn on_dcep(&mut self, stream: StreamId, mut data: Bytes, now: Instant) {
        /// Message types (RFC 8832 §8.2.1). The codec knows others, of its own, and panics on them.
        const ACK: u8 = 2;
        const OPEN: u8 = 3;
        match data.first() {
            Some(&ACK) => self.on_open(stream),
            Some(&OPEN) => {
                if let Ok(Message::DataChannelOpen(open)) = Message::unmarshal(&mut data) {
                    self.on_dcep_open(stream, &open, now);
                }
            }
            _ => {}
        }
    }

    /// The peer opens a channel: we acknowledge, and send over it as it asked (RFC 8832 §6).
    fn on_dcep_open(&mut self, stream: StreamId, open: &DataChannelOpen, now: Instant) {
        let channel = self.channels.iter_mut().find(|channel| channel.stream == stream);
        let Some(channel) = channel.filter(|channel| channel.phase == Phase::Unnamed) else {
            return;
        };
        let label = ChannelLabel::from_wire(&open.label);
        (channel.label, channel.phase) = (label, Phase::Opening);
        self.write_dcep(stream, &Message::DataChannelAck(DataChannelAck), now);
        self.set_reliability(stream, open.channel_type, open.reliability_parameter);
        self.on_open(stream);
    }

    /// A channel that was opening is open.
    pub(super) fn on_open(&mut self, stream: StreamId) {
        let channel = self.channels.iter_mut().find(|channel| channel.stream == stream);
        let Some(channel) = channel.filter(|channel| channel.phase == Phase::Opening) else {
            return;
        };
        let label = channel.label;
        let was_open = label.is_some_and(|label| self.is_open(label));
        let opening = self.channels.iter_mut().find(|channel| channel.stream == stream);
        if let Some(channel) = opening {
            channel.phase = Phase::Open;
        }
        if let Some(label) = label.filter(|_| !was_open) {
            self.events.push_back(ChannelEvent::Open(label));
        }
    }

    pub(super) fn on_stream_lost(&mut self, stream: StreamId) {
        let Some(index) = self.channels.iter().position(|channel| channel.stream == stream) else {
            return;
        };
        let lost = self.channels.swap_remove(index);
        if let (Some(label), Phase::Open) = (lost.label, lost.phase)
            && !self.is_open(label)
        {
            self.events.push_back(ChannelEvent::Closed(label));
        }
    }

    pub(super) fn open_now(&mut self, label: ChannelLabel, now: Instant) {
        let taken = |stream| self.channels.iter().any(|channel| channel.stream == stream);
        let first = first_local_stream(self.dtls_role);
        let State::Established(peer) = &mut self.state else { return };
        let streams = peer.association.negotiated_max_streams().unwrap_or_default();
        let Some(stream) = (first..streams).step_by(2).find(|stream| !taken(*stream)) else {
            return;
        };
        if peer.association.open_stream(stream, PayloadProtocolIdentifier::Binary).is_err() {
            return;
        }
        let open = DataChannelOpen {
            channel_type: label.channel_type(),
            priority: CHANNEL_PRIORITY_NORMAL,
            reliability_parameter: 0,
            label: label.as_str().as_bytes().to_vec(),
            protocol: Vec::new(),
        };
        self.channels.push(Channel { stream, label: Some(label), phase: Phase::Opening });
        self.write_dcep(stream, &Message::DataChannelOpen(open), now);
        self.set_reliability(stream, label.channel_type(), 0);
    }

    fn write_dcep(&mut self, stream: StreamId, message: &Message, now: Instant) {
        if let Ok(bytes) = message.marshal() {
            self.write(stream, &bytes.freeze(), PayloadProtocolIdentifier::Dcep, now);
        }
    }

    /// For what is written from now on; DCEP itself goes before, reliably.
    fn set_reliability(&mut self, stream: StreamId, kind: ChannelType, parameter: u32) {
        let State::Established(peer) = &mut self.state else { return };
        let (unordered, reliability) = match kind {
            ChannelType::ReliableUnordered => (true, ReliabilityType::Reliable),
            ChannelType::PartialReliableRexmit => (false, ReliabilityType::Rexmit),
            ChannelType::PartialReliableRexmitUnordered => (true, ReliabilityType::Rexmit),
            ChannelType::PartialReliableTimed => (false, ReliabilityType::Timed),
            ChannelType::PartialReliableTimedUnordered => (true, ReliabilityType::Timed),
            _ => (false, ReliabilityType::Reliable),
        };
        if let Ok(mut stream) = peer.association.stream(stream) {
            // Fails only for streams that are gone.
            let _ = stream.set_reliability_params(unordered, reliability, parameter);
        }
    }
}

/// The DTLS client's streams are even, the server's odd (RFC 8832 §6).
pub(super) fn first_local_stream(role: DtlsRole) -> StreamId {
    match role {
        DtlsRole::Client => 0,
        DtlsRole::Server => 1,
    }
}
