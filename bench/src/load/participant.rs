//! One participant: a virtual client with a socket for each of its connections.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use sfu::{
    rtp::ids::Ssrc,
    words::{command::Request, event::Message},
};
use sim::{ClientConfig, Identity, Side, VirtualClient};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    check::StreamCheck,
    dialect::News,
    relay::{self, Relay},
    signalling::{Ask, Protocol},
};
use crate::{
    histogram::Histogram,
    kernel::{self, Message as Datagram, Outbox, Piece, Receiving},
    scenario::Role,
};

/// Both connections of a client, in the order of their sockets.
pub(super) const SIDES: [Side; 2] = [Side::Publisher, Side::Subscriber];

/// Slots for what a client sends at once: key frames of three layers and a microphone.
pub(super) const SLOTS: usize = 64;

/// See the module.
pub(super) struct Participant {
    pub(super) client: VirtualClient,
    pub(super) role: Role,
    sockets: [UdpSocket; 2],
    /// Through which all of its media goes, if through any.
    relay: Option<Relay>,
    is_connected: [bool; 2],
    trickled: [Option<SocketAddr>; 2],
    ask: UnboundedSender<Ask>,
    /// Addresses of ours that the server has not been told.
    own: [Option<SocketAddr>; 2],
    /// Without these sides open it is not there.
    needs: [bool; 2],
    /// When its socket began to open.
    pub(super) came: Option<Instant>,
    /// When both its connections stood.
    pub(super) joined: Option<Instant>,
    is_leaving: bool,
    /// Why it is not there.
    pub(super) failure: Option<String>,
    /// When its turn comes next.
    pub(super) due: Option<Instant>,
    pub(super) checks: HashMap<Ssrc, StreamCheck, foldhash::fast::RandomState>,
    /// Sends that the kernel refused.
    pub(super) send_errors: u64,
}

impl Participant {
    /// Somebody who has not come yet.
    pub(super) fn new(
        role: Role,
        identity: &Identity,
        seed: u64,
        ask: UnboundedSender<Ask>,
        relay: Option<Relay>,
        (epoch, now): (Instant, Instant),
    ) -> Result<Self> {
        let config = ClientConfig {
            identity: identity.clone(),
            seed,
            keeps_messages: false,
            keeps_deliveries: true,
            wraps_tsn: false,
            is_dtls_server: false,
            is_single: false,
            attends: false,
            feedback: sim::client::Feedback::TransportCc,
        };
        let receiving = Receiving { buffer_bytes: 512 * 1024, offload: false, timestamps: true };
        let from = relay.as_ref().map_or(Ipv4Addr::UNSPECIFIED, |relay| relay.from);
        let open =
            || kernel::open((from, 0).into(), receiving).context("opening a participant's socket");
        Ok(Self {
            client: VirtualClient::new(config, epoch, now),
            role,
            sockets: [open()?, open()?],
            relay,
            is_connected: [false; 2],
            trickled: [None; 2],
            ask,
            own: [None; 2],
            needs: [true; 2],
            came: None,
            joined: None,
            is_leaving: false,
            failure: None,
            due: None,
            checks: HashMap::default(),
            send_errors: 0,
        })
    }

    /// Prepares for the kind of server. LiveKit's learn an address of ours when it is trickled; others find it in the
    /// description, and have no connections that carry nothing.
    pub(super) fn adapt(
        &mut self,
        protocol: Protocol,
        hears_others: bool,
        ip: IpAddr,
    ) -> Result<()> {
        for (place, socket) in self.sockets.iter().enumerate() {
            let port = socket.local_addr().context("asking a socket for its port")?.port();
            let address = Some(SocketAddr::new(ip, port));
            match protocol {
                Protocol::Livekit => self.own[place] = address,
                Protocol::Janus => self.client.transport(SIDES[place]).candidate = address,
            }
        }
        if protocol == Protocol::Janus {
            self.needs = [self.role.publishes, hears_others];
        }
        Ok(())
    }

    /// The socket of a side.
    pub(super) fn socket(&self, side: usize) -> &UdpSocket {
        &self.sockets[side]
    }

    /// Takes what signalling tells.
    pub(super) fn on_news(&mut self, news: News, now: Instant) {
        if self.is_leaving {
            // Whatever answers our farewell, and however: we have gone.
            return;
        }
        match news {
            News::Came(at) => self.came = Some(at),
            News::Candidate(side, address) => {
                self.trickled[usize::from(side == Side::Subscriber)].get_or_insert(address);
            }
            News::Admitted => {
                let tracks: Vec<_> = self.role.tracks().collect();
                self.client.publish_by_offer(&tracks);
            }
            News::Message(message) => {
                if matches!(*message, Message::Joined(_)) {
                    for track in self.role.tracks() {
                        self.client.publish(track);
                    }
                }
                self.client.handle_message(*message, now);
            }
            News::Gone(why) => {
                self.failure.get_or_insert(why);
            }
        }
        if let Some((reason, _)) = self.client.left {
            self.failure.get_or_insert(format!("the server said leave: {reason:?}"));
        }
        if !self.client.track_refusals.is_empty() {
            self.failure.get_or_insert("the server refused a track".to_owned());
        }
    }

    /// Takes a datagram that came to one of its sockets. What comes after it left is nobody's any more: it is not
    /// judged.
    pub(super) fn on_datagram(
        &mut self,
        side: usize,
        from: SocketAddr,
        bytes: &mut [u8],
        at: Instant,
    ) {
        if !self.is_leaving {
            self.client.handle_datagram(SIDES[side], from, bytes, at);
        }
    }

    /// Notes that it is there, once it is.
    pub(super) fn note_joined(&mut self, now: Instant) -> bool {
        let sides = [&self.client.publisher, &self.client.subscriber];
        let is_open = sides.iter().zip(self.needs).all(|(side, needed)| !needed || side.is_open());
        if self.joined.is_none() && is_open && self.failure.is_none() {
            self.joined = Some(now);
            return true;
        }
        false
    }

    /// Sends whatever it has to say, and says when its turn comes next.
    pub(super) fn speak(&mut self, outbox: &mut Outbox, now: Instant) {
        while let Some(request) = self.client.poll_request() {
            let described = match request {
                sim::Asking::Offer { .. } => Some(Side::Publisher),
                sim::Asking::Answer { .. } => Some(Side::Subscriber),
                sim::Asking::Other(_) => None,
            };
            // A closed socket is told by its own news.
            let _ = self.ask.send(Ask::Request(request));
            if let Some(side) = described {
                let place = usize::from(side == Side::Subscriber);
                if let Some(address) = self.own[place].take() {
                    let _ = self.ask.send(Ask::Candidate(side, address));
                }
            }
        }
        let front = if self.relay.is_some() { relay::FRONT_BYTES } else { 0 };
        loop {
            let mut pieces: [Vec<Piece>; 2] = [Vec::new(), Vec::new()];
            let mut slot = 0;
            while slot < outbox.slots() {
                let room = &mut outbox.slot(slot)[front..];
                let Some((side, len)) = self.client.poll_transmit(room, now) else { break };
                if front > 0 {
                    relay::write_front(outbox.slot(slot), len);
                }
                let piece = Piece { slot, len: front + len };
                pieces[usize::from(side == Side::Subscriber)].push(piece);
                slot += 1;
            }
            for (side, pieces) in pieces.iter().enumerate() {
                self.send(side, pieces, outbox);
            }
            if slot < outbox.slots() {
                break;
            }
        }
        self.due = self.client.poll_timeout(now);
    }

    fn send(&mut self, side: usize, pieces: &[Piece], outbox: &mut Outbox) {
        if pieces.is_empty() || !self.connect(side) {
            return;
        }
        // Each its own datagram: browsers do not offload.
        let messages: Vec<_> =
            (0..pieces.len()).map(|first| Datagram { to: None, first, count: 1 }).collect();
        let sent = outbox.send(&self.sockets[side], pieces, &messages);
        self.send_errors += sent.errors;
    }

    /// Chooses the server's address: what the description says, else what was trickled, else where its checks come from;
    /// IPv4 on this socket.
    fn connect(&mut self, side: usize) -> bool {
        if !self.is_connected[side] {
            let transport = self.client.transport(SIDES[side]);
            let told = transport.remote().into_iter().flat_map(|remote| &remote.candidates);
            let known = told.copied().chain(self.trickled[side]).chain(transport.reflexive());
            let Some(address) = { known }.find(SocketAddr::is_ipv4) else { return false };
            let socket = &self.sockets[side];
            self.is_connected[side] = socket.connect(address).is_ok();
            if let Some(relay) = &self.relay
                && let Err(error) = relay.open(socket, address)
            {
                self.failure.get_or_insert(format!("{error:#}"));
            }
        }
        self.is_connected[side]
    }

    /// The packet in what has come: itself, or what was relayed.
    pub(super) fn unwrap<'b>(&self, bytes: &'b mut [u8]) -> Option<&'b mut [u8]> {
        if self.relay.is_some() { relay::unwrap(bytes) } else { Some(bytes) }
    }

    /// Checks what media brought; latency is recorded while measuring. Answers how many packets there were, and how
    /// many more or fewer are missing now.
    pub(super) fn take_deliveries(
        &mut self,
        epoch: Instant,
        latency: Option<&mut Histogram>,
    ) -> (u64, i64) {
        let count = self.client.deliveries.len() as u64;
        if let Some(latency) = latency {
            for delivery in &self.client.deliveries {
                if let (Some(stamp), false) = (delivery.stamp, delivery.is_retransmission) {
                    let made = epoch + Duration::from_nanos(stamp.made_ns);
                    latency.record(delivery.at.saturating_duration_since(made));
                }
            }
        }
        let mut lost = 0;
        for delivery in &self.client.deliveries {
            let check = self.checks.entry(delivery.ssrc).or_default();
            let before = check.counts.lost;
            check.on_delivery(delivery);
            lost += check.counts.lost.cast_signed() - before.cast_signed();
        }
        self.client.deliveries.clear();
        (count, lost)
    }

    /// Ends what it sends.
    pub(super) fn fall_silent(&mut self) {
        for layer in self.client.tracks.iter_mut().flat_map(|track| &mut track.layers) {
            layer.stop();
        }
    }

    /// Goes home.
    pub(super) fn leave(&mut self) {
        self.is_leaving = true;
        // Whose socket is closed has left.
        let _ = self.ask.send(Ask::Request(Request::Leave.into()));
    }

    /// When the first picture (without cameras: sound) of anyone was complete.
    pub(super) fn first_frame(&self, has_video: bool) -> Option<Instant> {
        let streams = self.client.streams.iter().filter(|stream| stream.is_video == has_video);
        streams.filter_map(|stream| stream.first_frame).min()
    }
}
