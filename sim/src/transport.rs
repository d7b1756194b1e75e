//! One peer connection of a client: a full ICE agent with one candidate, DTLS, SRTP, data channels. In DTLS it is the
//! client, unless the server's description says that the server is.
//!
//! ```text
//!   New ── description ──► checks until one is answered ──► DTLS ──► SRTP keys, data channels
//!                          then one check per 2.5 s (consent, RFC 7675)
//! ```
//!
//! Pure: datagrams in, datagrams out, `now` from outside. Which address they leave from is the owner's business.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration, time::Instant};

use dimpl::{Dtls, DtlsCertificate, Output};
use protocol::{
    ids::random_base62,
    stun::{self, TransactionId},
};
use rand::{Rng, RngExt, rngs::StdRng};
use sfu::connection::{
    dtls::Fingerprint,
    srtp::{SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender},
};

use crate::{channels::Channels, sdp::RemoteSide};

/// Between checks before one was answered.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Between consent checks: Chromium's.
pub const CONSENT_INTERVAL: Duration = Duration::from_millis(2500);
/// A timer this far away is none.
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// Requests whose answer may still come.
const OUTSTANDING_MAX: usize = 16;

/// Which of a client's two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The client offers and sends.
    Publisher,
    /// The server offers and sends.
    Subscriber,
}

/// A DTLS certificate with its key; many clients may share one.
#[derive(Clone)]
pub struct Identity {
    certificate: DtlsCertificate,
    config: Arc<dimpl::Config>,
    fingerprint: String,
}

impl Identity {
    /// Makes a self-signed one.
    #[must_use]
    pub fn generate() -> Self {
        let certificate =
            dimpl::certificate::generate_self_signed_certificate().expect("a certificate");
        let config = dimpl::Config::builder()
            .mtu(1200)
            .flight_start_rto(Duration::from_millis(50))
            .flight_retries(12)
            .build()
            .expect("a valid configuration");
        let fingerprint = Fingerprint::of_der(&certificate.certificate).to_string();
        Self { certificate, config: Arc::new(config), fingerprint }
    }

    /// Value of `a=fingerprint`.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// Keys of one DTLS association.
pub struct Keys {
    /// What was agreed.
    pub profile: SrtpProfile,
    /// Seals.
    pub sender: SrtpSender,
    /// Opens.
    pub receiver: SrtpReceiver,
}

/// How far the transport is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No description of the server yet.
    New,
    /// Checking, then handshaking.
    Connecting,
    /// Keys are agreed.
    Open,
    /// The server said farewell, or the handshake failed.
    Closed,
}

/// See the module.
pub struct Transport {
    /// Our user fragment.
    pub ufrag: String,
    /// Our password.
    pub pwd: String,
    /// Our address, if our descriptions are to name it.
    pub candidate: Option<SocketAddr>,
    remote: Option<RemoteSide>,
    dtls: Dtls,
    /// The handshake began.
    is_started: bool,
    timer: Option<Instant>,
    /// Once open.
    pub keys: Option<Keys>,
    /// Once open.
    pub channels: Option<Channels>,
    /// Labels; `None`: no association at all.
    wanted_channels: Option<&'static [&'static str]>,
    /// Our TSNs begin just below 2^32.
    pub wraps_tsn: bool,
    /// Our descriptions ask the server to be the DTLS client.
    pub is_dtls_server: bool,
    phase: Phase,
    queue: VecDeque<Vec<u8>>,
    next_check: Option<Instant>,
    is_validated: bool,
    outstanding: VecDeque<TransactionId>,
    /// No further consent checks: as a client whose machine sleeps.
    pub is_mute: bool,
    /// Checks that were answered.
    pub checks_answered: u64,
    /// Our address as the server told it.
    pub mapped: Option<SocketAddr>,
    rng: StdRng,
}

impl Transport {
    /// A transport that waits for the server's description.
    #[must_use]
    pub fn new(
        identity: &Identity,
        wanted_channels: &'static [&'static str],
        mut rng: StdRng,
        now: Instant,
    ) -> Self {
        let mut dtls =
            Dtls::new_12(Arc::clone(&identity.config), identity.certificate.clone(), now);
        dtls.set_active(true);
        Self {
            ufrag: random_base62(&mut rng).take(4).collect(),
            pwd: random_base62(&mut rng).take(24).collect(),
            candidate: None,
            remote: None,
            dtls,
            is_started: false,
            timer: None,
            keys: None,
            channels: None,
            wanted_channels: Some(wanted_channels),
            wraps_tsn: false,
            is_dtls_server: false,
            phase: Phase::New,
            queue: VecDeque::new(),
            next_check: None,
            is_validated: false,
            outstanding: VecDeque::new(),
            is_mute: false,
            checks_answered: 0,
            mapped: None,
            rng,
        }
    }

    /// How far it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether media can flow.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// No data channels: for servers that were offered none.
    pub fn forgo_channels(&mut self) {
        self.wanted_channels = None;
    }

    /// New local credentials; the next description carries them.
    pub fn restart_ice(&mut self) {
        self.ufrag = random_base62(&mut self.rng).take(4).collect();
        self.pwd = random_base62(&mut self.rng).take(24).collect();
    }

    /// Takes the server's description; checks begin, again if its credentials changed.
    pub fn set_remote(&mut self, remote: RemoteSide, now: Instant) {
        let known = self.remote.as_ref().map(|known| known.ufrag.as_str());
        if known != Some(remote.ufrag.as_str()) {
            self.is_validated = false;
            self.outstanding.clear();
            self.next_check = Some(now);
        }
        let is_dtls_client = remote.is_dtls_client;
        self.remote = Some(remote);
        if self.phase == Phase::New {
            self.dtls.set_active(!is_dtls_client && !self.is_dtls_server);
            self.phase = Phase::Connecting;
        }
    }

    /// Sends a check at once: after our address changed.
    pub fn check_now(&mut self, now: Instant) {
        self.next_check = Some(now);
        self.is_validated = false;
    }

    /// The server's description.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteSide> {
        self.remote.as_ref()
    }

    /// Writes a check with these wishes; answers its length. Also for tests that want to send one themselves.
    pub fn write_check(&mut self, out: &mut [u8], nominate: bool) -> Option<usize> {
        let remote = self.remote.as_ref()?;
        let id = TransactionId(self.rng.random());
        let username = format!("{}:{}", remote.ufrag, self.ufrag);
        let len = stun::binding_request(out, id, &username, nominate, remote.pwd.as_bytes())?;
        if self.outstanding.len() >= OUTSTANDING_MAX {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back(id);
        Some(len)
    }

    /// Takes a STUN message.
    pub fn handle_stun(&mut self, datagram: &[u8], now: Instant) {
        let Ok(message) = stun::Message::parse(datagram) else { return };
        let Some(remote) = &self.remote else { return };
        if message.class() == stun::Class::Request {
            self.answer_check(&message);
            return;
        }
        let known = self.outstanding.contains(&message.transaction_id());
        let is_answer = message.class() == stun::Class::Success
            && known
            && message.check_integrity(remote.pwd.as_bytes());
        if !is_answer {
            return;
        }
        self.checks_answered += 1;
        self.mapped = message.xor_mapped_address();
        if !self.is_validated {
            self.is_validated = true;
            self.next_check = Some(now + CONSENT_INTERVAL);
        }
        self.begin_handshake(now);
    }

    /// Servers that are no lite agents check as well, and want an answer (RFC 8445 §7.3).
    fn answer_check(&mut self, message: &stun::Message<'_>) {
        let source = self.remote.as_ref().and_then(|remote| remote.candidates.first());
        let Some(source) = source.filter(|_| message.check_integrity(self.pwd.as_bytes())) else {
            return;
        };
        let mut out = [0; 128];
        let (id, key) = (message.transaction_id(), self.pwd.as_bytes());
        if let Some(len) = stun::binding_success(&mut out, id, *source, key) {
            self.queue.push_back(out[..len].to_vec());
        }
    }

    /// Begins the handshake, if that has not happened: when a check was answered, or rudely. As client, a ClientHello
    /// leaves.
    pub fn begin_handshake(&mut self, now: Instant) {
        if !self.is_started {
            self.is_started = true;
            let _ = self.dtls.handle_timeout(now);
            self.drain(now);
        }
    }

    /// Takes a DTLS datagram.
    pub fn handle_dtls(&mut self, datagram: &[u8], now: Instant) {
        if self.dtls.handle_timeout(now).is_err() || self.dtls.handle_packet(datagram).is_err() {
            self.phase = Phase::Closed;
            return;
        }
        self.drain(now);
    }

    /// Sends data over a channel; false while it is not open.
    pub fn send_data(&mut self, label: &str, data: &[u8], now: Instant) -> bool {
        let sent = self.channels.as_mut().is_some_and(|channels| channels.send(label, data, now));
        self.drain(now);
        sent
    }

    /// Seals an RTCP compound of `len` bytes in `packet` and queues it.
    pub fn queue_rtcp(&mut self, packet: &mut [u8], len: usize) {
        if let Some(keys) = &mut self.keys
            && let Some(len) = keys.sender.protect_rtcp(packet, len)
        {
            self.queue.push_back(packet[..len].to_vec());
        }
    }

    /// Queues bytes as they are: for tests.
    pub fn queue_raw(&mut self, datagram: Vec<u8>) {
        self.queue.push_back(datagram);
    }

    /// Sends bytes as a record where SCTP should be: for tests.
    pub fn send_record(&mut self, bytes: &[u8], now: Instant) {
        let _ = self.dtls.send_application_data(bytes);
        self.drain(now);
    }

    /// Says farewell.
    pub fn close(&mut self, now: Instant) {
        if self.dtls.close().is_ok() {
            self.drain(now);
        }
        self.phase = Phase::Closed;
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_check.is_some_and(|at| at <= now) {
            let interval = if self.is_validated { CONSENT_INTERVAL } else { CHECK_INTERVAL };
            self.next_check = Some(now + interval);
            let mut out = [0; 256];
            if !self.is_mute
                && self.phase != Phase::Closed
                && let Some(len) = self.write_check(&mut out, true)
            {
                self.queue.push_back(out[..len].to_vec());
            }
        }
        if self.is_started && self.timer.is_some_and(|at| at <= now) {
            if self.dtls.handle_timeout(now).is_err() {
                self.phase = Phase::Closed;
            }
            self.drain(now);
        }
        if let Some(channels) = &mut self.channels
            && channels.poll_timeout().is_some_and(|at| at <= now)
        {
            channels.handle_timeout(now);
            self.drain(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.phase == Phase::Closed {
            return None;
        }
        let channels = self.channels.as_ref().and_then(Channels::poll_timeout);
        let timer = self.timer.filter(|_| self.is_started);
        [self.next_check, timer, channels].into_iter().flatten().min()
    }

    /// The next datagram that waits, written into `out`.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Option<usize> {
        let datagram = self.queue.pop_front()?;
        out[..datagram.len()].copy_from_slice(&datagram);
        Some(datagram.len())
    }

    fn drain(&mut self, now: Instant) {
        let mut scratch = vec![0; 20_000];
        let mut data = Vec::new();
        loop {
            match self.dtls.poll_output(&mut scratch) {
                Output::Packet(packet) => self.queue.push_back(packet.to_vec()),
                Output::ApplicationData(record) => data.push(record.to_vec()),
                Output::PeerCert(der) => {
                    let told = self.remote.as_ref().and_then(|remote| {
                        Fingerprint::parse(&remote.fingerprint.0, &remote.fingerprint.1)
                    });
                    assert!(told.is_some_and(|told| told.matches(der)), "another certificate");
                }
                Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        dimpl::SrtpProfile::AES128_CM_SHA1_80 => SrtpProfile::AesCm128HmacSha1_80,
                        dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::AeadAes128Gcm,
                        _ => SrtpProfile::AeadAes256Gcm,
                    };
                    let keys = SrtpKeys::from_exporter(profile, &material, self.dtls.is_active());
                    let keys = keys.expect("keys");
                    let (sender, receiver) = (SrtpSender::new(&keys), SrtpReceiver::new(&keys));
                    self.keys = Some(Keys { profile, sender, receiver });
                    self.phase = Phase::Open;
                    let wanted = self.wanted_channels;
                    let first = u16::from(!self.dtls.is_active());
                    self.channels =
                        wanted.map(|wanted| Channels::new(wanted, first, self.wraps_tsn, now));
                }
                Output::CloseNotify => self.phase = Phase::Closed,
                Output::Timeout(at) => {
                    self.timer = Some(at).filter(|at| *at < now + NEVER);
                    break;
                }
                _ => {}
            }
        }
        let Some(channels) = &mut self.channels else { return };
        for record in data {
            channels.handle_packet(&record, now);
        }
        let packets = channels.drain(now);
        let is_silent = packets.is_empty();
        for packet in packets {
            let _ = self.dtls.send_application_data(&packet);
        }
        if !is_silent {
            self.drain(now);
        }
    }
}

/// A seeded generator for a part of the world.
pub fn child_rng(rng: &mut StdRng) -> StdRng {
    rand::SeedableRng::seed_from_u64(rng.next_u64())
}
