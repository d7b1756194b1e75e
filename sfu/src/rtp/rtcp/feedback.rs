//! Feedback messages (RFC 4585, RFC 5104): NACK, PLI, FIR, REMB, transport-wide congestion control.

use super::{
    FORMAT_TRANSPORT_CC, Header, PAYLOAD_FEEDBACK, RtcpPacket, TRANSPORT_FEEDBACK, Writer,
    split_u32,
};
use crate::rtp::ids::{Seq, Ssrc};

/// Iterates over the sequence numbers of a generic NACK, at most 17 for each pair (RFC 4585
/// §6.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NackPairs<'a> {
    rest: &'a [u8],
    /// PID of the pair under way, and what of its BLP is still to be told, shifted down.
    seq: u16,
    following: u16,
}

impl Iterator for NackPairs<'_> {
    type Item = Seq;

    fn next(&mut self) -> Option<Seq> {
        if self.following != 0 {
            let skip = self.following.trailing_zeros() + 1;
            #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
            let distance = skip as u16;
            self.seq = self.seq.wrapping_add(distance);
            self.following = self.following.checked_shr(skip).unwrap_or(0);
            return Some(Seq(self.seq));
        }
        let ([p0, p1, b0, b1], rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        self.seq = u16::from_be_bytes([*p0, *p1]);
        self.following = u16::from_be_bytes([*b0, *b1]);
        Some(Seq(self.seq))
    }
}

/// One stream of a full intra request (RFC 5104 §4.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirEntry {
    /// The stream.
    pub ssrc: Ssrc,
    /// Changes with each new request; a repetition keeps it.
    pub sequence: u8,
}

/// Iterates over the entries of a full intra request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirEntries<'a> {
    rest: &'a [u8],
}

impl Iterator for FirEntries<'_> {
    type Item = FirEntry;

    fn next(&mut self) -> Option<FirEntry> {
        let (ssrc, rest) = split_u32(self.rest)?;
        let ([sequence, _, _, _], rest) = rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(FirEntry { ssrc: Ssrc(ssrc), sequence: *sequence })
    }
}

pub(super) fn parse(header: Header, body: &[u8]) -> Option<RtcpPacket<'_>> {
    let Header { packet_type, format } = header;
    let (sender, rest) = split_u32(body)?;
    let (media, fci) = split_u32(rest)?;
    let (sender, media) = (Ssrc(sender), Ssrc(media));
    Some(match (packet_type, format) {
        (TRANSPORT_FEEDBACK, FORMAT_NACK) => {
            let pairs = NackPairs { rest: fci, seq: 0, following: 0 };
            RtcpPacket::Nack { sender, media, pairs }
        }
        (TRANSPORT_FEEDBACK, FORMAT_TRANSPORT_CC) => {
            RtcpPacket::TransportCc { sender, media, raw: fci }
        }
        (PAYLOAD_FEEDBACK, FORMAT_PLI) => RtcpPacket::Pli { sender, media },
        (PAYLOAD_FEEDBACK, FORMAT_FIR) => {
            RtcpPacket::Fir { sender, entries: FirEntries { rest: fci } }
        }
        (PAYLOAD_FEEDBACK, FORMAT_APPLICATION) => match remb_bitrate(fci) {
            Some(bitrate_bps) => RtcpPacket::Remb { sender, bitrate_bps },
            None => RtcpPacket::Other { packet_type, format },
        },
        _ => RtcpPacket::Other { packet_type, format },
    })
}

/// `"REMB" | number of SSRCs | exponent 6, mantissa 18 | SSRCs` (draft-alvestrand-rmcat-remb-03
/// §2.2).
fn remb_bitrate(fci: &[u8]) -> Option<u64> {
    let rest = fci.strip_prefix(b"REMB")?;
    let (word, _) = split_u32(rest)?;
    let exponent = word >> 18 & 0x3f;
    let mantissa = u64::from(word & 0x3_ffff);
    if mantissa.leading_zeros() < exponent {
        return Some(u64::MAX);
    }
    Some(mantissa.checked_shl(exponent).unwrap_or(0))
}

/// Writes a picture loss indication; answers its length. `None`: no room.
pub fn write_pli(out: &mut [u8], sender: Ssrc, media: Ssrc) -> Option<usize> {
    let mut writer = Writer::new(out)?;
    writer.u32(sender.0)?;
    writer.u32(media.0)?;
    writer.finish(PAYLOAD_FEEDBACK, FORMAT_PLI)
}

/// Writes a generic NACK for sequence numbers in the order they were sent; answers its length.
///
/// `None`: no room for all, or none given.
pub fn write_nack(out: &mut [u8], sender: Ssrc, media: Ssrc, seqs: &[Seq]) -> Option<usize> {
    let (&first, following) = seqs.split_first()?;
    let mut writer = Writer::new(out)?;
    writer.u32(sender.0)?;
    writer.u32(media.0)?;
    let (mut pid, mut blp) = (first.0, 0u16);
    for seq in following {
        match seq.0.wrapping_sub(pid) {
            0 => {}
            distance @ 1..=16 => blp |= 1 << (distance - 1),
            _ => {
                writer.u16(pid)?;
                writer.u16(blp)?;
                (pid, blp) = (seq.0, 0);
            }
        }
    }
    writer.u16(pid)?;
    writer.u16(blp)?;
    writer.finish(TRANSPORT_FEEDBACK, FORMAT_NACK)
}

const FORMAT_NACK: u8 = 1;
const FORMAT_PLI: u8 = 1;
const FORMAT_FIR: u8 = 4;
/// Application layer feedback (RFC 4585 §6.4).
const FORMAT_APPLICATION: u8 = 15;
