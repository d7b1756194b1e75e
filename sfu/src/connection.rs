//! One client's transport: ICE, DTLS, SRTP and data channels over one path at a time.
//!
//! ```text
//!   New ── a path, and DTLS begins ──► Handshaking ── DTLS done, fingerprint matched ──► Open ──► Closed
//! ```
//!
//! Owns the keys, the paths and what the peer negotiated (payload types, extension ids, SSRCs). Never knows a room:
//! incoming media is handed up as (publication, layer), outgoing media is handed down as packets. Pure; datagrams
//! leave through [`Egress`].

pub mod demux;
pub mod dtls;
pub mod ice;
pub mod sctp;
pub mod sdp;
pub mod srtp;

pub(crate) mod incoming;
pub(crate) mod outgoing;
pub(crate) mod pacing;

use std::{
    hint::black_box,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::Rng;

use self::{
    dtls::{Certificate, DtlsError, DtlsOutput, DtlsRole, DtlsTransport, ExportedKeys},
    ice::{IceEvent, IceLite},
    incoming::Incoming,
    outgoing::Outgoing,
    sctp::{ChannelEvent, ChannelLabel, DataChannels, SendOutcome},
    srtp::{SrtpError, SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender},
};
use crate::{
    drop_reason::DropReason,
    egress::{Egress, EgressTag},
    keys::{ConnectionKey, Owner},
    limits::{PARTICIPANT_BYTES_PER_SECOND_MAX, PARTICIPANT_PACKETS_PER_SECOND_MAX},
    placement::ShardId,
    rtp::{
        allowance::{Allowance, Ceiling},
        header::RtpHeader,
        ids::{ExtSeq, Ssrc},
        twcc::ArrivalRecorder,
    },
    timers::{Timer, Timers},
};

/// Largest DTLS record we produce or take: one datagram.
const RECORD_BYTES_MAX: usize = 2048;

/// How often reception and sender reports are sent (RFC 3550 §6.2 allows less for few members).
pub(crate) const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// How long after congestion what an abandoned layer lost is not sent again: until its receiver has given it up.
const CONGESTION_MEMORY: Duration = Duration::from_secs(2);

/// Where a connection is in its life.
enum State {
    New,
    Handshaking,
    Open(Box<Keys>),
    Closed,
}

struct Keys {
    receiver: SrtpReceiver,
    sender: SrtpSender,
}

/// What happened on a connection that its room must know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happening {
    /// Keys are agreed: media may flow.
    Opened,
    /// Something about data channels.
    Channel(ChannelEvent),
    /// No path has consent any more (RFC 7675).
    Lost,
    /// The transport is gone: closed by the peer, or failed.
    Closed,
}

/// One accepted RTP packet, now plaintext in its datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReceivedRtp {
    pub(crate) header: RtpHeader,
    pub(crate) seq: ExtSeq,
    /// Bytes of header and payload, padding included.
    pub(crate) len: usize,
}

/// See the module.
pub(crate) struct Connection {
    pub(crate) owner: Owner,
    pub(crate) ice: IceLite,
    dtls: DtlsTransport,
    state: State,
    channels: DataChannels,
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    pub(crate) arrivals: ArrivalRecorder,
    /// When something authentic came last.
    pub(crate) heard: Instant,
    /// What the participant may still send in this second.
    pub(crate) allowance: Allowance,
    /// Our own SSRC in feedback and reports.
    pub(crate) report_ssrc: Ssrc,
    pub(crate) report_due: Instant,
    /// `sess-id` of our SDP (RFC 8866 §5.2).
    sdp_session_id: u64,
    tag: EgressTag,
    /// The batch was full before everything was said.
    stalled: bool,
    /// Local user fragments that lead here: the current one, and the previous one during an ICE restart.
    pub(crate) ufrags: Vec<String>,
    /// The look that is scheduled.
    pub(crate) wake: Option<Instant>,
    /// When ICE, DTLS or SCTP have something to do, as of the last time they were asked.
    pub(crate) transport_due: Option<Instant>,
}

impl Connection {
    pub(crate) fn new(
        owner: Owner,
        (shard, certificate): (ShardId, &Certificate),
        rng: &mut impl Rng,
        now: Instant,
    ) -> Self {
        Self {
            owner,
            ice: IceLite::new(shard, rng),
            dtls: DtlsTransport::new(certificate, now),
            state: State::New,
            channels: DataChannels::new(now),
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            arrivals: ArrivalRecorder::default(),
            heard: now,
            allowance: Allowance::new(Ceiling {
                bytes: PARTICIPANT_BYTES_PER_SECOND_MAX,
                packets: PARTICIPANT_PACKETS_PER_SECOND_MAX,
            }),
            report_ssrc: Ssrc(rng.next_u32()),
            report_due: now + REPORT_INTERVAL,
            // 62 bits: it must fit a signed 64-bit number (RFC 9429 §5.2.1).
            sdp_session_id: rng.next_u64() >> 2,
            tag: EgressTag::default(),
            stalled: false,
            ufrags: Vec::new(),
            wake: None,
            transport_due: None,
        }
    }

    pub(crate) fn sdp_session_id(&self) -> u64 {
        self.sdp_session_id
    }

    /// Whether padding of a probe is being sent, or pictures wait for their turn.
    pub(crate) fn is_metering_out(&self) -> bool {
        self.outgoing.pacer.holds()
            || self.outgoing.estimator.as_ref().is_some_and(|one| one.is_probing())
    }

    /// Whether the line was congested a moment ago.
    pub(crate) fn was_congested(&self, now: Instant) -> bool {
        let estimator = self.outgoing.estimator.as_ref();
        estimator.is_some_and(|one| one.was_congested(CONGESTION_MEMORY, now))
    }

    /// Share of packets that the line loses, in thousandths.
    pub(crate) fn loss_permille(&self) -> u32 {
        self.outgoing.estimator.as_ref().map_or(0, |one| one.loss_permille())
    }

    /// Round trip as far as it is known.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.outgoing.estimator.as_ref()?.rtt()
    }

    /// Whether [`drive`](Self::drive) must be called again in the next batch.
    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// The client's certificate must have one of these fingerprints (RFC 8122).
    pub(crate) fn expect_fingerprints(&mut self, fingerprints: &[(String, String)]) {
        let known = fingerprints
            .iter()
            .filter_map(|(algorithm, value)| dtls::Fingerprint::parse(algorithm, value))
            .collect();
        self.dtls.set_remote_fingerprints(known);
    }

    /// Our part in the DTLS handshake.
    pub(crate) fn dtls_role(&self) -> DtlsRole {
        self.dtls.role()
    }

    /// Takes a part in the DTLS handshake; false if it has begun with the other one.
    #[must_use]
    pub(crate) fn take_dtls_role(&mut self, role: DtlsRole) -> bool {
        let is_taken = self.dtls.take_role(role);
        if is_taken {
            self.channels.set_dtls_role(role);
        }
        is_taken
    }

    pub(crate) fn open_channel(&mut self, label: ChannelLabel) {
        self.channels.open(label);
    }

    pub(crate) fn send_data(
        &mut self,
        label: ChannelLabel,
        data: &Bytes,
        now: Instant,
    ) -> SendOutcome {
        self.channels.send(label, data, now)
    }

    /// The next data message; what is not fetched makes the peer wait. Follow with [`drive`](Self::drive).
    pub(crate) fn poll_data(&mut self, label: ChannelLabel, now: Instant) -> Option<Bytes> {
        self.channels.poll_message(label, now)
    }

    /// Whether another reliable message may be queued; if not, the room hears when it may.
    pub(crate) fn has_data_room(&mut self, now: Instant) -> bool {
        self.channels.has_room(now)
    }

    /// Whether the peer has taken next to nothing out of a full queue for long.
    pub(crate) fn is_data_stalled(&mut self, now: Instant) -> bool {
        self.channels.is_stalled(now)
    }

    /// A DTLS datagram from an authenticated path.
    pub(crate) fn handle_dtls(&mut self, datagram: &[u8], now: Instant) -> Result<(), DropReason> {
        match self.state {
            State::Closed => return Err(DropReason::DtlsUnexpected),
            State::New => self.state = State::Handshaking,
            State::Handshaking | State::Open(_) => {}
        }
        self.dtls.handle_datagram(datagram, now).map_err(|error| self.fail(error))
    }

    fn fail(&mut self, error: DtlsError) -> DropReason {
        tracing::debug!(%error, "dtls failed");
        self.state = State::Closed;
        DropReason::DtlsFailed
    }

    /// Moves everything that waits: handshake flights, data, SCTP packets. Call after every input but RTP.
    pub(crate) fn drive(
        &mut self,
        egress: &mut Egress,
        happenings: &mut Vec<Happening>,
        now: Instant,
    ) -> Result<(), DropReason> {
        let mut buffer = [0; RECORD_BYTES_MAX];
        self.stalled = false;
        if self.ice.path().is_some() {
            self.dtls.begin(now).map_err(|error| self.fail(error))?;
        }
        loop {
            if egress.free_slots() == 0 {
                self.stalled = true;
                return Ok(());
            }
            match self.dtls.poll(&mut buffer) {
                DtlsOutput::Packet(packet) => {
                    if let (Some(path), Some(slot)) = (self.ice.path(), egress.reserve())
                        && let Some(slot) = slot.get_mut(..packet.len())
                    {
                        slot.copy_from_slice(packet);
                        egress.commit(&mut self.tag, path, packet.len());
                    }
                }
                DtlsOutput::Connected(keys) => {
                    self.state = open(&keys, self.dtls_role()).ok_or(DropReason::DtlsFailed)?;
                    happenings.push(Happening::Opened);
                }
                DtlsOutput::Data(data) => self.channels.handle_packet(data, now),
                DtlsOutput::Closed => {
                    self.state = State::Closed;
                    happenings.push(Happening::Closed);
                }
                DtlsOutput::Nothing => {
                    while let Some(event) = self.channels.poll_event() {
                        happenings.push(Happening::Channel(event));
                    }
                    if !self.is_open() {
                        return Ok(());
                    }
                    let Some(packet) = self.channels.poll_transmit(now) else { return Ok(()) };
                    self.dtls.send(&packet).map_err(|error| self.fail(error))?;
                }
            }
        }
    }

    /// Its handling panicked: nothing of it can be trusted, so nothing more is asked of it, not even a farewell.
    pub(crate) fn abandon(&mut self) {
        self.state = State::Closed;
    }

    /// Ends the transport: `close_notify`, and nothing afterwards.
    pub(crate) fn close(&mut self, egress: &mut Egress, now: Instant) {
        if self.is_open() {
            self.dtls.close();
            // The transport is being thrown away: what else it has to say no longer matters.
            let _ = self.drive(egress, &mut Vec::new(), now);
        }
        self.state = State::Closed;
    }

    /// Has itself looked at no later than `at`. Hot: mostly a comparison.
    pub(crate) fn wake_by(&mut self, at: Instant, key: ConnectionKey, timers: &mut Timers) {
        if self.wake.is_none_or(|wake| at < wake) {
            self.wake = Some(at);
            timers.schedule(at, Timer::Connection(key));
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if matches!(self.state, State::Closed) {
            return None;
        }
        [self.ice.poll_timeout(), self.dtls.poll_timeout(), self.channels.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed. Follow with [`drive`](Self::drive).
    pub(crate) fn handle_timeout(
        &mut self,
        happenings: &mut Vec<Happening>,
        now: Instant,
    ) -> Result<(), DropReason> {
        if let Some(IceEvent::Expired) = self.ice.handle_timeout(now) {
            // Nothing is sent without consent; the keys stay good for a client that finds its way back.
            happenings.push(Happening::Lost);
        }
        if self.dtls.poll_timeout().is_some_and(|at| at <= now) {
            self.dtls.handle_timeout(now).map_err(|error| self.fail(error))?;
        }
        if self.channels.poll_timeout().is_some_and(|at| at <= now) {
            self.channels.handle_timeout(now);
        }
        Ok(())
    }

    /// Reads what a packet of this SSRC will need: see `shard/look_ahead.rs`.
    pub(crate) fn fetch(&self, ssrc: Ssrc) {
        if let State::Open(keys) = &self.state {
            keys.receiver.fetch(ssrc);
        }
        black_box((self.incoming.latest, self.arrivals.poll_timeout()));
    }

    /// Parses and opens one SRTP packet in place. Cost: one AEAD open; no allocation.
    pub(crate) fn receive_rtp(&mut self, datagram: &mut [u8]) -> Result<ReceivedRtp, DropReason> {
        let State::Open(keys) = &mut self.state else { return Err(DropReason::NoKeys) };
        let header = RtpHeader::parse(datagram).map_err(|_| DropReason::RtpMalformed)?;
        let (seq, len) = keys.receiver.unprotect_rtp(datagram, &header).map_err(drop_reason)?;
        // Only what is authentic counts: nobody else's datagrams use up what a participant may send.
        if !self.allowance.take(len) {
            return Err(DropReason::ParticipantCeiling);
        }
        Ok(ReceivedRtp { header, seq, len })
    }

    /// Opens one SRTCP packet in place; returns its plaintext length.
    pub(crate) fn receive_rtcp(&mut self, datagram: &mut [u8]) -> Result<usize, DropReason> {
        let State::Open(keys) = &mut self.state else { return Err(DropReason::NoKeys) };
        keys.receiver.unprotect_rtcp(datagram).map_err(|error| match error {
            SrtpError::Malformed => DropReason::RtcpMalformed,
            other => drop_reason(other),
        })
    }

    /// Sends one compound RTCP packet that `write` puts into the buffer it is given.
    pub(crate) fn send_rtcp(
        &mut self,
        egress: &mut Egress,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        self.send_rtcp_with(egress, |_, out| write(out))
    }

    /// As [`send_rtcp`](Self::send_rtcp), about the arrivals that this connection has recorded.
    pub(crate) fn send_rtcp_with(
        &mut self,
        egress: &mut Egress,
        write: impl FnOnce(&mut ArrivalRecorder, &mut [u8]) -> Option<usize>,
    ) -> bool {
        let (State::Open(keys), Some(path)) = (&mut self.state, self.ice.path()) else {
            return false;
        };
        let Some(slot) = egress.reserve() else { return false };
        let Some(len) = write(&mut self.arrivals, slot) else { return false };
        let Some(len) = keys.sender.protect_rtcp(slot, len) else { return false };
        egress.commit(&mut self.tag, path, len);
        true
    }

    /// The parts a forwarded packet needs: its keys, its path, its negotiated numbers.
    fn sending(&mut self) -> Option<(&mut SrtpSender, &mut Outgoing, &mut EgressTag, SocketAddr)> {
        let State::Open(keys) = &mut self.state else { return None };
        let path = self.ice.path()?;
        Some((&mut keys.sender, &mut self.outgoing, &mut self.tag, path))
    }
}

/// RFC 5764 §4.2 orders the exported keys by role.
fn open(exported: &ExportedKeys, role: DtlsRole) -> Option<State> {
    let profile = SrtpProfile::from_id(exported.profile)?;
    let keys = SrtpKeys::from_exporter(profile, &exported.material, role == DtlsRole::Client)?;
    Some(State::Open(Box::new(Keys {
        receiver: SrtpReceiver::new(&keys),
        sender: SrtpSender::new(&keys),
    })))
}

fn drop_reason(error: SrtpError) -> DropReason {
    match error {
        SrtpError::Malformed => DropReason::RtpMalformed,
        SrtpError::Authentication => DropReason::SrtpAuthentication,
        SrtpError::Replay => DropReason::SrtpReplay,
        SrtpError::SsrcLimit => DropReason::SsrcLimit,
    }
}
