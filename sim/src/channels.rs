//! Data channels, the client's side: it sends INIT, opens its own channels and acknowledges the server's
//! (RFC 8831, 8832).

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use rtc_datachannel::message::{
    Message,
    message_channel_open::{ChannelType, DataChannelOpen},
};
use rtc_sctp::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, Event,
    Payload, PayloadProtocolIdentifier, ReliabilityType, StreamEvent, StreamId, TimerConfig,
    TransportConfig,
};
use rtc_shared::{
    TransportProtocol,
    marshal::{Marshal, Unmarshal},
};

pub mod tsn;

use self::tsn::TsnShift;

const SYNTHETIC_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// The data channels of one connection.
pub struct Channels {
    endpoint: Endpoint,
    handle: AssociationHandle,
    association: Association,
    is_connected: bool,
    /// Label, unordered and unreliable; to be opened once the association stands.
    wanted: Vec<&'static str>,
    open: Vec<(StreamId, String)>,
    /// Streams whose OPEN is to be acknowledged.
    owes: Vec<StreamId>,
    next_stream: StreamId,
    messages: VecDeque<(String, Vec<u8>)>,
    shift: Option<TsnShift>,
    is_hanging: bool,
}

impl Channels {
    /// Begins an association. `wanted` are the channels to open ourselves, on every second stream from `first` on: even
    /// ones are the DTLS client's, odd ones the server's (RFC 8832 §6). With `wraps`, our TSNs begin just below 2^32.
    #[must_use]
    pub fn new(wanted: &[&'static str], first: StreamId, wraps: bool, now: Instant) -> Self {
        let config = Arc::new(EndpointConfig::new());
        let mut endpoint = Endpoint::new(SYNTHETIC_ADDRESS, TransportProtocol::UDP, config, None);
        let timers = TimerConfig {
            max_t1_init_retrans: 100,
            max_t1_cookie_retrans: 100,
            max_t3_rtx_retrans: usize::MAX,
            ..TimerConfig::default()
        };
        let transport = TransportConfig::default().with_timer_config(timers);
        let (handle, association) = endpoint
            .connect(now, ClientConfig::new(transport), SYNTHETIC_ADDRESS)
            .expect("an endpoint that may connect");
        Self {
            endpoint,
            handle,
            association,
            is_connected: false,
            wanted: wanted.to_vec(),
            open: Vec::new(),
            owes: Vec::new(),
            next_stream: first,
            messages: VecDeque::new(),
            shift: wraps.then(TsnShift::default),
            is_hanging: false,
        }
    }

    /// Takes an SCTP packet.
    pub fn handle_packet(&mut self, packet: &[u8], now: Instant) {
        let mut packet = packet.to_vec();
        if let Some(shift) = &self.shift {
            shift.incoming(&mut packet);
        }
        let given = self.endpoint.handle(now, SYNTHETIC_ADDRESS, None, Bytes::from(packet));
        if let Some((handle, DatagramEvent::AssociationEvent(event))) = given
            && handle == self.handle
        {
            self.association.handle_event(event);
        }
        self.process(now);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.association.handle_timeout(now);
        self.process(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.association.poll_timeout()
    }

    /// The SCTP packets to be sent.
    pub fn drain(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let association = &mut self.association;
        // Refused before we know that the association stands.
        self.owes.retain(|id| {
            let dcep = PayloadProtocolIdentifier::Dcep;
            association
                .stream(*id)
                .is_ok_and(|mut one| one.write_with_ppi(now, &[2], dcep).is_err())
        });
        let mut packets = Vec::new();
        while let Some(transmit) = self.association.poll_transmit(now) {
            if let Payload::RawEncode(raw) = transmit.message {
                packets.extend(raw.into_iter().map(|packet| packet.to_vec()));
            }
        }
        if let Some(shift) = &mut self.shift {
            packets.iter_mut().for_each(|packet| shift.outgoing(packet));
        }
        packets
    }

    /// Sends a message; false while no channel of that label is open.
    pub fn send(&mut self, label: &str, data: &[u8], now: Instant) -> bool {
        let Some((stream, _)) = self.open.iter().find(|(_, known)| known == label) else {
            return false;
        };
        let binary = PayloadProtocolIdentifier::Binary;
        let written = self
            .association
            .stream(*stream)
            .and_then(|mut stream| stream.write_with_ppi(now, data, binary));
        written.is_ok()
    }

    /// A received message with its channel's label.
    pub fn poll_message(&mut self) -> Option<(String, Vec<u8>)> {
        self.messages.pop_front()
    }

    /// Whether a channel of this label is open, no matter who opened it.
    #[must_use]
    pub fn is_open(&self, label: &str) -> bool {
        self.open.iter().any(|(_, known)| known == label)
    }

    /// Leaves what comes unread from now on, as an application that hangs, until the window closes; or goes on.
    pub fn hang(&mut self, is_hanging: bool) {
        self.is_hanging = is_hanging;
        for id in self.association.stream_ids() {
            self.read(id);
        }
    }

    fn process(&mut self, now: Instant) {
        while let Some(event) = self.association.poll() {
            match event {
                Event::Connected => self.is_connected = true,
                Event::Stream(StreamEvent::Readable { id }) => self.read(id),
                _ => {}
            }
        }
        if self.is_connected {
            for label in std::mem::take(&mut self.wanted) {
                self.open_channel(label, now);
            }
        }
    }

    fn read(&mut self, id: StreamId) {
        while !self.is_hanging
            && let Ok(Some(chunks)) =
                self.association.stream(id).and_then(|mut one| one.read_sctp())
        {
            let data = chunks.to_payload(1 << 20).expect("a message of our server").to_vec();
            if chunks.ppi == PayloadProtocolIdentifier::Dcep {
                if let Ok(Message::DataChannelOpen(open)) = Message::unmarshal(&mut &data[..]) {
                    assert_ne!(id % 2, self.next_stream % 2, "a stream that is ours to open");
                    self.owes.push(id);
                    self.open.push((id, String::from_utf8_lossy(&open.label).into_owned()));
                }
            } else if let Some((_, label)) = self.open.iter().find(|(known, _)| *known == id) {
                self.messages.push_back((label.clone(), data));
            }
        }
    }

    fn open_channel(&mut self, label: &'static str, now: Instant) {
        let id = self.next_stream;
        self.next_stream += 2;
        let is_lossy = label != "_reliable";
        let channel_type = if is_lossy {
            ChannelType::PartialReliableRexmitUnordered
        } else {
            ChannelType::Reliable
        };
        let open = Message::DataChannelOpen(DataChannelOpen {
            channel_type,
            priority: 256,
            reliability_parameter: 0,
            label: label.as_bytes().to_vec(),
            protocol: Vec::new(),
        });
        let bytes = open.marshal().expect("an OPEN");
        let binary = PayloadProtocolIdentifier::Binary;
        self.association.open_stream(id, binary).expect("a free stream");
        let mut stream = self.association.stream(id).expect("the stream just opened");
        stream
            .write_with_ppi(now, &bytes, PayloadProtocolIdentifier::Dcep)
            .expect("an association that stands");
        if is_lossy {
            let _ = stream.set_reliability_params(true, ReliabilityType::Rexmit, 0);
        }
        self.open.push((id, label.to_owned()));
    }
}
