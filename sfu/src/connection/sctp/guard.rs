//! What the SCTP engine must not be fed.
//!
//! The engine follows the protocol for peers that do. A hostile one could make it walk two thousand million TSNs for
//! one FORWARD-TSN, keep chunks that it never completes, or keep reset requests for ever. This looks at each packet
//! before the engine does, and at each SACK that leaves (it tells how much the engine holds), and bounds all of that.
//!
//! Owns: those bounds. Never: the protocol itself; a packet that passes may still be wrong.

use crate::limits::DATA_MESSAGE_BYTES_MAX;

/// The window that we advertise: four of the largest messages, 20 Mbit/s at a round trip of 100 ms.
pub(super) const RECEIVE_WINDOW_BYTES: u32 = 256 * 1024;

/// What the engine takes beyond that window. A sender that met a closed window goes on with one chunk at a time (RFC 9260
/// §6.1): were those refused, it would take them for lost, and for half a minute after the window has opened it would
/// send as if the network were bad. Five in a second, for as long as a stalled receiver may keep everybody waiting.
const PROBE_BYTES: u32 = 64 * 1024;

/// What the engine takes.
pub(super) const ENGINE_WINDOW_BYTES: u32 = RECEIVE_WINDOW_BYTES + PROBE_BYTES;

/// Bytes that may wait for the rest of their messages. A sender that respects the window stays far below: its window
/// once more in flight, and repetitions.
const PENDING_BYTES_MAX: usize = 1024 * 1024;

/// Chunks that may wait to be read: what bounds chunks of one byte. A sender that is made to wait fills a window with
/// messages, and the envelope of an empty one has 16 bytes and more.
const PENDING_CHUNKS_MAX: usize = RECEIVE_WINDOW_BYTES as usize / 16;

/// How far a TSN may be ahead of what we acknowledged: a window of chunks of 64 bytes.
const TSN_AHEAD_MAX: u32 = 4096;

/// How far FORWARD-TSN may skip. Each TSN skipped is a look-up; this many take half a millisecond.
const FORWARD_AHEAD_MAX: u32 = 16_384;

/// Stream resets in the life of an association. Clients close a handful of channels.
const RESETS_MAX: u32 = 256;

const _: () = assert!(RECEIVE_WINDOW_BYTES as usize >= 2 * DATA_MESSAGE_BYTES_MAX);
const _: () = assert!(PENDING_BYTES_MAX >= 2 * ENGINE_WINDOW_BYTES as usize);

/// Bytes of the common header (RFC 9260 §3.1).
const COMMON_HEADER_BYTES: usize = 12;

pub(super) const DATA: u8 = 0;
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
pub(super) const SACK: u8 = 3;
const ABORT: u8 = 6;
const ERROR: u8 = 9;
const RECONFIG: u8 = 130;
const FORWARD_TSN: u8 = 192;

/// What is to be done with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The engine may have it.
    Pass,
    /// It is ignored, as if lost.
    Drop,
    /// The peer cannot be meaning well: the association ends.
    Break,
    /// The peer ended the association.
    Aborted,
}

/// The bounds of one association.
#[derive(Debug)]
pub(super) struct Guard {
    /// The highest TSN that we acknowledged with all before it.
    acknowledged: u32,
    pending_bytes: usize,
    pending_chunks: usize,
    resets: u32,
}

impl Guard {
    /// For an association that began with an INIT of this TSN.
    pub(super) fn new(initial_tsn: u32) -> Self {
        Self {
            acknowledged: initial_tsn.wrapping_sub(1),
            pending_bytes: 0,
            pending_chunks: 0,
            resets: 0,
        }
    }

    /// Judges a packet that [`is_well_formed`] for an association that exists.
    pub(super) fn judge(&mut self, packet: &[u8]) -> Verdict {
        let mut verdict = Verdict::Pass;
        for chunk in chunks(packet) {
            match self.judge_chunk(chunk) {
                Verdict::Pass => {}
                Verdict::Drop => verdict = Verdict::Drop,
                ended @ (Verdict::Break | Verdict::Aborted) => return ended,
            }
        }
        if self.pending_bytes > PENDING_BYTES_MAX || self.pending_chunks > PENDING_CHUNKS_MAX {
            return Verdict::Break;
        }
        verdict
    }

    fn judge_chunk(&mut self, chunk: Chunk<'_>) -> Verdict {
        let value = chunk.value;
        match chunk.kind {
            DATA => self.judge_data(value),
            SACK if gaps_are_plausible(value) => Verdict::Pass,
            FORWARD_TSN => match read_u32(value, 0).map(|tsn| self.ahead(tsn)) {
                Some(Ahead::By(tsns)) if tsns > FORWARD_AHEAD_MAX => Verdict::Drop,
                Some(_) => Verdict::Pass,
                None => Verdict::Drop,
            },
            RECONFIG => {
                self.resets = self.resets.saturating_add(1);
                if self.resets > RESETS_MAX { Verdict::Drop } else { Verdict::Pass }
            }
            // A new INIT would close the association; DTLS already says that it is the same peer.
            INIT | INIT_ACK | SACK => Verdict::Drop,
            // The engine panics on a cause whose length is wrong, so it sees none. What an ERROR says, it would answer
            // with the end of the association, which RFC 9260 §8.5 does not ask for.
            ABORT => Verdict::Aborted,
            ERROR => Verdict::Drop,
            _ => Verdict::Pass,
        }
    }

    fn judge_data(&mut self, value: &[u8]) -> Verdict {
        /// TSN, stream, sequence number and payload protocol identifier (RFC 9260 §3.3.1).
        const DATA_HEADER_BYTES: usize = 12;
        let (Some(tsn), Some(payload)) = (read_u32(value, 0), value.get(DATA_HEADER_BYTES..))
        else {
            return Verdict::Drop;
        };
        if payload.is_empty() {
            // RFC 9260 §6.2 wants the association aborted.
            return Verdict::Break;
        }
        match self.ahead(tsn) {
            Ahead::By(tsns) if tsns > TSN_AHEAD_MAX => Verdict::Drop,
            Ahead::By(_) => {
                self.pending_bytes += payload.len();
                self.pending_chunks += 1;
                Verdict::Pass
            }
            Ahead::Not => Verdict::Pass,
        }
    }

    /// Takes note of a message that was read: it waits no more.
    pub(super) fn on_read(&mut self, chunks: usize, bytes: usize) {
        self.pending_chunks = self.pending_chunks.saturating_sub(chunks);
        self.pending_bytes = self.pending_bytes.saturating_sub(bytes);
    }

    /// Takes note of a packet that leaves: a SACK says what we acknowledge and how much of the window is left.
    pub(super) fn on_sent(&mut self, packet: &[u8]) {
        let Some(sack) = chunks(packet).find(|chunk| chunk.kind == SACK) else { return };
        let (Some(tsn), Some(window)) = (read_u32(sack.value, 0), read_u32(sack.value, 4)) else {
            return;
        };
        self.acknowledged = tsn;
        if window > 0 {
            let held = ENGINE_WINDOW_BYTES.saturating_sub(window);
            self.pending_bytes = usize::try_from(held).unwrap_or(usize::MAX);
        }
        if window == ENGINE_WINDOW_BYTES {
            self.pending_chunks = 0;
        }
    }

    /// Serial number arithmetic (RFC 1982), but what lies more than a quarter of the number space behind counts as
    /// ahead: the engine may have acknowledged a little more than its last SACK said.
    fn ahead(&self, tsn: u32) -> Ahead {
        let behind = self.acknowledged.wrapping_sub(tsn);
        if behind < 1 << 30 { Ahead::Not } else { Ahead::By(tsn.wrapping_sub(self.acknowledged)) }
    }
}

enum Ahead {
    Not,
    By(u32),
}

/// Whether a packet has a header, at least one chunk, and every chunk lies within it.
pub(super) fn is_well_formed(packet: &[u8]) -> bool {
    let mut rest = packet.get(COMMON_HEADER_BYTES..).unwrap_or_default();
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        match split_chunk(rest) {
            Some((_, next)) => rest = next,
            None => return false,
        }
    }
    true
}

/// The initial TSN, if the packet is an INIT, which stands alone (RFC 9260 §3.1).
pub(super) fn initial_tsn(packet: &[u8]) -> Option<u32> {
    /// Initiate tag, window, outbound and inbound streams come before (RFC 9260 §3.3.2).
    const INITIAL_TSN_AT: usize = 12;
    let mut all = chunks(packet);
    let init = all.next().filter(|chunk| chunk.kind == INIT)?;
    if all.next().is_some() { None } else { read_u32(init.value, INITIAL_TSN_AT) }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) value: &'a [u8],
}

/// The chunks of a packet, as far as they lie within it.
pub(super) fn chunks(packet: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = packet.get(COMMON_HEADER_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (chunk, next) = split_chunk(rest)?;
        rest = next;
        Some(chunk)
    })
}

/// The first chunk and what follows it. The last chunk may lack its padding (RFC 9260 §3.2).
fn split_chunk(bytes: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let length = usize::from(read_u16(bytes, 2)?);
    let [kind, flags] = *bytes.first_chunk()?;
    let chunk = Chunk { kind, flags, value: bytes.get(4..length)? };
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((chunk, next))
}

/// Whether the gap blocks of a SACK name no more TSNs than there can be; they overlap only in hostile ones.
fn gaps_are_plausible(sack: &[u8]) -> bool {
    /// TSN, window and the numbers of blocks and duplicates (RFC 9260 §3.3.4).
    const SACK_HEADER_BYTES: usize = 12;
    let Some(count) = read_u16(sack, 8) else { return false };
    let blocks = sack.get(SACK_HEADER_BYTES..).unwrap_or_default().chunks_exact(4);
    let named: u32 = blocks
        .take(usize::from(count))
        .map(|block| {
            let [start, end] = [0, 2].map(|at| read_u16(block, at).unwrap_or_default());
            u32::from(end.saturating_sub(start)) + 1
        })
        .sum();
    named <= u32::from(u16::MAX)
}

pub(super) fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

pub(super) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}
