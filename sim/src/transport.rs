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
    stun::{self, Builder, Class, ErrorCode, Method, TransactionId},
};
use rand::{Rng, RngExt, rngs::StdRng};
use sfu::connection::{
    dtls::Fingerprint,
    srtp::{SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender},
};

use crate::{
    channels::Channels,
    ice_role::{Claim, IceRole, Verdict},
    sdp::RemoteSide,
};

/// Between checks before one was answered.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Between consent checks: Chromium's.
pub const CONSENT_INTERVAL: Duration = Duration::from_millis(2500);
/// Before a check was answered: libwebrtc's.
const RTT_ASSUMED: Duration = Duration::from_millis(100);
/// A timer this far away is none.
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// Requests whose answer may still come.
const OUTSTANDING_MAX: usize = 16;
/// Of a host candidate's peer-reflexive twin: type preference 110 (RFC 8445 §5.1.2.2).
const PRIORITY: u32 = 110 << 24 | 65_535 << 8 | 255;

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
    /// We offer on this connection, the server answers.
    pub offers: bool,
    claim: Claim,
    remote: Option<RemoteSide>,
    /// Where the server's checks come from.
    reflexive: Option<SocketAddr>,
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
    outstanding: VecDeque<(TransactionId, IceRole)>,
    /// When the last check left, and the round trip of the last that was answered.
    checked: Option<Instant>,
    rtt: Option<Duration>,
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
        let (ufrag, pwd) =
            (random_base62(&mut rng).take(4).collect(), random_base62(&mut rng).take(24).collect());
        Self {
            ufrag,
            pwd,
            candidate: None,
            offers: false,
            claim: Claim { role: IceRole::Controlled, tie_breaker: rng.random() },
            remote: None,
            reflexive: None,
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
            checked: None,
            rtt: None,
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
        if self.remote.is_none() {
            self.claim.role = IceRole::first(self.offers, remote.is_lite);
        }
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

    /// The round trip to the server, by the last check that was answered.
    #[must_use]
    pub fn rtt(&self) -> Duration {
        self.rtt.unwrap_or(RTT_ASSUMED)
    }

    /// The server's description.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteSide> {
        self.remote.as_ref()
    }

    /// Where the server can be reached for all that its own checks tell: before, or besides, what it describes.
    #[must_use]
    pub fn reflexive(&self) -> Option<SocketAddr> {
        self.reflexive
    }

    /// Writes a check with these wishes; answers its length. Also for tests that want to send one themselves.
    pub fn write_check(&mut self, out: &mut [u8], nominate: bool) -> Option<usize> {
        let remote = self.remote.as_ref()?;
        let Claim { role, tie_breaker } = self.claim;
        let id = TransactionId(self.rng.random());
        let username = format!("{}:{}", remote.ufrag, self.ufrag);
        let check = Builder::new(out, Class::Request, Method::BINDING, id)
            .username(&username)
            .priority(PRIORITY);
        let check = match role {
            IceRole::Controlled => check.ice_controlled(tie_breaker),
            IceRole::Controlling if nominate => check.ice_controlling(tie_breaker).use_candidate(),
            IceRole::Controlling => check.ice_controlling(tie_breaker),
        };
        let len = check.finish_with_integrity(remote.pwd.as_bytes())?;
        if self.outstanding.len() >= OUTSTANDING_MAX {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back((id, role));
        Some(len)
    }

    /// Takes a STUN message that came from `from`.
    pub fn handle_stun(&mut self, from: SocketAddr, datagram: &[u8], now: Instant) {
        let Ok(message) = stun::Message::parse(datagram) else { return };
        if message.class() == Class::Request {
            self.on_check(from, &message, now);
            return;
        }
        let Some(remote) = &self.remote else { return };
        let id = message.transaction_id();
        let sent = self.outstanding.iter().find(|(known, _)| *known == id);
        let Some((_, sent_as)) = sent.copied() else { return };
        if !message.check_integrity(remote.pwd.as_bytes()) {
            return;
        }
        if message.class() == Class::Error {
            if message.error_code() == Some(ErrorCode::RoleConflict.number()) {
                self.claim.on_conflict(sent_as);
                self.next_check = Some(now);
            }
            return;
        }
        self.checks_answered += 1;
        self.rtt = self.checked.take().map(|at| now.saturating_duration_since(at)).or(self.rtt);
        self.mapped = message.xor_mapped_address();
        if !self.is_validated {
            self.is_validated = true;
            self.next_check = Some(now + CONSENT_INTERVAL);
        }
        self.begin_handshake(now);
    }

    /// Servers that are no lite agents check as well, and want an answer (RFC 8445 §7.3), also before they are described:
    /// a check needs only our own password.
    fn on_check(&mut self, from: SocketAddr, message: &stun::Message<'_>, now: Instant) {
        let key = self.pwd.as_bytes();
        let names_us = message
            .username()
            .and_then(|name| name.split_once(':'))
            .is_some_and(|(ours, _)| ours == self.ufrag);
        if !names_us || !message.check_integrity(key) {
            return;
        }
        let id = message.transaction_id();
        let mut out = [0; 128];
        let len = match claim_of(message).map(|theirs| self.claim.on_check(theirs)) {
            Some(Verdict::Conflict) => {
                let code = ErrorCode::RoleConflict;
                stun::binding_error(&mut out, id, code, std::iter::empty(), key)
            }
            Some(Verdict::Agreed) => stun::binding_success(&mut out, id, from, key),
            None => {
                let code = ErrorCode::BadRequest;
                stun::binding_error(&mut out, id, code, std::iter::empty(), key)
            }
        };
        if let Some(len) = len {
            self.queue.push_back(out[..len].to_vec());
        }
        if self.reflexive.replace(from).is_none() && !self.is_validated && self.remote.is_some() {
            // A triggered check (§7.3.1.4).
            self.next_check = Some(now);
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

    /// Takes a DTLS datagram. Before the server is described we don't know who begins: it will come again.
    pub fn handle_dtls(&mut self, datagram: &[u8], now: Instant) {
        if self.phase == Phase::New {
            return;
        }
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
                self.checked = Some(now);
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
        let mut packets = VecDeque::new();
        loop {
            self.drain_dtls(now);
            if packets.is_empty() {
                packets.extend(self.channels.iter_mut().flat_map(|channels| channels.drain(now)));
            }
            let Some(packet) = packets.pop_front() else { return };
            // One at a time: DTLS keeps ten records at most, and refuses what comes beyond.
            let sent = self.dtls.send_application_data(&packet);
            let is_lost = matches!(sent, Err(dimpl::Error::TransmitQueueFull));
            assert!(!is_lost, "a packet was lost before it reached the network");
        }
    }

    fn drain_dtls(&mut self, now: Instant) {
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
    }
}

fn claim_of(message: &stun::Message<'_>) -> Option<Claim> {
    let claim = |role| move |tie_breaker| Claim { role, tie_breaker };
    let controlling = message.ice_controlling().map(claim(IceRole::Controlling));
    controlling.or_else(|| message.ice_controlled().map(claim(IceRole::Controlled)))
}

/// A seeded generator for a part of the world.
pub fn child_rng(rng: &mut StdRng) -> StdRng {
    rand::SeedableRng::seed_from_u64(rng.next_u64())
}

#[cfg(test)]
mod tests;
