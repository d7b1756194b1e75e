//! When the peer hears what we have received, and how much more it may send.
//!
//! The engine acknowledges every second packet and waits 200 ms for the second; it never says that a window which was
//! closed has opened. A sender that waits for the end of a message before it sends the next then moves one message each
//! 200 ms, and one that met a closed window waits for its own probe, a second and more. So we ask the engine for a SACK
//! when one is owed: a repetition of a DATA chunk that it has acknowledged long ago must be answered at once
//! (RFC 9260 §6.2), and changes nothing else.
//!
//! Owns: when a SACK is owed, the packet that asks for it, and the window that it tells. Never: what else a SACK says;
//! that is the engine's.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::guard::{DATA, ENGINE_WINDOW_BYTES, RECEIVE_WINDOW_BYTES, SACK, chunks, read_u32};

/// How long data may wait for its acknowledgement. Short against any round trip, and long enough that a sender of small
/// messages still gets one SACK for several packets.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(10);

/// A narrower window is told as closed: nothing of use fits into it (RFC 9260 §6.2).
const WINDOW_BYTES_MIN: u32 = 4096;

/// The window has opened by so much: worth a SACK (RFC 9260 §6.2 warns of smaller steps).
const WINDOW_STEP_BYTES: usize = RECEIVE_WINDOW_BYTES as usize / 4;

/// Flags of a DATA chunk (RFC 9260 §3.3.1, RFC 7053 §3).
mod flag {
    pub(super) const ENDS: u8 = 1;
    pub(super) const BEGINS: u8 = 1 << 1;
    pub(super) const IMMEDIATE: u8 = 1 << 3;
}

/// What is owed to one peer.
#[derive(Debug)]
pub(super) struct Receipts {
    /// Ports and verification tag of the peer's packets.
    header: [u8; 8],
    /// The highest TSN acknowledged with all before it.
    acknowledged: u32,
    /// By when data must be acknowledged that no SACK has covered.
    owed: Option<Instant>,
    /// The window that the last SACK told.
    told_window: u32,
    /// Read since.
    read_bytes: usize,
}

impl Receipts {
    /// For an association that began with an INIT of this TSN.
    pub(super) fn new(initial_tsn: u32) -> Self {
        Self {
            header: [0; 8],
            acknowledged: initial_tsn.wrapping_sub(1),
            owed: None,
            told_window: RECEIVE_WINDOW_BYTES,
            read_bytes: 0,
        }
    }

    /// A packet goes to the engine.
    pub(super) fn on_packet(&mut self, packet: &[u8], now: Instant) {
        if let Some(header) = packet.first_chunk() {
            self.header = *header;
        }
        if self.told_window == 0 {
            // The engine's 200 ms are right for a sender that may send no more: its next chunk is only a question.
            return;
        }
        for chunk in chunks(packet).filter(|chunk| chunk.kind == DATA) {
            // The sender of a message in many packets may be waiting for just this.
            let is_last_of_many = chunk.flags & (flag::BEGINS | flag::ENDS) == flag::ENDS;
            let by = if is_last_of_many { now } else { now + ACKNOWLEDGE_AFTER };
            self.owed = Some(self.owed.map_or(by, |owed| owed.min(by)));
        }
    }

    /// A packet of the engine leaves, perhaps with another window: the engine takes more than it should be sent.
    pub(super) fn on_sent(&mut self, packet: Bytes) -> Bytes {
        let Some(sack) = chunks(&packet).next().filter(|chunk| chunk.kind == SACK) else {
            return packet;
        };
        let (Some(tsn), Some(window)) = (read_u32(sack.value, 0), read_u32(sack.value, 4)) else {
            return packet;
        };
        let window = window.saturating_sub(ENGINE_WINDOW_BYTES - RECEIVE_WINDOW_BYTES);
        let window = if window < WINDOW_BYTES_MIN { 0 } else { window };
        (self.acknowledged, self.told_window) = (tsn, window);
        (self.owed, self.read_bytes) = (None, 0);
        let mut packet = Vec::from(packet);
        put(&mut packet, SACK_WINDOW_AT, window.to_be_bytes());
        sign(&mut packet);
        Bytes::from(packet)
    }

    /// The engine holds so many bytes less.
    pub(super) fn on_read(&mut self, bytes: usize) {
        self.read_bytes += bytes;
    }

    /// When a SACK must leave, at the latest. `start` stands for "at once".
    pub(super) fn due(&self, start: Instant) -> Option<Instant> {
        let was_narrow = self.told_window < RECEIVE_WINDOW_BYTES / 2;
        if was_narrow && self.read_bytes >= WINDOW_STEP_BYTES { Some(start) } else { self.owed }
    }

    /// The packet that makes the engine acknowledge now. Nothing is owed any more, even if it has ended and will not.
    pub(super) fn request(&mut self) -> Bytes {
        (self.owed, self.read_bytes) = (None, 0);
        let mut packet = Vec::with_capacity(32);
        packet.extend_from_slice(&self.header);
        packet.extend_from_slice(&[0; 4]);
        // Length 17: the chunk's header, TSN, stream, sequence number, protocol, one byte.
        packet.extend_from_slice(&[DATA, flag::IMMEDIATE | flag::BEGINS | flag::ENDS, 0, 17]);
        packet.extend_from_slice(&self.acknowledged.to_be_bytes());
        packet.extend_from_slice(&[0; 12]);
        sign(&mut packet);
        Bytes::from(packet)
    }
}

/// Where the checksum stands in a packet (RFC 9260 §3.1).
const CHECKSUM_AT: usize = 8;

/// Where the window stands in a packet that begins with a SACK: behind the common header, the chunk's and the TSN.
const SACK_WINDOW_AT: usize = 12 + 4 + 4;

/// Writes the checksum of a packet (RFC 9260 §6.8), in little-endian order.
pub(super) fn sign(packet: &mut [u8]) {
    put(packet, CHECKSUM_AT, [0; 4]);
    let checksum = crc32c(packet);
    put(packet, CHECKSUM_AT, checksum.to_le_bytes());
}

fn put(packet: &mut [u8], at: usize, bytes: [u8; 4]) {
    if let Some(place) = packet.get_mut(at..at + 4) {
        place.copy_from_slice(&bytes);
    }
}

/// CRC-32C, reflected polynomial 0x82F63B78 (RFC 9260 appendix A).
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnoli_s() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }
}
