//! A virtual client: what livekit-client and a browser do together, without I/O.
//!
//! ```text
//!   join ─► handle_message ◄─ signalling ─► poll_request          the words of sfu::words::command
//!           handle_datagram ◄─ network ───► poll_transmit         two connections, each with its own address
//!           handle_timeout ◄── clock ─────► poll_timeout
//! ```
//!
//! After every input: drain [`VirtualClient::poll_request`] and [`VirtualClient::poll_transmit`], then ask
//! [`VirtualClient::poll_timeout`]. What media delivered stands in [`VirtualClient::deliveries`], which the owner clears
//! when it likes. Sending and receiving media allocates nothing once the streams run.

mod signalling;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use protocol::{
    ids::{ParticipantSid, TrackSid},
    permission::TrackSource,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    connection::srtp::SrtpError,
    rtp::{
        extension::{ExtensionMap, ExtensionValues},
        header::{RtpHeader, is_rtcp, unpadded},
        ids::{Seq, Ssrc},
        rtcp::{self, RtcpPacket},
        rtx,
        twcc::ArrivalRecorder,
    },
    words::{
        command::{AddTrack, Request, SimulcastCodec},
        event::{JoinRefusal, LeaveAction, Message, Outcome},
        info::{LeaveReason, MediaKind, ParticipantInfo, Speaker, VideoLayer, VideoQuality},
    },
};

pub use self::signalling::Asking;
use crate::{
    incoming::{Delivery, IncomingStream},
    outgoing::{Layer, LayerSpec, PublishedTrack, SIMULCAST, Wire},
    transport::{Identity, Side, Transport, child_rng},
};

/// Between receiver and sender reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Round trip assumed when asking again.
const RTT_ASSUMED: Duration = Duration::from_millis(60);
/// Most numbers in one NACK.
const NACKS_PER_PACKET_MAX: usize = 200;

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
}

/// A section of our offers. As a browser does, we use one that was rejected again, under another mid.
struct Slot {
    mid: u32,
    track: usize,
    is_rejected: bool,
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
    /// The connection on which we offer.
    pub publisher: Transport,
    /// The connection on which the server offers.
    pub subscriber: Transport,
    config: ClientConfig,
    epoch: Instant,
    rng: StdRng,
    requests: VecDeque<Asking>,
    by_ssrc: HashMap<Ssrc, (usize, bool)>,
    outgoing_extensions: ExtensionMap,
    incoming_extensions: ExtensionMap,
    transport_seq: u16,
    arrivals: ArrivalRecorder,
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
            epoch,
            requests: VecDeque::new(),
            by_ssrc: HashMap::new(),
            outgoing_extensions: ExtensionMap::new(),
            incoming_extensions: ExtensionMap::new(),
            transport_seq: rng.random(),
            arrivals: ArrivalRecorder::default(),
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
            Side::Publisher => &mut self.publisher,
            Side::Subscriber => &mut self.subscriber,
        }
    }

    /// The address of a connection as the server sees it.
    #[must_use]
    pub fn mapped_address(&self, side: Side) -> Option<SocketAddr> {
        match side {
            Side::Publisher => self.publisher.mapped,
            Side::Subscriber => self.subscriber.mapped,
        }
    }

    // What the application wants.

    /// Announces a track; it flows once the server answered the offer that follows. Answers its place in
    /// [`tracks`](Self::tracks).
    pub fn publish(&mut self, spec: TrackSpec) -> usize {
        let (place, announcement) = self.add(spec);
        self.requests.push_back(Request::AddTrack(Box::new(announcement)).into());
        place
    }

    /// Announces a track under the id of one that was published before, as livekit-client does with a track that the
    /// application keeps. In the SDP it has an id of its own: browsers give the same track another each time.
    pub fn publish_again(&mut self, track: usize, spec: TrackSpec) -> usize {
        let (place, mut announcement) = self.add(spec);
        let cid = self.tracks[track].cid.clone();
        self.tracks[place].cid.clone_from(&cid);
        announcement.cid = cid;
        self.requests.push_back(Request::AddTrack(Box::new(announcement)).into());
        place
    }

    /// Offers all tracks at once and no data channels: for servers without announcements.
    pub fn publish_by_offer(&mut self, specs: &[TrackSpec]) {
        self.publisher.forgo_channels();
        self.subscriber.forgo_channels();
        self.offers_data = false;
        for spec in specs {
            let (place, _) = self.add(*spec);
            self.tracks[place].sid = TrackSid::try_from(format!("TR_{place}")).ok();
        }
        if !specs.is_empty() {
            self.offer();
        }
    }

    fn add(&mut self, spec: TrackSpec) -> (usize, AddTrack) {
        let place = self.tracks.len();
        let is_video = spec != TrackSpec::Microphone;
        let source = match spec {
            TrackSpec::Microphone => TrackSource::Microphone,
            TrackSpec::Camera | TrackSpec::PlainCamera | TrackSpec::CameraOf { .. } => {
                TrackSource::Camera
            }
            TrackSpec::Screen => TrackSource::ScreenShare,
        };
        let one = |bitrate_bps| [LayerSpec { rid: None, bitrate_bps, fps: 30 }];
        let specs: Vec<LayerSpec> = match spec {
            TrackSpec::Camera => SIMULCAST.to_vec(),
            TrackSpec::Screen => one(1_500_000).to_vec(),
            TrackSpec::CameraOf { bitrate_bps, fps } => {
                vec![LayerSpec { rid: None, bitrate_bps, fps }]
            }
            TrackSpec::Microphone | TrackSpec::PlainCamera => one(500_000).to_vec(),
        };
        let tag = self.rng.random();
        let layers = (0..)
            .zip(&specs)
            .map(|(index, spec)| Layer::new(*spec, index, tag, is_video, &mut self.rng))
            .collect();
        let cid = format!("track-{place}");
        let announcement = add_track(&cid, is_video, source, &specs);
        self.tracks.push(PublishedTrack {
            msid: cid.clone(),
            cid,
            sid: None,
            source,
            is_video,
            is_muted: false,
            is_removed: false,
            level_dbov: 20,
            negotiated: None,
            layers,
        });
        (place, announcement)
    }

    /// Takes a track back: its section becomes inactive.
    pub fn unpublish(&mut self, track: usize) {
        self.tracks[track].is_removed = true;
        self.tracks[track].layers.iter_mut().for_each(Layer::stop);
        self.offer();
    }

    /// Mutes or unmutes an own track: it stops sending, and the server is told.
    pub fn mute(&mut self, track: usize, is_muted: bool, now: Instant) {
        let one = &mut self.tracks[track];
        one.is_muted = is_muted;
        for layer in &mut one.layers {
            if is_muted { layer.stop() } else { layer.start(now) }
        }
        if let Some(sid) = one.sid.clone() {
            self.requests.push_back(Request::Mute { track: sid, muted: is_muted }.into());
        }
    }

    /// Asks for a key frame of a stream.
    pub fn request_key_frame(&mut self, stream: usize) {
        let media = self.streams[stream].ssrc;
        self.send_pli(media);
    }

    /// Asks for a key frame of whatever has this SSRC.
    pub fn send_pli(&mut self, media: Ssrc) {
        if let Some(len) = rtcp::write_pli(&mut self.scratch, self.own_ssrc, media) {
            self.subscriber.queue_rtcp(&mut self.scratch, len);
        }
    }

    /// Asks for packets again.
    pub fn send_nack(&mut self, media: Ssrc, seqs: &[Seq]) {
        if let Some(len) = rtcp::write_nack(&mut self.scratch, self.own_ssrc, media, seqs) {
            self.subscriber.queue_rtcp(&mut self.scratch, len);
        }
    }

    /// Sends any RTCP over a connection.
    pub fn send_rtcp(&mut self, side: Side, compound: &[u8]) {
        let mut packet = [0; 1500];
        packet[..compound.len()].copy_from_slice(compound);
        self.transport(side).queue_rtcp(&mut packet, compound.len());
    }

    /// Sends a data message; false while the channel is not open.
    pub fn send_data(&mut self, label: &str, data: &[u8], now: Instant) -> bool {
        self.publisher.send_data(label, data, now)
    }

    /// Leaves data messages unread, as an application that hangs, until the window closes; or goes on reading.
    pub fn hang(&mut self, is_hanging: bool) {
        if let Some(channels) = &mut self.subscriber.channels {
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
            Some(128..=191) if side == Side::Subscriber => self.on_rtp(datagram, now),
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
        let Some(keys) = &mut self.subscriber.keys else { return };
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
        if let Some(seq) = values.transport_cc {
            self.arrivals.on_packet(seq, now);
        }
        let Some((place, is_rtx)) = self.by_ssrc.get(&header.ssrc).copied() else { return };
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

    fn on_rtcp(&mut self, side: Side, datagram: &mut [u8], now: Instant) {
        let Some(keys) = &mut self.transport(side).keys else { return };
        let len = match keys.receiver.unprotect_rtcp(datagram) {
            Ok(len) => len,
            Err(SrtpError::Replay) => {
                self.replays += 1;
                return;
            }
            Err(_) => {
                self.unauthentic += 1;
                return;
            }
        };
        for packet in rtcp::packets(&datagram[..len]) {
            match packet.expect("the server's RTCP can be read") {
                RtcpPacket::Nack { media, pairs, .. } => {
                    if let Some(layer) = layer_of(&mut self.tracks, media) {
                        pairs.for_each(|seq| layer.on_nack(seq));
                    }
                }
                RtcpPacket::Pli { media, .. } => {
                    if let Some(layer) = layer_of(&mut self.tracks, media) {
                        layer.wants_key = true;
                        layer.key_frame_requests.push(now);
                    }
                }
                RtcpPacket::TransportCc { .. } => self.feedback_packets += 1,
                RtcpPacket::SenderReport { sender, ntp, .. } => {
                    self.reports += 1;
                    if let Some((place, false)) = self.by_ssrc.get(&sender) {
                        self.streams[*place].reception.on_sender_report(ntp, now);
                    }
                }
                RtcpPacket::ReceiverReport { .. } => self.reports += 1,
                _ => {}
            }
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
        self.ask_again(now);
        if self.arrivals.due(now) {
            while let Some(len) =
                self.arrivals.build(&mut self.scratch[..1200], self.own_ssrc, Ssrc(0), now)
            {
                self.subscriber.queue_rtcp(&mut self.scratch, len);
            }
        }
        if self.report_due <= now {
            self.report_due = now + REPORT_INTERVAL;
            self.report(now);
        }
    }

    fn ask_again(&mut self, now: Instant) {
        for stream in &mut self.streams {
            if stream.rtx.is_none() || !stream.is_active {
                continue;
            }
            self.missing.clear();
            stream.nack.due(now, RTT_ASSUMED, &mut self.missing);
            let is_hopeless = stream.nack.lost_too_much();
            if !stream.asks_again {
                continue;
            }
            for seqs in self.missing.chunks(NACKS_PER_PACKET_MAX) {
                let len = rtcp::write_nack(&mut self.scratch, self.own_ssrc, stream.ssrc, seqs);
                self.subscriber.queue_rtcp(&mut self.scratch, len.expect("room for a NACK"));
            }
            if is_hopeless
                && let Some(len) = rtcp::write_pli(&mut self.scratch, self.own_ssrc, stream.ssrc)
            {
                self.subscriber.queue_rtcp(&mut self.scratch, len);
            }
        }
    }

    fn report(&mut self, now: Instant) {
        let streams =
            self.streams.iter_mut().filter(|one| one.is_active && one.first_packet.is_some());
        let blocks: Vec<_> = streams.map(|one| one.reception.report(one.ssrc, now)).collect();
        for blocks in blocks.chunks(24) {
            let len = rtcp::write_receiver_report(&mut self.scratch, self.own_ssrc, blocks);
            self.subscriber.queue_rtcp(&mut self.scratch, len.expect("room for a report"));
        }
        let since = now.saturating_duration_since(self.epoch) + Duration::from_secs(1 << 20);
        let ntp =
            (since.as_secs() << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000);
        for layer in self.tracks.iter().flat_map(|track| &track.layers) {
            if let Some(len) = layer.write_report(&mut self.scratch, ntp) {
                self.publisher.queue_rtcp(&mut self.scratch, len);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) and then [`poll_transmit`](Self::poll_transmit) have something to
    /// do.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let transports = [self.publisher.poll_timeout(), self.subscriber.poll_timeout()];
        let is_open = self.publisher.is_open() || self.subscriber.is_open();
        let media =
            self.sending().flat_map(|track| &track.layers).filter_map(|one| one.poll_timeout(now));
        let asks = self.streams.iter().filter(|one| one.is_active && one.rtx.is_some());
        let asks = asks.filter_map(|one| one.nack.poll_timeout());
        let feedback = self.arrivals.poll_timeout();
        let rest = media.chain(asks).chain(feedback).chain([self.report_due]);
        transports.into_iter().flatten().chain(rest.filter(|_| is_open)).min()
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
            for layer in &mut track.layers {
                let level = track.level_dbov;
                if let Some(len) = layer.poll_transmit(out, negotiated, level, &mut wire, now) {
                    return Some((Side::Publisher, len));
                }
            }
        }
        None
    }
}

fn layer_of(tracks: &mut [PublishedTrack], ssrc: Ssrc) -> Option<&mut Layer> {
    tracks.iter_mut().flat_map(|track| &mut track.layers).find(|layer| layer.ssrc == ssrc)
}

fn add_track(cid: &str, is_video: bool, source: TrackSource, specs: &[LayerSpec]) -> AddTrack {
    let sizes = [
        (VideoQuality::Low, 320, 180),
        (VideoQuality::Medium, 640, 360),
        (VideoQuality::High, 1280, 720),
    ];
    let layers = sizes.iter().zip(specs).map(|((quality, width, height), spec)| VideoLayer {
        quality: *quality,
        width: *width,
        height: *height,
        bitrate_bps: spec.bitrate_bps,
        ssrc: 0,
    });
    let codec = SimulcastCodec { codec: "vp8".to_owned(), cid: cid.to_owned() };
    AddTrack {
        cid: cid.to_owned(),
        name: String::new(),
        kind: if is_video { MediaKind::Video } else { MediaKind::Audio },
        source,
        muted: false,
        width: if is_video { 1280 } else { 0 },
        height: if is_video { 720 } else { 0 },
        layers: layers.filter(|_| is_video).collect(),
        codecs: is_video.then_some(codec).into_iter().collect(),
        encryption: 0,
        stream: String::new(),
        disable_red: false,
        audio_features: Vec::new(),
        existing: None,
    }
}
