//! A virtual client: what livekit-client and a browser do together, without I/O.
//!
//! ```text
//!   join ─► handle_message ◄─ signalling ─► poll_request          the words of sfu::words::command
//!           handle_datagram ◄─ network ───► poll_transmit         two connections, each with its own address; or one
//!           handle_timeout ◄── clock ─────► poll_timeout
//! ```
//!
//! After every input: drain [`VirtualClient::poll_request`] and [`VirtualClient::poll_transmit`], then ask
//! [`VirtualClient::poll_timeout`]. What media delivered stands in [`VirtualClient::deliveries`], which the owner clears
//! when it likes. Sending and receiving media allocates nothing once the streams run.

mod feedback;
mod publishing;
mod signalling;
mod uplink;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use protocol::ids::{ParticipantSid, TrackSid};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    connection::srtp::SrtpError,
    rtp::{
        extension::{ExtensionMap, ExtensionValues},
        header::{RtpHeader, is_rtcp, unpadded},
        ids::{Seq, Ssrc},
        rtx,
        twcc::ArrivalRecorder,
    },
    words::{
        event::{JoinRefusal, LeaveAction, Message, Outcome},
        info::{LeaveReason, ParticipantInfo, Speaker},
    },
};

pub use self::signalling::Asking;
use self::{feedback::Bandwidth, uplink::Uplink};
use crate::{
    delivery::Delivery,
    incoming::IncomingStream,
    outgoing::{PublishedTrack, Wire},
    transport::{Identity, Side, Transport, child_rng},
};

/// Between receiver and sender reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackSpec {
    /// Opus.
    Microphone,
    /// VP8 with three layers.
    Camera,
    /// VP8 with one layer of 500 kbit/s.
    PlainCamera,
    /// VP8 with one layer of 1.5 Mbit/s.
    Screen,
    /// VP8 with three layers of three temporal layers each, as large as a moving picture makes them; it adapts to the line
    /// and to what the server wants.
    LiveCamera,
    /// Opus, repeated in the next packet (RED).
    LiveMicrophone {
        /// Nothing is sent in pauses of speech.
        dtx: bool,
        /// Of the sound alone, 12,000 at least.
        bitrate_bps: u32,
    },
    /// VP8 with one layer of a rate of one's own.
    CameraOf {
        /// Mean rate of payload.
        bitrate_bps: u32,
        /// Frames per second.
        fps: u32,
    },
}

/// What a client is told at start.
#[derive(Clone)]
pub struct ClientConfig {
    /// Its certificate.
    pub identity: Identity,
    /// Decides all its choices.
    pub seed: u64,
    /// Keep every message of the server.
    pub keeps_messages: bool,
    /// Keep every delivery.
    pub keeps_deliveries: bool,
    /// SCTP numbers begin just below 2^32.
    pub wraps_tsn: bool,
    /// Wants to be the DTLS server of both connections, as Pion towards an ICE-lite peer.
    pub is_dtls_server: bool,
    /// Has one connection, on which it offers, publishes and receives: [`VirtualClient::publisher`].
    pub is_single: bool,
    /// Looks at and listens to what it receives, and asks for key frames as a browser does.
    pub attends: bool,
    /// How it tells what its line carries.
    pub feedback: Feedback,
}

/// How a receiver tells what its line carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Feedback {
    /// Transport-wide feedback: browsers.
    #[default]
    TransportCc,
    /// An estimate of its own (REMB): older and smaller clients, which refuse the other.
    Remb,
}

/// A section of our offers. As a browser does, we use one that was rejected again, under another mid.
struct Slot {
    mid: u32,
    carries: Carries,
    is_rejected: bool,
}

/// What a section is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// A track of ours.
    Track(usize),
    /// Whatever the server sends, on an only connection.
    Received { is_video: bool },
}

/// See the module.
pub struct VirtualClient {
    /// Who the server says that we are.
    pub sid: Option<ParticipantSid>,
    /// Everyone else as last told, those who left too.
    pub participants: BTreeMap<ParticipantSid, ParticipantInfo>,
    /// Why the join was refused.
    pub refused: Option<JoinRefusal>,
    /// Why we must leave.
    pub left: Option<(LeaveReason, LeaveAction)>,
    /// Who speaks.
    pub speakers: BTreeMap<ParticipantSid, Speaker>,
    /// Messages of the server, oldest first, if they are kept.
    pub messages: Vec<Message>,
    /// Packets, in order of arrival, if they are kept.
    pub deliveries: Vec<Delivery>,
    /// Data messages with the label of their channel.
    pub data: Vec<(String, Vec<u8>)>,
    /// What is published.
    pub tracks: Vec<PublishedTrack>,
    /// What is received.
    pub streams: Vec<IncomingStream>,
    /// `add_track`s that were refused.
    pub track_refusals: Vec<Outcome>,
    /// Packets whose SRTP index had come before: duplicates of the network, or of the server.
    pub replays: u64,
    /// SRTP and SRTCP that did not authenticate.
    pub unauthentic: u64,
    /// Feedback packets of the server about what we send.
    pub feedback_packets: u64,
    /// Reports of the server, either kind.
    pub reports: u64,
    /// Answers the next offer with this instead: a hostile or broken client.
    pub answers_with: Option<String>,
    /// Offers that the server asks for are not made: a broken client.
    pub ignores_requests: bool,
    /// The connection on which we offer, perhaps the only one.
    pub publisher: Transport,
    /// The connection on which the server offers. Never used by a client with one.
    pub subscriber: Transport,
    /// Sections that the server asked for, beyond those that were there at first: for sound, for pictures.
    pub sections_wanted: (u32, u32),
    config: ClientConfig,
    epoch: Instant,
    rng: StdRng,
    requests: VecDeque<Asking>,
    by_ssrc: HashMap<Ssrc, (usize, bool)>,
    outgoing_extensions: ExtensionMap,
    incoming_extensions: ExtensionMap,
    transport_seq: u16,
    arrivals: ArrivalRecorder,
    bandwidth: Bandwidth,
    uplink: Option<Uplink>,
    slots: Vec<Slot>,
    next_mid: u32,
    next_offer: u32,
    outstanding_offer: Option<u32>,
    must_offer: bool,
    offers_data: bool,
    report_due: Instant,
    missing: Vec<Seq>,
    scratch: Vec<u8>,
    own_ssrc: Ssrc,
}

impl VirtualClient {
    /// A client that has not joined. Stamps count nanoseconds from `epoch`.
    #[must_use]
    pub fn new(config: ClientConfig, epoch: Instant, now: Instant) -> Self {
        let mut rng = StdRng::seed_from_u64(config.seed);
        let identity = &config.identity;
        let channels: &[&str] = &["_reliable", "_lossy", "_data_track"];
        let mut publisher = Transport::new(identity, channels, child_rng(&mut rng), now);
        publisher.wraps_tsn = config.wraps_tsn;
        let mut subscriber = Transport::new(identity, &[], child_rng(&mut rng), now);
        (publisher.is_dtls_server, subscriber.is_dtls_server) =
            (config.is_dtls_server, config.is_dtls_server);
        publisher.offers = true;
        Self {
            sid: None,
            participants: BTreeMap::new(),
            refused: None,
            left: None,
            speakers: BTreeMap::new(),
            messages: Vec::new(),
            deliveries: Vec::new(),
            data: Vec::new(),
            tracks: Vec::new(),
            streams: Vec::new(),
            track_refusals: Vec::new(),
            replays: 0,
            unauthentic: 0,
            feedback_packets: 0,
            reports: 0,
            answers_with: None,
            publisher,
            subscriber,
            sections_wanted: (0, 0),
            ignores_requests: false,
            epoch,
            requests: VecDeque::new(),
            by_ssrc: HashMap::new(),
            outgoing_extensions: ExtensionMap::new(),
            incoming_extensions: ExtensionMap::new(),
            transport_seq: rng.random(),
            arrivals: ArrivalRecorder::default(),
            bandwidth: Bandwidth::new(now),
            uplink: None,
            slots: Vec::new(),
            next_mid: 1,
            next_offer: 1,
            outstanding_offer: None,
            must_offer: false,
            offers_data: true,
            report_due: now + REPORT_INTERVAL,
            missing: Vec::new(),
            scratch: vec![0; 1500],
            own_ssrc: Ssrc(rng.random()),
            rng,
            config,
        }
    }

    /// The connection of a side.
    pub fn transport(&mut self, side: Side) -> &mut Transport {
        match side {
            Side::Subscriber if !self.config.is_single => &mut self.subscriber,
            Side::Publisher | Side::Subscriber => &mut self.publisher,
        }
    }

    /// Whether there is one connection for both sides.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.config.is_single
    }

    /// Whether all its connections stand.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.publisher.is_open() && (self.config.is_single || self.subscriber.is_open())
    }

    /// The connection on which we receive.
    fn receiving(&mut self) -> &mut Transport {
        self.transport(Side::Subscriber)
    }

    /// Sends the RTCP packet in the scratch buffer over the connection on which we receive.
    fn send_feedback(&mut self, len: usize) {
        let is_single = self.config.is_single;
        let receiving = if is_single { &mut self.publisher } else { &mut self.subscriber };
        receiving.queue_rtcp(&mut self.scratch, len);
    }

    /// The address of a connection as the server sees it.
    #[must_use]
    pub fn mapped_address(&self, side: Side) -> Option<SocketAddr> {
        match side {
            Side::Subscriber if !self.config.is_single => self.subscriber.mapped,
            Side::Publisher | Side::Subscriber => self.publisher.mapped,
        }
    }

    // What the application wants.

    /// Sends a data message; false while the channel is not open.
    pub fn send_data(&mut self, label: &str, data: &[u8], now: Instant) -> bool {
        self.publisher.send_data(label, data, now)
    }

    /// Leaves data messages unread, as an application that hangs, until the window closes; or goes on reading.
    pub fn hang(&mut self, is_hanging: bool) {
        if let Some(channels) = &mut self.receiving().channels {
            channels.hang(is_hanging);
        }
        self.take_data(Side::Subscriber);
    }

    /// Any other request.
    pub fn request(&mut self, request: impl Into<Asking>) {
        self.requests.push_back(request.into());
    }

    /// The stream of a track of another.
    #[must_use]
    pub fn stream_of(&self, track: &TrackSid) -> Option<&IncomingStream> {
        self.streams.iter().find(|stream| stream.is_active && stream.track == *track)
    }

    // The network.

    /// Takes a datagram that came to the address of a connection; it is decrypted in place.
    pub fn handle_datagram(
        &mut self,
        side: Side,
        from: SocketAddr,
        datagram: &mut [u8],
        now: Instant,
    ) {
        match datagram.first() {
            Some(0..=3) => self.transport(side).handle_stun(from, datagram, now),
            Some(20..=63) => {
                self.transport(side).handle_dtls(datagram, now);
                self.take_data(side);
            }
            Some(128..=191) if is_rtcp(datagram) => self.on_rtcp(side, datagram, now),
            Some(128..=191) if side == Side::Subscriber || self.config.is_single => {
                self.on_rtp(datagram, now);
            }
            _ => {}
        }
    }

    fn take_data(&mut self, side: Side) {
        let mut taken = std::mem::take(&mut self.data);
        if let Some(channels) = &mut self.transport(side).channels {
            taken.extend(std::iter::from_fn(|| channels.poll_message()));
        }
        self.data = taken;
    }

    fn on_rtp(&mut self, datagram: &mut [u8], now: Instant) {
        let Some(keys) = &mut self.receiving().keys else { return };
        let Ok(header) = RtpHeader::parse(datagram) else { return };
        let (seq, len) = match keys.receiver.unprotect_rtp(datagram, &header) {
            Ok(opened) => opened,
            Err(SrtpError::Replay) => {
                self.replays += 1;
                return;
            }
            Err(_) => {
                self.unauthentic += 1;
                return;
            }
        };
        let packet = &datagram[..len];
        let values = ExtensionValues::parse(packet, header.extension, &self.incoming_extensions);
        let found = self.by_ssrc.get(&header.ssrc).copied();
        if let Some((place, is_rtx)) = found
            && !self.streams[place].belongs(is_rtx, values.mid)
        {
            return;
        }
        if let Some(seq) = values.transport_cc {
            self.arrivals.on_packet(seq, now);
        }
        if self.config.feedback == Feedback::Remb {
            self.bandwidth.on_packet(values.abs_send_time, len, now);
        }
        let Some((place, is_rtx)) = found else { return };
        let stream = &mut self.streams[place];
        let Ok(payload) = unpadded(&packet[header.len..], header.has_padding) else { return };
        let (seq, payload) = if is_rtx {
            let Some((seq, payload)) = rtx::unwrap(payload) else { return };
            let Some(seq) = stream.extend(seq) else { return };
            (seq, payload)
        } else {
            stream.reception.on_packet(seq, header.timestamp, now);
            (seq, payload)
        };
        let delivery = Delivery {
            at: now,
            ssrc: stream.ssrc,
            seq,
            timestamp: header.timestamp,
            marker: header.marker,
            pt: header.pt,
            is_retransmission: is_rtx,
            audio_level: values.audio_level,
            stamp: None,
            picture: None,
        };
        if let Some(delivery) = stream.on_packet(delivery, payload)
            && self.config.keeps_deliveries
        {
            self.deliveries.push(delivery);
        }
    }

    // The clock.

    /// Lets time pass: checks, handshakes, requests for what is missing, reports.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.publisher.handle_timeout(now);
        self.subscriber.handle_timeout(now);
        if !self.subscriber.is_open() && !self.publisher.is_open() {
            self.report_due = self.report_due.max(now);
            return;
        }
        self.attend(now);
        self.ask_again(now);
        self.tell_bandwidth(now);
        if self.arrivals.due(now) {
            while let Some(len) =
                self.arrivals.build(&mut self.scratch[..1200], self.own_ssrc, Ssrc(0), now)
            {
                self.send_feedback(len);
            }
        }
        if self.report_due <= now {
            self.report_due = now + REPORT_INTERVAL;
            self.report(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) and then [`poll_transmit`](Self::poll_transmit) have something to
    /// do.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let transports = [self.publisher.poll_timeout(), self.subscriber.poll_timeout()];
        let is_open = self.publisher.is_open() || self.subscriber.is_open();
        let media = self.sending().flat_map(|track| {
            let due = track.layers.iter().filter_map(|layer| layer.poll_timeout(now));
            due.map(|at| if track.is_paced() { at.max(self.pacer_free(now)) } else { at })
        });
        let views = self.streams.iter().filter_map(|one| one.viewer.as_ref()?.poll_timeout());
        let own = self.bandwidth.poll_timeout().filter(|_| self.config.feedback == Feedback::Remb);
        let asks = self.streams.iter().filter(|one| one.is_active && one.rtx.is_some());
        let asks = asks.filter_map(|one| one.nack.poll_timeout());
        let feedback = self.arrivals.poll_timeout();
        let rest = media.chain(asks).chain(views).chain(own).chain(feedback);
        let rest = rest.chain([self.report_due]);
        transports.into_iter().flatten().chain(rest.filter(|_| is_open)).min()
    }

    fn pacer_free(&self, now: Instant) -> Instant {
        self.uplink.as_ref().map_or(now, |uplink| uplink.free)
    }

    fn sending(&self) -> impl Iterator<Item = &PublishedTrack> {
        let is_open = self.publisher.is_open();
        self.tracks.iter().filter(move |track| is_open && track.negotiated.is_some())
    }

    /// The next datagram: which connection it leaves by, and its length in `out`, which holds 1,500 bytes. Hot.
    pub fn poll_transmit(&mut self, out: &mut [u8], now: Instant) -> Option<(Side, usize)> {
        for side in [Side::Publisher, Side::Subscriber] {
            if let Some(len) = self.transport(side).poll_transmit(out) {
                return Some((side, len));
            }
        }
        if !self.publisher.is_open() {
            return None;
        }
        let sender = &mut self.publisher.keys.as_mut()?.sender;
        let (extensions, transport_seq) = (&self.outgoing_extensions, &mut self.transport_seq);
        let mut wire = Wire { sender, extensions, transport_seq, epoch: self.epoch };
        for track in &mut self.tracks {
            let Some(negotiated) = track.negotiated else { continue };
            let is_paced = track.is_paced();
            if is_paced && self.uplink.as_ref().is_some_and(|uplink| uplink.free > now) {
                continue;
            }
            for layer in &mut track.layers {
                let (level, seq) = (track.level_dbov, *wire.transport_seq);
                if let Some(len) = layer.poll_transmit(out, negotiated, level, &mut wire, now) {
                    // What is sent again byte by byte has no number of its own.
                    if let Some(uplink) =
                        self.uplink.as_mut().filter(|_| *wire.transport_seq != seq)
                    {
                        uplink.on_sent(seq, len, is_paced, now);
                    }
                    return Some((Side::Publisher, len));
                }
            }
        }
        None
    }
}
