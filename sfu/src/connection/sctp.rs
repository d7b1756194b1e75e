//! Data channels of one connection: SCTP inside DTLS, channels opened by DCEP (RFC 8261, 8831, 8832, 9260).
//!
//! ```text
//!   DTLS record ─► guard ─► SCTP engine ─► stream ─► `Readable` ─► poll_message, when the reader is ready
//!   send ─► queue, bounded ─► SCTP engine ─► packet of at most 1,191 bytes ─► DTLS record
//! ```
//!
//! A message that nobody polls stays in the engine, whose receive window closes over it: the peer's own SCTP then waits.
//! That is how a slow receiver slows its senders down, with nothing lost and nothing piled up (ADR 0010).
//!
//! Owns: the association, which is passive (the client sends INIT), the channels and their labels, the bound of what
//! waits to be sent. Never: DTLS, what messages mean. The association knows no addresses: it is given a synthetic one
//! that never changes, so that a path change does not touch it.
//!
//! After every input: drain [`DataChannels::poll_event`] and [`DataChannels::poll_transmit`], then ask
//! [`DataChannels::poll_timeout`]. A broken association closes its channels and is silent from then on.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_sctp::{
    DatagramEvent, Endpoint, EndpointConfig, Event, PayloadProtocolIdentifier, ServerConfig,
    StreamEvent, StreamId, TimerConfig, TransportConfig,
};
use rtc_shared::TransportProtocol;

use super::dtls::DtlsRole;
use crate::limits::{
    DATA_MESSAGE_BYTES_MAX, DATA_QUEUE_BYTES_FULL, DATA_QUEUE_BYTES_LOW, DATA_QUEUE_BYTES_MAX,
};

mod association;
mod guard;
mod label;
mod lossy;
mod opening;
mod receipt;
mod repair;
mod window;

use association::State;
pub use label::ChannelLabel;
use lossy::LossyQueue;
use opening::{Channel, Phase, first_local_stream};

/// Bytes of lossy messages that the engine has at a time: 5 Mbit/s at a round trip of 100 ms.
const LOSSY_FLIGHT_BYTES: usize = 64 * 1024;

/// How long a full queue may move less than [`STALLED_BYTES`] before its receiver counts as stalled. After an outage of
/// almost 7 s the engine repeats at the seventh.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// What a receiver must take in that time: 50 kbit/s. Whoever cannot would hold a whole room to its own pace.
const STALLED_BYTES: u64 = 64 * 1024;

/// Both ends of the association, as the engine sees them.
const SYNTHETIC_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// What [`DataChannels::poll_event`] yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelEvent {
    /// The first channel of this label is open, no matter who opened it.
    Open(ChannelLabel),
    /// Messages wait for [`DataChannels::poll_message`].
    Readable(ChannelLabel),
    /// The queue of reliable messages was full and has room again.
    Drained,
    /// No channel of this label is open any more.
    Closed(ChannelLabel),
}

/// What became of a message to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// It will arrive if its channel is reliable; so many older lossy messages made way.
    Sent {
        /// How many.
        displaced: usize,
    },
    /// No channel of this label is open.
    NotOpen,
    /// Too much waits already, or the message is too large.
    Dropped,
}

/// A queue of reliable messages that is full.
#[derive(Debug, Clone, Copy)]
struct Full {
    since: Instant,
    /// What the peer had acknowledged by then.
    acknowledged: u64,
}

/// The data channels of one connection.
#[derive(Debug)]
pub struct DataChannels {
    endpoint: Endpoint,
    state: State,
    dtls_role: DtlsRole,
    /// Channels to open as soon as the association stands.
    wanted: Vec<ChannelLabel>,
    channels: Vec<Channel>,
    transmits: VecDeque<Bytes>,
    events: VecDeque<ChannelEvent>,
    lossy: LossyQueue,
    full: Option<Full>,
    /// Bytes of messages that the peer has acknowledged.
    acknowledged: u64,
    start: Instant,
}

/// What lay in a stream.
enum Read {
    Message(Bytes),
    /// DCEP, or what is not for us.
    Other,
    Nothing,
}

impl DataChannels {
    /// Waits for the client's INIT.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        // By default the engine gives up on data after five time-outs, silently; ICE decides when a path is dead.
        let timers = TimerConfig { max_t3_rtx_retrans: usize::MAX, ..TimerConfig::default() };
        let transport = TransportConfig::default()
            .with_timer_config(timers)
            .with_max_receive_buffer_size(guard::ENGINE_WINDOW_BYTES)
            .with_max_message_size(u32::try_from(DATA_MESSAGE_BYTES_MAX).unwrap_or(u32::MAX));
        let endpoint = Endpoint::new(
            SYNTHETIC_ADDRESS,
            TransportProtocol::UDP,
            Arc::new(EndpointConfig::new()),
            Some(Arc::new(ServerConfig::new(transport))),
        );
        Self {
            endpoint,
            state: State::Waiting(Vec::new()),
            dtls_role: DtlsRole::Server,
            wanted: Vec::new(),
            channels: Vec::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            lossy: LossyQueue::default(),
            full: None,
            acknowledged: 0,
            start: now,
        }
    }

    /// Our part in the DTLS handshake below: it says which streams are ours to open.
    pub fn set_dtls_role(&mut self, role: DtlsRole) {
        debug_assert!(
            self.channels.is_empty() || role == self.dtls_role,
            "roles are settled before channels"
        );
        self.dtls_role = role;
    }

    /// Opens a channel, once per label, as soon as the association stands.
    pub fn open(&mut self, label: ChannelLabel) {
        let first = first_local_stream(self.dtls_role);
        let is_ours =
            |channel: &Channel| channel.label == Some(label) && channel.stream % 2 == first;
        if !self.wanted.contains(&label) && !self.channels.iter().any(is_ours) {
            self.wanted.push(label);
        }
    }

    /// Whether a message with this label can be sent.
    #[must_use]
    pub fn is_open(&self, label: ChannelLabel) -> bool {
        self.open_channel(label).is_some()
    }

    /// Takes an SCTP packet out of a DTLS record. What cannot be used is ignored.
    pub fn handle_packet(&mut self, packet: &[u8], now: Instant) {
        if matches!(self.state, State::Broken) || !guard::is_well_formed(packet) {
            return;
        }
        let bytes = Bytes::copy_from_slice(packet);
        match self.endpoint.handle(now, SYNTHETIC_ADDRESS, None, bytes) {
            Some((handle, DatagramEvent::NewAssociation(association))) => {
                self.on_candidate(handle, association, guard::initial_tsn(packet), now);
            }
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                self.on_packet(handle, event, packet, now);
            }
            _ => {}
        }
        self.process(now);
    }

    /// Lets time pass: repeats, acknowledges.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let State::Established(peer) = &mut self.state {
            peer.association.handle_timeout(now);
        }
        self.process(now);
    }

    /// When [`DataChannels::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Established(peer) => {
                let ours = [peer.receipts.due(self.start), peer.repair.due()];
                ours.into_iter().flatten().chain(peer.association.poll_timeout()).min()
            }
            State::Waiting(_) | State::Broken => None,
        }
    }

    /// The next SCTP packet for the peer, at most 1,200 bytes: one DTLS record.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bytes> {
        if self.transmits.is_empty() {
            self.process(now);
            self.gather(now);
        }
        self.transmits.pop_front()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<ChannelEvent> {
        self.events.pop_front()
    }

    /// The next message that came over a channel of this label, whole: at most [`DATA_MESSAGE_BYTES_MAX`] bytes. What is
    /// not fetched closes the peer's window. Follow with [`DataChannels::poll_transmit`]: it may be told that it opens.
    pub fn poll_message(&mut self, label: ChannelLabel, now: Instant) -> Option<Bytes> {
        let mut place = 0;
        while let Some(channel) = self.channels.get(place) {
            if channel.label != Some(label) || channel.phase != Phase::Open {
                place += 1;
                continue;
            }
            match self.read_one(channel.stream, now) {
                Read::Message(message) => return Some(message),
                Read::Other => {}
                Read::Nothing => place += 1,
            }
        }
        None
    }

    /// Whether the queue of reliable messages takes another; if not, [`ChannelEvent::Drained`] tells when it does.
    pub fn has_room(&mut self, now: Instant) -> bool {
        if self.full.is_none()
            && self.queued_bytes(ChannelLabel::is_reliable) >= DATA_QUEUE_BYTES_FULL
        {
            self.full = Some(Full { since: now, acknowledged: self.acknowledged });
        }
        self.full.is_none()
    }

    /// Whether the queue of reliable messages has been full for long, and next to nothing of it was taken.
    pub fn is_stalled(&mut self, now: Instant) -> bool {
        let Some(full) = &mut self.full else { return false };
        if now.saturating_duration_since(full.since) < STALLED_AFTER {
            return false;
        }
        if self.acknowledged - full.acknowledged < STALLED_BYTES {
            return true;
        }
        *full = Full { since: now, acknowledged: self.acknowledged };
        false
    }

    /// Sends a binary message over the open channel of this label.
    pub fn send(&mut self, label: ChannelLabel, data: &Bytes, now: Instant) -> SendOutcome {
        let Some(stream) = self.open_channel(label) else { return SendOutcome::NotOpen };
        if data.len() > DATA_MESSAGE_BYTES_MAX {
            return SendOutcome::Dropped;
        }
        if !label.is_reliable() {
            let displaced = self.lossy.push(label, data.clone());
            self.feed_lossy(now);
            return SendOutcome::Sent { displaced };
        }
        if self.queued_bytes(ChannelLabel::is_reliable) + data.len() > DATA_QUEUE_BYTES_MAX
            || !self.write_message(stream, data, now)
        {
            return SendOutcome::Dropped;
        }
        SendOutcome::Sent { displaced: 0 }
    }

    /// Gives the engine lossy messages, as many as it may have.
    fn feed_lossy(&mut self, now: Instant) {
        while !self.lossy.is_empty()
            && self.queued_bytes(|label| !label.is_reliable()) < LOSSY_FLIGHT_BYTES
        {
            let Some((label, message)) = self.lossy.pop() else { return };
            // A channel that closed meanwhile has lost it.
            if let Some(stream) = self.open_channel(label) {
                self.write_message(stream, &message, now);
            }
        }
    }

    fn write_message(&mut self, stream: StreamId, message: &Bytes, now: Instant) -> bool {
        // SCTP has no empty messages; one byte stands for none (RFC 8831 §6.6).
        if message.is_empty() {
            let nothing = Bytes::from_static(&[0]);
            return self.write(stream, &nothing, PayloadProtocolIdentifier::BinaryEmpty, now);
        }
        self.write(stream, message, PayloadProtocolIdentifier::Binary, now)
    }

    fn open_channel(&self, label: ChannelLabel) -> Option<StreamId> {
        let is_open =
            |channel: &&Channel| channel.label == Some(label) && channel.phase == Phase::Open;
        self.channels.iter().find(is_open).map(|channel| channel.stream)
    }

    /// Bytes that the peer has not acknowledged, over channels of these labels.
    fn queued_bytes(&mut self, is_meant: impl Fn(ChannelLabel) -> bool) -> usize {
        let State::Established(peer) = &mut self.state else { return 0 };
        self.channels
            .iter()
            .filter(|channel| channel.label.is_some_and(&is_meant))
            .filter_map(|channel| {
                peer.association.stream(channel.stream).ok()?.buffered_amount().ok()
            })
            .sum()
    }

    fn write(
        &mut self,
        stream: StreamId,
        data: &Bytes,
        kind: PayloadProtocolIdentifier,
        now: Instant,
    ) -> bool {
        let State::Established(peer) = &mut self.state else { return false };
        peer.association
            .stream(stream)
            .and_then(|mut stream| stream.write_chunk_with_ppi(now, data, kind))
            .is_ok()
    }

    /// Turns what the engine has to say into events, and opens what waits to be opened.
    fn process(&mut self, now: Instant) {
        self.promote();
        while let State::Established(peer) = &mut self.state {
            match peer.association.poll() {
                Some(Event::Stream(StreamEvent::Opened { id })) => self.on_stream_opened(id, now),
                Some(Event::Stream(StreamEvent::Readable { id })) => self.on_readable(id, now),
                Some(Event::Stream(StreamEvent::BufferedAmountReleased { n_bytes, .. })) => {
                    self.acknowledged += n_bytes as u64;
                }
                Some(Event::AssociationLost { id, .. }) => self.on_stream_lost(id),
                Some(_) => {}
                None if peer.association.is_closed() => self.break_down(),
                None => break,
            }
        }
        if matches!(self.state, State::Established(_)) {
            for label in std::mem::take(&mut self.wanted) {
                self.open_now(label, now);
            }
            self.feed_lossy(now);
            if self.full.is_some()
                && self.queued_bytes(ChannelLabel::is_reliable) <= DATA_QUEUE_BYTES_LOW
            {
                self.full = None;
                self.events.push_back(ChannelEvent::Drained);
            }
        }
    }

    /// Says that there are messages to be fetched. What comes before DCEP has named the stream, and over channels that we
    /// do not know, nobody will fetch.
    fn on_readable(&mut self, stream: StreamId, now: Instant) {
        // A message on a channel that we are opening says as much as its ACK (RFC 8832 §6).
        if stream % 2 == first_local_stream(self.dtls_role) {
            self.on_open(stream);
        }
        loop {
            let named = self.channels.iter().find(|channel| channel.stream == stream);
            if let Some(label) = named.and_then(|channel| channel.label) {
                let event = ChannelEvent::Readable(label);
                if !self.events.contains(&event) {
                    self.events.push_back(event);
                }
                return;
            }
            if matches!(self.read_one(stream, now), Read::Nothing) {
                return;
            }
        }
    }

    fn read_one(&mut self, stream: StreamId, now: Instant) -> Read {
        let State::Established(peer) = &mut self.state else { return Read::Nothing };
        let read = peer.association.stream(stream).and_then(|mut stream| stream.read_sctp());
        let Ok(Some(message)) = read else { return Read::Nothing };
        peer.guard.on_read(message.chunks.len(), message.len());
        peer.receipts.on_read(message.len());
        // Larger ones are not for us; SDKs stay below.
        let Ok(data) = message.to_payload(DATA_MESSAGE_BYTES_MAX) else { return Read::Other };
        match message.ppi {
            PayloadProtocolIdentifier::Dcep => self.on_dcep(stream, data.freeze(), now),
            PayloadProtocolIdentifier::Binary | PayloadProtocolIdentifier::String => {
                return Read::Message(data.freeze());
            }
            PayloadProtocolIdentifier::BinaryEmpty | PayloadProtocolIdentifier::StringEmpty => {
                return Read::Message(Bytes::new());
            }
            _ => {}
        }
        Read::Other
    }
}

#[cfg(test)]
mod tests;
