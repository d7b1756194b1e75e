//! Sender and receiver reports (RFC 3550 §6.4).

use super::{RECEIVER_REPORT, RtcpPacket, SENDER_REPORT, Writer, split_u32};
use crate::rtp::ids::Ssrc;

/// Statistics of one received stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: Ssrc,
    /// Lost since the previous report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning, 24 bits; negative when duplicates arrived.
    pub cumulative_lost: i32,
    /// Highest sequence number, with the number of cycles above its 16 bits.
    pub highest_seq: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP timestamp of the last sender report, or 0.
    pub last_sr: u32,
    /// Since that report arrived, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

impl Default for ReportBlock {
    fn default() -> Self {
        Self {
            ssrc: Ssrc(0),
            fraction_lost: 0,
            cumulative_lost: 0,
            highest_seq: 0,
            jitter: 0,
            last_sr: 0,
            delay_since_last_sr: 0,
        }
    }
}

impl ReportBlock {
    fn parse(block: &[u8; BLOCK_LEN]) -> Option<Self> {
        let (ssrc, rest) = split_u32(block)?;
        let (lost, rest) = split_u32(rest)?;
        let (highest_seq, rest) = split_u32(rest)?;
        let (jitter, rest) = split_u32(rest)?;
        let (last_sr, rest) = split_u32(rest)?;
        let (delay_since_last_sr, _) = split_u32(rest)?;
        let [fraction_lost, ..] = lost.to_be_bytes();
        Some(Self {
            ssrc: Ssrc(ssrc),
            fraction_lost,
            // Shifted up and down again, so that the sign is extended.
            cumulative_lost: (lost << 8).cast_signed() >> 8,
            highest_seq,
            jitter,
            last_sr,
            delay_since_last_sr,
        })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        let [_, a, b, c] = self.cumulative_lost.clamp(LOST_MIN, LOST_MAX).to_be_bytes();
        writer.u32(self.ssrc.0)?;
        writer.bytes(&[self.fraction_lost, a, b, c])?;
        writer.u32(self.highest_seq)?;
        writer.u32(self.jitter)?;
        writer.u32(self.last_sr)?;
        writer.u32(self.delay_since_last_sr)
    }
}

/// Iterates over report blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    rest: &'a [u8],
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.rest.split_first_chunk::<BLOCK_LEN>()?;
        self.rest = rest;
        ReportBlock::parse(block)
    }
}

/// Writes a sender report without blocks (RFC 3550 §6.4.1); answers its length. `None`: no room.
pub fn write_sender_report(
    out: &mut [u8],
    sender: Ssrc,
    ntp: u64,
    rtp_timestamp: u32,
    packets: u32,
    bytes: u32,
) -> Option<usize> {
    let mut writer = Writer::new(out)?;
    writer.u32(sender.0)?;
    writer.bytes(&ntp.to_be_bytes())?;
    writer.u32(rtp_timestamp)?;
    writer.u32(packets)?;
    writer.u32(bytes)?;
    writer.finish(SENDER_REPORT, 0)
}

/// Writes a receiver report (RFC 3550 §6.4.2); answers its length. `None`: no room, or more than 31
/// blocks.
pub fn write_receiver_report(
    out: &mut [u8],
    sender: Ssrc,
    reports: &[ReportBlock],
) -> Option<usize> {
    let count = u8::try_from(reports.len()).ok().filter(|count| *count <= COUNT_MAX)?;
    let mut writer = Writer::new(out)?;
    writer.u32(sender.0)?;
    for report in reports {
        report.write(&mut writer)?;
    }
    writer.finish(RECEIVER_REPORT, count)
}

pub(super) fn parse_sender_report(body: &[u8], count: u8) -> Option<RtcpPacket<'_>> {
    let (sender, rest) = split_u32(body)?;
    let (ntp, rest) = rest.split_first_chunk::<8>()?;
    let (rtp_timestamp, rest) = split_u32(rest)?;
    let (packets, rest) = split_u32(rest)?;
    let (bytes, rest) = split_u32(rest)?;
    Some(RtcpPacket::SenderReport {
        sender: Ssrc(sender),
        ntp: u64::from_be_bytes(*ntp),
        rtp_timestamp,
        packets,
        bytes,
        reports: blocks(rest, count)?,
    })
}

pub(super) fn parse_receiver_report(body: &[u8], count: u8) -> Option<RtcpPacket<'_>> {
    let (sender, rest) = split_u32(body)?;
    Some(RtcpPacket::ReceiverReport { sender: Ssrc(sender), reports: blocks(rest, count)? })
}

/// What follows the blocks is an extension of a profile that we do not speak.
fn blocks(bytes: &[u8], count: u8) -> Option<ReportBlocks<'_>> {
    Some(ReportBlocks { rest: bytes.get(..usize::from(count) * BLOCK_LEN)? })
}

const BLOCK_LEN: usize = 24;
/// RC has five bits.
const COUNT_MAX: u8 = 31;
/// 24 bits, signed.
const LOST_MIN: i32 = -0x80_0000;
const LOST_MAX: i32 = 0x7f_ffff;
