//! Seals what we send to one peer.

use super::{
    SrtpKeys,
    derivation::Protocol,
    receiver::sender_ssrc,
    session::{RTCP_E_BIT, Session},
};
use crate::rtp::{
    header::FIXED_LEN,
    ids::{ExtSeq, Ssrc},
};

/// The sending side of one connection.
pub struct SrtpSender {
    rtp: Session,
    rtcp: Session,
    // One for all SSRCs: (SSRC, index) stays unique, and it lasts for 2^31 packets.
    rtcp_index: u32,
}

impl SrtpSender {
    /// Derives the session keys of the local side.
    #[must_use]
    pub fn new(keys: &SrtpKeys) -> Self {
        Self {
            rtp: Session::new(keys.profile, &keys.local, Protocol::Rtp),
            rtcp: Session::new(keys.profile, &keys.local, Protocol::Rtcp),
            rtcp_index: 0,
        }
    }

    /// Encrypts the `payload_len` bytes behind the header in place and appends the tag; answers the
    /// packet's length.
    ///
    /// `seq` is the header's sequence number with the rollover counter above; the receiver expects
    /// the first packet of an SSRC to have rollover 0. **A `seq` must never be used for two
    /// different packets of one SSRC**: that breaks the encryption. `None`, with the packet not to
    /// be sent: too little room for the tag, or `seq` beyond 48 bits. Hot.
    pub fn protect_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        payload_len: usize,
        seq: ExtSeq,
    ) -> Option<usize> {
        let ssrc = checked_ssrc(packet, header_len, seq)?;
        self.rtp.seal_rtp(packet, header_len, payload_len, ssrc, seq)
    }

    /// As [`protect_rtp`](Self::protect_rtp), but the header stands at the front of `out` and the
    /// plaintext elsewhere: one shared plaintext is sealed for many receivers without a copy (GCM).
    /// Hot.
    pub fn protect_rtp_scatter(
        &mut self,
        out: &mut [u8],
        header_len: usize,
        payload: &[u8],
        seq: ExtSeq,
    ) -> Option<usize> {
        let ssrc = checked_ssrc(out, header_len, seq)?;
        self.rtp.seal_rtp_scatter(out, header_len, payload, ssrc, seq)
    }

    /// Encrypts the RTCP compound of `len` bytes at the front of `packet` in place, appends index
    /// and tag; answers the packet's length. Hot.
    ///
    /// `None`: too little room, less than 8 bytes of RTCP, or all 2^31 indices are used (RFC 3711
    /// §9.2: new keys).
    pub fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Option<usize> {
        if self.rtcp_index & RTCP_E_BIT != 0 {
            return None;
        }
        let ssrc = sender_ssrc(packet.get(..len)?)?;
        let sealed = self.rtcp.seal_rtcp(packet, len, ssrc, self.rtcp_index)?;
        self.rtcp_index += 1;
        Some(sealed)
    }

    #[cfg(test)]
    pub(super) fn set_rtcp_index(&mut self, index: u32) {
        self.rtcp_index = index;
    }
}

/// The SSRC in the header, unless the index has left its 48 bits.
fn checked_ssrc(packet: &[u8], header_len: usize, seq: ExtSeq) -> Option<Ssrc> {
    let fixed = packet.get(..header_len)?.first_chunk::<FIXED_LEN>()?;
    let [_, _, s0, s1, _, _, _, _, c0, c1, c2, c3] = *fixed;
    debug_assert_eq!(u16::from_be_bytes([s0, s1]), seq.seq().0, "header and index disagree");
    (seq.0 >> 48 == 0).then_some(Ssrc(u32::from_be_bytes([c0, c1, c2, c3])))
}
