//! What is checked on the wire, whatever a test is about.
//!
//! No SRTP or SRTCP index may ever protect two different packets under one key: with GCM that gives away the
//! authentication key (RFC 7714 §8.1). An index that is sent twice with the same bytes is harmless, and counted apart.

use std::collections::HashMap;

use sfu::rtp::{
    header::{RtpHeader, is_rtcp},
    ids::{ExtSeq, Ssrc},
};

/// One direction of one DTLS association.
pub type Association = (u64, bool);

/// Indices seen, with a digest of the packet.
#[derive(Debug, Default)]
pub struct NonceOracle {
    seen: HashMap<(Association, Nonce), u64>,
    highest: HashMap<(Association, Ssrc), ExtSeq>,
    /// Indices that protected two different packets, as text. Must stay empty.
    pub violations: Vec<String>,
    /// Indices sent again with the same bytes.
    pub repetitions: u64,
    /// SRTP and SRTCP packets looked at.
    pub packets: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Nonce {
    Rtp(Ssrc, u64),
    Rtcp(Ssrc, u32),
}

impl NonceOracle {
    /// Looks at a datagram in the order of sending. Only AEAD profiles: the SRTCP index stands at the end (RFC 7714 §9).
    pub fn on_datagram(&mut self, association: Association, datagram: &[u8]) {
        if !matches!(datagram.first(), Some(128..=191)) {
            return;
        }
        let Some(nonce) = self.nonce(association, datagram) else { return };
        self.packets += 1;
        let digest = digest(datagram);
        match self.seen.insert((association, nonce), digest) {
            None => {}
            Some(before) if before == digest => self.repetitions += 1,
            Some(_) => self.violations.push(format!("{nonce:?} of {association:?} used twice")),
        }
    }

    fn nonce(&mut self, association: Association, datagram: &[u8]) -> Option<Nonce> {
        if is_rtcp(datagram) {
            let ssrc = Ssrc(u32::from_be_bytes(*datagram.get(4..8)?.first_chunk()?));
            let word = u32::from_be_bytes(*datagram.last_chunk()?);
            return Some(Nonce::Rtcp(ssrc, word & 0x7fff_ffff));
        }
        let header = RtpHeader::parse(datagram).ok()?;
        // The sender knows its rollover counter; an observer of every packet counts along (RFC 3711 §3.3.1).
        let first = ExtSeq(u64::from(header.seq.0));
        let highest = self.highest.entry((association, header.ssrc)).or_insert(first);
        let distance = header.seq.0.wrapping_sub(highest.seq().0).cast_signed();
        let index = highest.0.checked_add_signed(i64::from(distance))?;
        *highest = (*highest).max(ExtSeq(index));
        Some(Nonce::Rtp(header.ssrc, index))
    }
}

/// FNV-1a: enough to tell two packets apart.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u16, byte: u8) -> Vec<u8> {
        let [high, low] = seq.to_be_bytes();
        vec![0x80, 96, high, low, 0, 0, 0, 0, 0, 0, 0, 1, byte]
    }

    #[test]
    fn an_index_with_other_bytes_is_a_violation_and_with_the_same_bytes_is_not() {
        let mut oracle = NonceOracle::default();
        for one in [packet(65_535, 1), packet(0, 1), packet(0, 1), packet(65_535, 1)] {
            oracle.on_datagram((1, true), &one);
        }
        oracle.on_datagram((2, true), &packet(0, 2));
        assert_eq!((oracle.violations.len(), oracle.repetitions), (0, 2));
        oracle.on_datagram((1, true), &packet(0, 2));
        assert_eq!(oracle.violations.len(), 1);
    }

    #[test]
    fn srtcp_indices_are_watched_too() {
        let mut oracle = NonceOracle::default();
        let rtcp = |index: u8, byte: u8| {
            let mut packet = vec![0x80, 201, 0, 1, 0, 0, 0, 1, byte];
            packet.extend([0x80, 0, 0, index]);
            packet
        };
        oracle.on_datagram((1, true), &rtcp(1, 1));
        oracle.on_datagram((1, true), &rtcp(2, 2));
        assert!(oracle.violations.is_empty());
        oracle.on_datagram((1, true), &rtcp(2, 3));
        assert_eq!(oracle.violations.len(), 1);
    }
}
