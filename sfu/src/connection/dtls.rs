//! DTLS 1.2 for one connection (RFC 6347, RFC 5764, RFC 8842): as the server, unless the peer asks us to be the client.
//!
//! ```text
//!   datagram ─► handshake ─► peer's certificate == fingerprint from SDP? ─► SRTP keys, data
//!                                     no: the connection fails, keys never leave
//! ```
//!
//! Owns: the handshake with its retransmissions and deadline, the check of the certificate, and what waits to be sent
//! or read. Never: addresses (ICE decided whose datagrams come here), SRTP itself, what the data means.
//!
//! What comes before the handshake has authenticated anything may be forged by whoever knows the client's address: an
//! alert in the clear is ignored, and a first flight that cannot be answered is forgotten.
//!
//! The description with the fingerprint may come after the handshake: until then keys and data are withheld. After
//! every input: drain [`DtlsTransport::poll`], then ask [`DtlsTransport::poll_timeout`]. Every error but
//! [`DtlsError::NotConnected`] is final.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use dimpl::{Dtls, Output};

mod certificate;
mod screen;

pub use certificate::{Certificate, Fingerprint, HashAlgorithm};

use crate::limits::DATAGRAM_BYTES_MAX;

/// From the first datagram to a verified peer. Within it, seven retransmissions fit.
const HANDSHAKE_MAX: Duration = Duration::from_secs(30);

/// Datagrams that wait for [`DtlsTransport::poll`]: one megabyte, as much as SCTP hands over at once when the peer's
/// window is open. More would be lost as on any link.
const PACKETS_MAX: usize = 1024;

/// Records of data that wait for [`DtlsTransport::poll`]. It is drained after every input, so this only bounds what a
/// client sends before its fingerprint is known.
const DATA_MAX: usize = 64;

/// Space for what the handshake yields. The largest piece is the client's certificate: at most the 30 datagrams that
/// the receive queue holds, so less than 45,000 bytes.
const HANDSHAKE_SCRATCH_BYTES: usize = 30 * DATAGRAM_BYTES_MAX;

/// A timer this far away is none.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Why DTLS is at an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DtlsError {
    /// No certificate could be made.
    #[error("certificate could not be made")]
    Certificate,
    /// The peer broke the protocol, or has no algorithm in common with us.
    #[error("handshake or record failed")]
    Protocol,
    /// The peer's certificate has none of the fingerprints that signalling told.
    #[error("certificate does not have the signalled fingerprint")]
    Fingerprint,
    /// The peer negotiated no SRTP profile.
    #[error("no srtp profile in common")]
    NoSrtp,
    /// The handshake took longer than 30 s.
    #[error("handshake timed out")]
    Timeout,
    /// Data before the peer is verified. Not final.
    #[error("not connected yet")]
    NotConnected,
    /// Either side closed.
    #[error("closed")]
    Closed,
}

/// What the handshake exports for SRTP (RFC 5764 §4.2). Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportedKeys {
    /// IANA's number of the profile: 0x0001 AES-CM-SHA1-80, 0x0007 AEAD-AES-128-GCM, 0x0008 AEAD-AES-256-GCM.
    pub profile: u16,
    /// Client key, server key, client salt, server salt.
    pub material: Vec<u8>,
}

impl fmt::Debug for ExportedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportedKeys").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// Our part in the handshake: what `a=setup` decides (RFC 8842 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DtlsRole {
    /// `passive`: waits for the peer's first datagram.
    #[default]
    Server,
    /// `active`: sends the first datagram. Pion and what is made after it want this of an ICE-lite peer that offers.
    Client,
}

/// What [`DtlsTransport::poll`] yields.
#[derive(Debug, PartialEq, Eq)]
pub enum DtlsOutput<'a> {
    /// A datagram for the peer.
    Packet(&'a [u8]),
    /// The peer is verified; once.
    Connected(ExportedKeys),
    /// One record of data from the verified peer: one SCTP packet (RFC 8261).
    Data(&'a [u8]),
    /// The peer closed; once.
    Closed,
    /// Nothing until the next input.
    Nothing,
}

/// DTLS of one connection.
#[derive(Debug)]
pub struct DtlsTransport {
    dtls: Dtls,
    /// To begin again with.
    certificate: Certificate,
    state: State,
    /// `None` until the client's description came.
    fingerprints: Option<Vec<Fingerprint>>,
    packets: VecDeque<Vec<u8>>,
    /// Data of the peer, withheld until it is verified.
    data: VecDeque<Vec<u8>>,
    peer_closed: bool,
    /// What the handshake waits for, as of the last drain.
    timer: Option<Instant>,
    now: Instant,
}

#[derive(Debug)]
enum State {
    /// No verified peer yet.
    Handshaking {
        /// Set by the first datagram.
        deadline: Option<Instant>,
        /// DER of the peer's certificate, whose key the peer proved once `keys` is set.
        certificate: Option<Vec<u8>>,
        keys: Option<ExportedKeys>,
        /// A ClientHello was taken and answered: another cannot take its place.
        is_answered: bool,
    },
    /// Verified; keys wait to be polled, once.
    Open { keys: Option<ExportedKeys> },
    /// Closed by either side.
    Closed,
    /// Failed. `is_reported` once an input was answered with the error.
    Failed { error: DtlsError, is_reported: bool },
}

impl DtlsTransport {
    /// A server that waits for its client's first datagram, until [`take_role`](Self::take_role) says otherwise.
    #[must_use]
    pub fn new(certificate: &Certificate, now: Instant) -> Self {
        Self {
            dtls: engine(certificate, now),
            certificate: certificate.clone(),
            state: State::Handshaking {
                deadline: None,
                certificate: None,
                keys: None,
                is_answered: false,
            },
            fingerprints: None,
            packets: VecDeque::new(),
            data: VecDeque::new(),
            peer_closed: false,
            timer: None,
            now,
        }
    }

    /// Our part in the handshake.
    #[must_use]
    pub fn role(&self) -> DtlsRole {
        if self.dtls.is_active() { DtlsRole::Client } else { DtlsRole::Server }
    }

    /// Takes a part in the handshake. False if it has begun with the other one: within an association the parts stay
    /// (RFC 8842 §5.3).
    #[must_use]
    pub fn take_role(&mut self, role: DtlsRole) -> bool {
        if self.role() == role {
            return true;
        }
        let has_begun = !matches!(self.state, State::Handshaking { deadline: None, .. });
        if !has_begun {
            self.dtls.set_active(role == DtlsRole::Client);
        }
        !has_begun
    }

    /// Sends the client's first flight, once: to be called when there is a path. A server waits for its client.
    ///
    /// # Errors
    ///
    /// [`DtlsError`] when the connection is at an end.
    pub fn begin(&mut self, now: Instant) -> Result<(), DtlsError> {
        match &mut self.state {
            State::Handshaking { deadline: deadline @ None, .. } if self.dtls.is_active() => {
                *deadline = Some(now + HANDSHAKE_MAX);
                self.handle_timeout(now)
            }
            _ => Ok(()),
        }
    }

    /// Sets what the client's description says. One of them must match the client's certificate; with none, nothing
    /// can. If the certificate is known already and does not match, the next input, due at once, reports it. Without
    /// effect once the peer is verified: a certificate cannot change within one DTLS association (RFC 8842 §5).
    pub fn set_remote_fingerprints(&mut self, fingerprints: Vec<Fingerprint>) {
        self.fingerprints = Some(fingerprints);
        self.verify();
    }

    /// Takes a datagram of the peer. Garbage is ignored.
    ///
    /// # Errors
    ///
    /// [`DtlsError`] when the connection is at an end.
    pub fn handle_datagram(&mut self, datagram: &[u8], now: Instant) -> Result<(), DtlsError> {
        self.handle_timeout(now)?;
        if datagram.len() > DATAGRAM_BYTES_MAX {
            return Ok(());
        }
        let State::Handshaking { deadline, is_answered, .. } = &mut self.state else {
            let handled = self.dtls.handle_packet(datagram);
            return self.on_handled(handled);
        };
        deadline.get_or_insert(now + HANDSHAKE_MAX);
        let is_answered = *is_answered;
        let Some(datagram) = screen::without_clear_alerts(datagram) else { return Ok(()) };
        let handled = self.dtls.handle_packet(&datagram);
        if handled.is_err() && !is_answered {
            tracing::debug!("a first flight that cannot be answered was forgotten");
            self.dtls = engine(&self.certificate, self.now);
            self.timer = None;
            return Ok(());
        }
        self.on_handled(handled)
    }

    /// Lets time pass: retransmits, or gives up.
    ///
    /// # Errors
    ///
    /// [`DtlsError`] when the connection is at an end.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsError> {
        self.now = self.now.max(now);
        match &mut self.state {
            State::Handshaking { deadline: Some(deadline), .. } if self.now >= *deadline => {
                self.fail(DtlsError::Timeout);
                return self.report();
            }
            State::Handshaking { .. } | State::Open { .. } => {}
            State::Closed | State::Failed { .. } => return self.report(),
        }
        let handled = self.dtls.handle_timeout(self.now);
        self.on_handled(handled)
    }

    /// Encrypts one record of data for the peer.
    ///
    /// # Errors
    ///
    /// [`DtlsError::NotConnected`] before the peer is verified, else a final error.
    pub fn send(&mut self, data: &[u8]) -> Result<(), DtlsError> {
        match &self.state {
            State::Open { .. } => {
                let sent = self.dtls.send_application_data(data).map(|_| ());
                self.on_handled(sent)
            }
            State::Handshaking { .. } => Err(DtlsError::NotConnected),
            State::Closed | State::Failed { .. } => self.report(),
        }
    }

    /// Says farewell, if the peer is there to hear it. Drain [`DtlsTransport::poll`] once more.
    pub fn close(&mut self) {
        if let State::Open { .. } = self.state
            && self.dtls.close().is_ok()
        {
            self.drain();
        }
        if !matches!(self.state, State::Failed { .. }) {
            self.state = State::Closed;
        }
        self.data.clear();
    }

    /// What comes next: datagrams first, then, of a verified peer only, keys, data and its farewell. What is
    /// borrowed lies in `buffer`, which should hold [`DATAGRAM_BYTES_MAX`] bytes; what does not fit is lost.
    pub fn poll<'b>(&mut self, buffer: &'b mut [u8]) -> DtlsOutput<'b> {
        if let Some(packet) = self.packets.pop_front() {
            return copy(&packet, buffer).map_or(DtlsOutput::Nothing, DtlsOutput::Packet);
        }
        let State::Open { keys } = &mut self.state else { return DtlsOutput::Nothing };
        if let Some(keys) = keys.take() {
            return DtlsOutput::Connected(keys);
        }
        if let Some(data) = self.data.pop_front() {
            return copy(&data, buffer).map_or(DtlsOutput::Nothing, DtlsOutput::Data);
        }
        if self.peer_closed {
            self.state = State::Closed;
            return DtlsOutput::Closed;
        }
        DtlsOutput::Nothing
    }

    /// When [`DtlsTransport::handle_timeout`] has something to do. Valid after draining.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Handshaking { deadline, .. } => {
                [*deadline, self.timer].into_iter().flatten().min()
            }
            State::Open { .. } => self.timer,
            State::Closed | State::Failed { is_reported: true, .. } => None,
            State::Failed { is_reported: false, .. } => Some(self.now),
        }
    }

    /// After anything was put into the engine: takes out all it has, and finds out where we stand.
    fn on_handled(&mut self, handled: Result<(), dimpl::Error>) -> Result<(), DtlsError> {
        match handled {
            Ok(()) => {
                self.drain();
                self.verify();
            }
            Err(error) => {
                tracing::debug!(%error, "dtls failed");
                self.fail(match error {
                    dimpl::Error::Timeout(_) => DtlsError::Timeout,
                    dimpl::Error::ConnectionClosed => DtlsError::Closed,
                    _ => DtlsError::Protocol,
                });
            }
        }
        self.report()
    }

    fn drain(&mut self) {
        // The engine panics when a certificate does not fit, hence the large scratch until there can be none.
        let is_handshaking = matches!(self.state, State::Handshaking { .. });
        let bytes = if is_handshaking { HANDSHAKE_SCRATCH_BYTES } else { DATAGRAM_BYTES_MAX };
        let mut scratch = vec![0; bytes];
        let mut connected_without_keys = false;
        loop {
            match self.dtls.poll_output(&mut scratch) {
                Output::Packet(packet) => {
                    push_bounded(&mut self.packets, packet, PACKETS_MAX);
                    if let State::Handshaking { is_answered, .. } = &mut self.state {
                        *is_answered = true;
                    }
                }
                Output::ApplicationData(data) => push_bounded(&mut self.data, data, DATA_MAX),
                Output::PeerCert(der) => {
                    if let State::Handshaking { certificate, .. } = &mut self.state {
                        *certificate = Some(der.to_vec());
                    }
                }
                Output::Connected => connected_without_keys = true,
                Output::KeyingMaterial(material, profile) => {
                    connected_without_keys = false;
                    self.on_keys(&material, profile);
                }
                Output::CloseNotify => self.peer_closed = true,
                Output::BufferTooSmall { needed } => scratch.resize(needed, 0),
                Output::Timeout(at) => {
                    self.timer = Some(at).filter(|at| *at < self.now + NEVER);
                    break;
                }
                _ => {}
            }
        }
        if connected_without_keys {
            self.fail(DtlsError::NoSrtp);
        }
    }

    fn on_keys(&mut self, material: &[u8], profile: dimpl::SrtpProfile) {
        let profile = match profile {
            dimpl::SrtpProfile::AES128_CM_SHA1_80 => 0x0001,
            dimpl::SrtpProfile::AEAD_AES_128_GCM => 0x0007,
            dimpl::SrtpProfile::AEAD_AES_256_GCM => 0x0008,
            _ => return self.fail(DtlsError::NoSrtp),
        };
        if let State::Handshaking { keys, .. } = &mut self.state {
            *keys = Some(ExportedKeys { profile, material: material.to_vec() });
        }
    }

    /// Compares the peer's certificate with its fingerprints as soon as both are known, and opens the gate when the
    /// handshake is complete too. A mismatch fails at once, so that our Finished is never sent.
    fn verify(&mut self) {
        let State::Handshaking { certificate, keys, .. } = &mut self.state else { return };
        let (Some(certificate), Some(fingerprints)) = (certificate, &self.fingerprints) else {
            return;
        };
        if !fingerprints.iter().any(|fingerprint| fingerprint.matches(certificate)) {
            self.fail(DtlsError::Fingerprint);
        } else if keys.is_some() {
            self.state = State::Open { keys: keys.take() };
        }
    }

    fn fail(&mut self, error: DtlsError) {
        self.state = State::Failed { error, is_reported: false };
        self.packets.clear();
        self.data.clear();
    }

    fn report(&mut self) -> Result<(), DtlsError> {
        match &mut self.state {
            State::Handshaking { .. } | State::Open { .. } => Ok(()),
            State::Closed => Err(DtlsError::Closed),
            State::Failed { error, is_reported } => {
                *is_reported = true;
                Err(*error)
            }
        }
    }
}

fn engine(certificate: &Certificate, now: Instant) -> Dtls {
    Dtls::new_12(certificate.config(), certificate.identity(), now)
}

fn push_bounded(queue: &mut VecDeque<Vec<u8>>, datagram: &[u8], max: usize) {
    if queue.len() < max {
        queue.push_back(datagram.to_vec());
    }
}

fn copy<'b>(from: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let to = buffer.get_mut(..from.len())?;
    to.copy_from_slice(from);
    Some(to)
}

#[cfg(test)]
mod tests;
