//! Batches of relay frames, written and read (bytes only; what they mean is the room's).
//!
//! ```text
//!   batch    version (1) | frame | frame | ...
//!   frame    kind (1) | edge (8) | length (4) | body                              numbers big-endian
//!   packet   track (8) | seq (8) | timestamp (4) | layer (1) | codec (1) | flags (1)
//!            | audio level (1) | orientation (1) | playout delay (3)              each if its flag is set
//!            | length (1) capture time | length (2) dependency descriptor         likewise
//!            | payload
//!   report   track (8) | layer (1) | NTP time (8) | RTP timestamp (4)
//!   restart  track (8) | layer (1)
//!   data     (one kind down, one up) channel (1) | length (1) sender's sid | message
//!   down, up JSON: rare, and read by people when something is wrong
//! ```
//!
//! A reader refuses what it does not understand: both ends of a link are told apart by the version alone. It never
//! panics and never allocates more than what a frame holds.

use std::io::Write as _;

use super::{
    Direction, EdgeId, TrackHandle,
    message::{Down, Up},
};
use crate::{
    connection::sctp::ChannelLabel,
    rtp::{
        history::{PacketMeta, StoredExtensions},
        ids::ExtSeq,
        payload::CodecKind,
    },
};

/// The version of the format.
pub const VERSION: u8 = 1;

/// Bytes before the body of a frame.
pub const FRAME_HEAD_BYTES: usize = 13;

/// Largest body of a frame: a participant with 512 KiB of metadata, every byte of it escaped.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most bytes that a packet's frame adds to payload, capture time and dependency descriptor.
pub const PACKET_OVERHEAD_BYTES: usize = FRAME_HEAD_BYTES + 31;

/// A batch or frame cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Written by another version.
    #[error("relay format version {0} is not spoken here")]
    Version(u8),
    /// It ends too early.
    #[error("relay frame is truncated")]
    Truncated,
    /// Its content is not what its kind says.
    #[error("relay frame is malformed")]
    Malformed,
}

/// One frame.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Of which edge.
    pub edge: EdgeId,
    /// What.
    pub body: Body<'a>,
}

/// The content of a frame.
#[derive(Debug)]
pub enum Body<'a> {
    /// Home to edge: one RTP packet.
    Packet(RelayedPacket<'a>),
    /// Home to edge: the publisher's clock.
    Report(RelayedReport),
    /// Home to edge: a layer begins anew with other numbers.
    Restart(TrackHandle, u8),
    /// Either way: a data message, stamped by the sender's shard.
    Data(RelayedData<'a>),
    /// Home to edge.
    Down(Box<Down>),
    /// Edge to home.
    Up(Box<Up>),
}

/// A packet as its publisher sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayedPacket<'a> {
    /// Of which publication, as the receiver names it.
    pub track: TrackHandle,
    /// Index of its layer.
    pub layer: u8,
    /// Sequence number.
    pub seq: ExtSeq,
    /// Header fields.
    pub meta: PacketMeta,
    /// The extensions that belong to the media.
    pub extensions: StoredExtensions<'a>,
    /// Plaintext payload.
    pub payload: &'a [u8],
}

/// A sender report of a layer (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayedReport {
    /// Of which publication, as the receiver names it.
    pub track: TrackHandle,
    /// Index of its layer.
    pub layer: u8,
    /// NTP time.
    pub ntp: u64,
    /// The same instant as RTP timestamp.
    pub rtp_timestamp: u32,
}

/// A data message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayedData<'a> {
    /// From a home or from an edge.
    pub direction: Direction,
    /// Sid of the sender.
    pub sender: &'a str,
    /// On which channel.
    pub label: ChannelLabel,
    /// `DataPacket` with its true sender.
    pub message: &'a [u8],
}

const PACKET: u8 = 1;
const REPORT: u8 = 2;
const RESTART: u8 = 3;
const DATA_DOWN: u8 = 4;
const DATA_UP: u8 = 5;
const DOWN: u8 = 6;
const UP: u8 = 7;

const MARKER: u8 = 1;
const AUDIO_LEVEL: u8 = 1 << 1;
const ORIENTATION: u8 = 1 << 2;
const PLAYOUT_DELAY: u8 = 1 << 3;
const CAPTURE_TIME: u8 = 1 << 4;
const DESCRIPTOR: u8 = 1 << 5;
const FLAGS: u8 = (1 << 6) - 1;

/// Begins a batch.
pub fn begin(out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
}

/// Appends a packet; nothing if its extensions are longer than RTP can carry. Hot: one copy; no allocation within the
/// capacity of `out`.
pub fn write_packet(out: &mut Vec<u8>, edge: EdgeId, packet: &RelayedPacket<'_>) -> bool {
    let extensions = &packet.extensions;
    let capture = extensions.abs_capture_time.unwrap_or_default();
    let descriptor = extensions.dependency_descriptor.unwrap_or_default();
    let (Ok(capture_len), Ok(descriptor_len)) =
        (u8::try_from(capture.len()), u16::try_from(descriptor.len()))
    else {
        return false;
    };
    let flag = |flag, is_set| if is_set { flag } else { 0 };
    let flags = flag(MARKER, packet.meta.marker)
        | flag(AUDIO_LEVEL, extensions.audio_level.is_some())
        | flag(ORIENTATION, extensions.video_orientation.is_some())
        | flag(PLAYOUT_DELAY, extensions.playout_delay.is_some())
        | flag(CAPTURE_TIME, extensions.abs_capture_time.is_some())
        | flag(DESCRIPTOR, extensions.dependency_descriptor.is_some());
    write_frame(out, PACKET, edge, |out| {
        out.extend_from_slice(&packet.track.0.to_be_bytes());
        out.extend_from_slice(&packet.seq.0.to_be_bytes());
        out.extend_from_slice(&packet.meta.timestamp.to_be_bytes());
        out.extend_from_slice(&[packet.layer, codec_number(packet.meta.codec), flags]);
        out.extend(extensions.audio_level);
        out.extend(extensions.video_orientation);
        out.extend_from_slice(extensions.playout_delay.as_ref().map_or(&[], <[u8; 3]>::as_slice));
        if extensions.abs_capture_time.is_some() {
            out.push(capture_len);
            out.extend_from_slice(capture);
        }
        if extensions.dependency_descriptor.is_some() {
            out.extend_from_slice(&descriptor_len.to_be_bytes());
            out.extend_from_slice(descriptor);
        }
        out.extend_from_slice(packet.payload);
        true
    })
}

/// Appends a sender report.
pub fn write_report(out: &mut Vec<u8>, edge: EdgeId, report: &RelayedReport) -> bool {
    write_frame(out, REPORT, edge, |out| {
        out.extend_from_slice(&report.track.0.to_be_bytes());
        out.push(report.layer);
        out.extend_from_slice(&report.ntp.to_be_bytes());
        out.extend_from_slice(&report.rtp_timestamp.to_be_bytes());
        true
    })
}

/// Appends the restart of a layer.
pub fn write_restart(out: &mut Vec<u8>, edge: EdgeId, track: TrackHandle, layer: u8) -> bool {
    write_frame(out, RESTART, edge, |out| {
        out.extend_from_slice(&track.0.to_be_bytes());
        out.push(layer);
        true
    })
}

/// Appends a data message; nothing if the sid is too long.
pub fn write_data(out: &mut Vec<u8>, edge: EdgeId, data: &RelayedData<'_>) -> bool {
    let kind = match data.direction {
        Direction::Down => DATA_DOWN,
        Direction::Up => DATA_UP,
    };
    write_frame(out, kind, edge, |out| {
        let Ok(sender_len) = u8::try_from(data.sender.len()) else { return false };
        out.extend_from_slice(&[label_number(data.label), sender_len]);
        out.extend_from_slice(data.sender.as_bytes());
        out.extend_from_slice(data.message);
        true
    })
}

/// Appends a message of a home; nothing if it is too long.
pub fn write_down(out: &mut Vec<u8>, edge: EdgeId, message: &Down) -> bool {
    write_frame(out, DOWN, edge, |out| serde_json::to_writer(&mut *out, message).is_ok())
}

/// Appends a message of an edge; nothing if it is too long.
pub fn write_up(out: &mut Vec<u8>, edge: EdgeId, message: &Up) -> bool {
    write_frame(out, UP, edge, |out| serde_json::to_writer(&mut *out, message).is_ok())
}

/// Writes a frame around what `write` appends; takes it back if that fails or is too long.
fn write_frame(
    out: &mut Vec<u8>,
    kind: u8,
    edge: EdgeId,
    write: impl FnOnce(&mut Vec<u8>) -> bool,
) -> bool {
    let start = out.len();
    out.push(kind);
    out.extend_from_slice(&edge.0.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    let is_written = write(out);
    let body = out.len() - start - FRAME_HEAD_BYTES;
    let length = u32::try_from(body).ok().filter(|_| is_written && body <= BODY_BYTES_MAX);
    let place = out.get_mut(start + FRAME_HEAD_BYTES - 4..start + FRAME_HEAD_BYTES);
    if let (Some(length), Some(mut place)) = (length, place) {
        return place.write_all(&length.to_be_bytes()).is_ok();
    }
    out.truncate(start);
    false
}

/// The frames of a batch, in order; the first that cannot be read is the last.
pub fn frames(batch: &[u8]) -> impl Iterator<Item = Result<Frame<'_>, WireError>> {
    let (mut rest, mut failure) = match batch.split_first() {
        Some((&VERSION, rest)) => (rest, None),
        Some((version, _)) => (&[][..], Some(WireError::Version(*version))),
        None => (&[][..], Some(WireError::Truncated)),
    };
    std::iter::from_fn(move || {
        if let Some(error) = failure.take() {
            return Some(Err(error));
        }
        if rest.is_empty() {
            return None;
        }
        let mut reader = Reader(rest);
        let frame = frame(&mut reader);
        rest = if frame.is_ok() { reader.0 } else { &[] };
        Some(frame)
    })
}

fn frame<'a>(reader: &mut Reader<'a>) -> Result<Frame<'a>, WireError> {
    let kind = reader.u8()?;
    let edge = EdgeId(reader.u64()?);
    let length = usize::try_from(reader.u32()?).map_err(|_| WireError::Malformed)?;
    if length > BODY_BYTES_MAX {
        return Err(WireError::Malformed);
    }
    let mut body = Reader(reader.take(length)?);
    let json = |_| WireError::Malformed;
    let read = match kind {
        PACKET => Body::Packet(packet(&mut body)?),
        REPORT => Body::Report(report(&mut body)?),
        RESTART => Body::Restart(TrackHandle(body.u64()?), body.u8()?),
        DATA_DOWN => Body::Data(data(Direction::Down, &mut body)?),
        DATA_UP => Body::Data(data(Direction::Up, &mut body)?),
        DOWN => Body::Down(Box::new(serde_json::from_slice(body.rest()).map_err(json)?)),
        UP => Body::Up(Box::new(serde_json::from_slice(body.rest()).map_err(json)?)),
        _ => return Err(WireError::Malformed),
    };
    if body.0.is_empty() { Ok(Frame { edge, body: read }) } else { Err(WireError::Malformed) }
}

fn packet<'a>(body: &mut Reader<'a>) -> Result<RelayedPacket<'a>, WireError> {
    let track = TrackHandle(body.u64()?);
    let seq = ExtSeq(body.u64()?);
    let timestamp = body.u32()?;
    let (layer, codec, flags) = (body.u8()?, body.u8()?, body.u8()?);
    if flags & !FLAGS != 0 {
        return Err(WireError::Malformed);
    }
    let codec = CodecKind::ALL.get(usize::from(codec)).copied().ok_or(WireError::Malformed)?;
    let has = |flag| flags & flag != 0;
    let mut extensions = StoredExtensions::default();
    if has(AUDIO_LEVEL) {
        extensions.audio_level = Some(body.u8()?);
    }
    if has(ORIENTATION) {
        extensions.video_orientation = Some(body.u8()?);
    }
    if has(PLAYOUT_DELAY) {
        extensions.playout_delay = Some(body.array()?);
    }
    if has(CAPTURE_TIME) {
        let len = body.u8()?;
        extensions.abs_capture_time = Some(body.take(len.into())?);
    }
    if has(DESCRIPTOR) {
        let len = u16::from_be_bytes(body.array()?);
        extensions.dependency_descriptor = Some(body.take(len.into())?);
    }
    let meta = PacketMeta { marker: has(MARKER), timestamp, codec };
    Ok(RelayedPacket { track, layer, seq, meta, extensions, payload: body.rest() })
}

fn report(body: &mut Reader<'_>) -> Result<RelayedReport, WireError> {
    Ok(RelayedReport {
        track: TrackHandle(body.u64()?),
        layer: body.u8()?,
        ntp: body.u64()?,
        rtp_timestamp: body.u32()?,
    })
}

fn data<'a>(direction: Direction, body: &mut Reader<'a>) -> Result<RelayedData<'a>, WireError> {
    let label = usize::from(body.u8()?);
    let label = ChannelLabel::ALL.get(label).copied().ok_or(WireError::Malformed)?;
    let sender_len = body.u8()?;
    let sender =
        std::str::from_utf8(body.take(sender_len.into())?).map_err(|_| WireError::Malformed)?;
    Ok(RelayedData { direction, sender, label, message: body.rest() })
}

/// Numbers of codecs and channels are their places in `ALL`.
fn codec_number(codec: CodecKind) -> u8 {
    number(CodecKind::ALL, codec)
}

fn label_number(label: ChannelLabel) -> u8 {
    number(&ChannelLabel::ALL, label)
}

fn number<T: PartialEq + Copy>(all: &[T], one: T) -> u8 {
    let place = all.iter().position(|known| *known == one);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        self.take(N)?.try_into().map_err(|_| WireError::Truncated)
    }

    fn u8(&mut self) -> Result<u8, WireError> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests;
