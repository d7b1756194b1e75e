//! RTCP (RFC 3550 §6, RFC 4585, 5104): compound packets read in place, and the few kinds that we
//! send.
//!
//! Owns the wire format only; views borrow the plaintext datagram, writers fill a buffer. No
//! allocation. Reduced-size packets (RFC 5506) are welcome. Sanity of what is said (whose SSRC?) is
//! the room's concern.

mod feedback;
mod report;
mod source;
mod writer;

pub use feedback::{FirEntries, FirEntry, NackPairs, write_nack, write_pli};
pub use report::{ReportBlock, ReportBlocks, write_receiver_report, write_sender_report};
pub use source::{Sources, write_bye, write_sdes_cname};

use crate::rtp::ids::Ssrc;
pub(super) use writer::Writer;

/// Why bytes are not RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// A length reaches beyond the bytes, or is too short for the packet type.
    #[error("packet is truncated")]
    Truncated,
    /// Version is not 2.
    #[error("version is not 2")]
    Version,
    /// Padding of 0 bytes, or of more than there are.
    #[error("padding length is impossible")]
    Padding,
}

/// One packet of a compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RtcpPacket<'a> {
    /// RFC 3550 §6.4.1.
    SenderReport {
        /// Who reports.
        sender: Ssrc,
        /// NTP timestamp, 32.32 fixed point.
        ntp: u64,
        /// The same moment on the RTP clock.
        rtp_timestamp: u32,
        /// Packets sent so far.
        packets: u32,
        /// Payload bytes sent so far.
        bytes: u32,
        /// What the sender receives.
        reports: ReportBlocks<'a>,
    },
    /// RFC 3550 §6.4.2.
    ReceiverReport {
        /// Who reports.
        sender: Ssrc,
        /// What it receives.
        reports: ReportBlocks<'a>,
    },
    /// Generic NACK (RFC 4585 §6.2.1).
    Nack {
        /// Who asks.
        sender: Ssrc,
        /// The stream with gaps.
        media: Ssrc,
        /// The missing sequence numbers.
        pairs: NackPairs<'a>,
    },
    /// Picture loss indication (RFC 4585 §6.3.1).
    Pli {
        /// Who asks.
        sender: Ssrc,
        /// The stream that needs a key frame.
        media: Ssrc,
    },
    /// Full intra request (RFC 5104 §4.3.1).
    Fir {
        /// Who asks.
        sender: Ssrc,
        /// The streams that need a key frame.
        entries: FirEntries<'a>,
    },
    /// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03).
    Remb {
        /// Who estimates.
        sender: Ssrc,
        /// The estimate for all streams together; saturates.
        bitrate_bps: u64,
    },
    /// Transport-wide congestion control feedback
    /// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc {
        /// Who reports.
        sender: Ssrc,
        /// Some stream of the transport.
        media: Ssrc,
        /// From the base sequence number on; unchecked.
        raw: &'a [u8],
    },
    /// RFC 3550 §6.6.
    Bye {
        /// Who leaves. The reason is skipped.
        sources: Sources<'a>,
    },
    /// RFC 3550 §6.5; we have no use for what it says.
    SourceDescription,
    /// Any other packet.
    Other {
        /// PT.
        packet_type: u8,
        /// The five bits of count or format.
        format: u8,
    },
}

/// Reads a compound packet. After the first error nothing follows.
#[must_use]
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

/// The packets of a compound.
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<RtcpPacket<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let next = split(self.rest).and_then(|(header, body, rest)| {
            self.rest = rest;
            parse(header, body).ok_or(RtcpError::Truncated)
        });
        if next.is_err() {
            self.rest = &[];
        }
        Some(next)
    }
}

#[derive(Debug, Clone, Copy)]
struct Header {
    /// Count or format.
    format: u8,
    packet_type: u8,
}

/// Splits off one packet: its header, its body without padding, what follows (RFC 3550 §6.4.1).
fn split(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), RtcpError> {
    let ([flags, packet_type, l0, l1], rest) =
        bytes.split_first_chunk::<4>().ok_or(RtcpError::Truncated)?;
    if flags >> 6 != VERSION {
        return Err(RtcpError::Version);
    }
    let len = 4 * usize::from(u16::from_be_bytes([*l0, *l1]));
    let (mut body, rest) = rest.split_at_checked(len).ok_or(RtcpError::Truncated)?;
    if flags & PADDING_BIT != 0 {
        let padding = usize::from(*body.last().ok_or(RtcpError::Padding)?);
        let len = body.len().checked_sub(padding).filter(|_| padding > 0);
        body = len.and_then(|len| body.get(..len)).ok_or(RtcpError::Padding)?;
    }
    Ok((Header { format: flags & 0x1f, packet_type: *packet_type }, body, rest))
}

/// `None`: the body is too short.
fn parse(header: Header, body: &[u8]) -> Option<RtcpPacket<'_>> {
    match (header.packet_type, header.format) {
        (SENDER_REPORT, count) => report::parse_sender_report(body, count),
        (RECEIVER_REPORT, count) => report::parse_receiver_report(body, count),
        (SOURCE_DESCRIPTION, _) => Some(RtcpPacket::SourceDescription),
        (BYE, count) => source::parse_bye(body, count),
        (TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK, _) => feedback::parse(header, body),
        (packet_type, format) => Some(RtcpPacket::Other { packet_type, format }),
    }
}

/// Four bytes at the front as a number, and what follows.
fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

const VERSION: u8 = 2;
const PADDING_BIT: u8 = 0x20;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

pub(super) const FORMAT_TRANSPORT_CC: u8 = 15;

#[cfg(test)]
mod tests;
