//! The RTP fixed header and the frame of its extension block (RFC 3550 §5.1, §5.3.1), read and
//! written.
//!
//! Hot: no allocation, no copy. The header is not encrypted by SRTP, the payload (padding included)
//! is; therefore padding is checked apart, by [`unpadded`], after decryption.

use crate::rtp::{
    extension::{ExtensionBlock, ExtensionMap, ExtensionValues},
    ids::{Pt, Seq, Ssrc},
};

/// Bytes of the fixed header.
pub const FIXED_LEN: usize = 12;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Shorter than its header says.
    #[error("packet is shorter than its header")]
    Truncated,
    /// Version is not 2.
    #[error("version is not 2")]
    Version,
    /// Padding of 0 bytes, or of more than there are.
    #[error("padding length is impossible")]
    Padding,
}

/// A parsed RTP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// Marker bit.
    pub marker: bool,
    /// Payload type.
    pub pt: Pt,
    /// Sequence number.
    pub seq: Seq,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Source.
    pub ssrc: Ssrc,
    /// The payload ends in padding: apply [`unpadded`] to the plaintext.
    pub has_padding: bool,
    /// Bytes before the payload: fixed header, CSRCs and extension block.
    pub len: usize,
    /// The extension block, if there is one.
    pub extension: Option<ExtensionBlock>,
}

impl RtpHeader {
    /// Reads the header of an RTP or SRTP packet. CSRCs are skipped. O(1).
    ///
    /// # Errors
    /// When the version is not 2 or the packet ends before its header does.
    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        let (fixed, rest) = packet.split_first_chunk::<FIXED_LEN>().ok_or(RtpError::Truncated)?;
        let [flags, marker_pt, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        if flags >> 6 != VERSION {
            return Err(RtpError::Version);
        }
        let csrc_len = 4 * usize::from(flags & 0x0f);
        let rest = rest.get(csrc_len..).ok_or(RtpError::Truncated)?;
        let mut len = FIXED_LEN + csrc_len;
        let mut extension = None;
        if flags & EXTENSION_BIT != 0 {
            let ([p0, p1, w0, w1], elements) =
                rest.split_first_chunk::<4>().ok_or(RtpError::Truncated)?;
            let block = ExtensionBlock {
                profile: u16::from_be_bytes([*p0, *p1]),
                start: len + 4,
                len: 4 * usize::from(u16::from_be_bytes([*w0, *w1])),
            };
            if elements.len() < block.len {
                return Err(RtpError::Truncated);
            }
            len = block.start + block.len;
            extension = Some(block);
        }
        Ok(Self {
            marker: marker_pt & MARKER_BIT != 0,
            pt: Pt(marker_pt & !MARKER_BIT),
            seq: Seq(u16::from_be_bytes([s0, s1])),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: Ssrc(u32::from_be_bytes([c0, c1, c2, c3])),
            has_padding: flags & PADDING_BIT != 0,
            len,
            extension,
        })
    }
}

/// The payload without the padding that a set P bit announces (RFC 3550 §5.1). O(1).
///
/// The result may be empty: packets of nothing but padding are probes.
///
/// # Errors
/// When the padding is 0 or longer than the payload.
pub fn unpadded(plain_payload: &[u8], has_padding: bool) -> Result<&[u8], RtpError> {
    if !has_padding {
        return Ok(plain_payload);
    }
    let padding = usize::from(*plain_payload.last().ok_or(RtpError::Padding)?);
    if padding == 0 {
        return Err(RtpError::Padding);
    }
    let len = plain_payload.len().checked_sub(padding).ok_or(RtpError::Padding)?;
    plain_payload.get(..len).ok_or(RtpError::Padding)
}

/// What varies in the headers that we send: we neither pad nor list CSRCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutHeader {
    /// Marker bit.
    pub marker: bool,
    /// Payload type; the top bit is ignored.
    pub pt: Pt,
    /// Sequence number.
    pub seq: Seq,
    /// RTP timestamp.
    pub timestamp: u32,
    /// Source.
    pub ssrc: Ssrc,
}

/// Writes the header and those `values` whose kind `map` holds; answers the bytes written.
/// O(kinds), hot.
///
/// `None` when `out` is too short or an element longer than 255 bytes.
pub fn write(
    out: &mut [u8],
    header: OutHeader,
    map: &ExtensionMap,
    values: &ExtensionValues<'_>,
) -> Option<usize> {
    let (fixed, rest) = out.split_first_chunk_mut::<FIXED_LEN>()?;
    let extension_len = values.write(rest, map)?;
    let extension_bit = if extension_len > 0 { EXTENSION_BIT } else { 0 };
    let marker_bit = if header.marker { MARKER_BIT } else { 0 };
    let [s0, s1] = header.seq.0.to_be_bytes();
    let [t0, t1, t2, t3] = header.timestamp.to_be_bytes();
    let [c0, c1, c2, c3] = header.ssrc.0.to_be_bytes();
    *fixed = [
        VERSION << 6 | extension_bit,
        header.pt.0 & !MARKER_BIT | marker_bit,
        s0,
        s1,
        t0,
        t1,
        t2,
        t3,
        c0,
        c1,
        c2,
        c3,
    ];
    Some(FIXED_LEN + extension_len)
}

/// Says in a written header that the payload ends in padding.
pub fn set_padding(packet: &mut [u8]) {
    if let Some(flags) = packet.first_mut() {
        *flags |= PADDING_BIT;
    }
}

/// Whether a datagram of the RTP range (RFC 7983) is RTCP: packet types 192-223 (RFC 5761 §4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram.get(1), Some(192..=223))
}

const VERSION: u8 = 2;
const PADDING_BIT: u8 = 0x20;
const EXTENSION_BIT: u8 = 0x10;
const MARKER_BIT: u8 = 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 3550 read literally, slowly and with other means: the oracle.
    fn length_by_the_book(packet: &[u8]) -> Option<usize> {
        if packet.len() < 12 || packet[0] & 0xc0 != 0x80 {
            return None;
        }
        let mut len = 12 + (packet[0] & 15) as usize * 4;
        if packet[0] & 0x10 != 0 {
            if len + 4 > packet.len() {
                return None;
            }
            let words = (packet[len + 2] as usize) << 8 | packet[len + 3] as usize;
            len += 4 + words * 4;
        }
        (len <= packet.len()).then_some(len)
    }

    #[test]
    fn every_first_byte_at_every_length_parses_as_the_book_says() {
        for len in 0..=100 {
            for flags in 0..=255u8 {
                for words in [0u16, 1, 2, 5, 0xff, 0xffff] {
                    for profile in [0xbede_u16, 0x1000, 0x100f, 0] {
                        let mut packet: Vec<u8> = (0..len).map(|i| i as u8).collect();
                        if let Some(first) = packet.first_mut() {
                            *first = flags;
                        }
                        let at = 12 + 4 * usize::from(flags & 15);
                        if packet.len() >= at + 4 {
                            packet[at..at + 2].copy_from_slice(&profile.to_be_bytes());
                            packet[at + 2..at + 4].copy_from_slice(&words.to_be_bytes());
                        }
                        let parsed = RtpHeader::parse(&packet);
                        assert_eq!(parsed.ok().map(|h| h.len), length_by_the_book(&packet));
                        if let Ok(header) = parsed {
                            // Must not panic either, whatever the elements are.
                            let map = every_id();
                            let _ = ExtensionValues::parse(&packet, header.extension, &map);
                            let _ = unpadded(&packet[header.len..], header.has_padding);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn version_and_truncation_are_told_apart() {
        assert_eq!(RtpHeader::parse(&[0x80; 11]), Err(RtpError::Truncated));
        assert_eq!(RtpHeader::parse(&[0x40; 12]), Err(RtpError::Version));
        assert_eq!(RtpHeader::parse(&[0x81; 15]), Err(RtpError::Truncated));
        assert_eq!(RtpHeader::parse(&[0x90; 15]), Err(RtpError::Truncated));
    }

    #[test]
    fn padding_must_be_1_to_the_whole_payload() {
        assert_eq!(unpadded(&[1, 2, 0], false), Ok(&[1, 2, 0][..]));
        assert_eq!(unpadded(&[1, 2, 1], true), Ok(&[1, 2][..]));
        assert_eq!(unpadded(&[0, 0, 3], true), Ok(&[][..]));
        assert_eq!(unpadded(&[0, 0, 4], true), Err(RtpError::Padding));
        assert_eq!(unpadded(&[1, 2, 0], true), Err(RtpError::Padding));
        assert_eq!(unpadded(&[1, 2, 255], true), Err(RtpError::Padding));
        assert_eq!(unpadded(&[], true), Err(RtpError::Padding));
    }

    #[test]
    fn rtcp_is_told_by_packet_types_192_to_223() {
        assert!(!is_rtcp(&[]));
        assert!(!is_rtcp(&[0x80]));
        for second in 0..=255u8 {
            assert_eq!(is_rtcp(&[0x80, second]), (192..=223).contains(&second));
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_is_refused_at_every_length() {
        let mut map = ExtensionMap::new();
        map.insert(3, crate::rtp::extension::ExtensionKind::TransportCc);
        let values = ExtensionValues { transport_cc: Some(9), ..Default::default() };
        let header =
            OutHeader { marker: true, pt: Pt(96), seq: Seq(1), timestamp: 2, ssrc: Ssrc(3) };
        for len in 0..20 {
            assert_eq!(write(&mut vec![0; len], header, &map, &values), None, "{len}");
        }
        assert_eq!(write(&mut [0; 20], header, &map, &values), Some(20));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            marker: bool, pt in 0..128u8, seq: u16, timestamp: u32, ssrc: u32
        ) {
            let header = OutHeader { marker, pt: Pt(pt), seq: Seq(seq), timestamp, ssrc: Ssrc(ssrc) };
            let mut out = [0; 12];
            let map = ExtensionMap::new();
            prop_assert_eq!(write(&mut out, header, &map, &ExtensionValues::default()), Some(12));
            prop_assert_eq!(RtpHeader::parse(&out), Ok(RtpHeader {
                marker, pt: Pt(pt), seq: Seq(seq), timestamp, ssrc: Ssrc(ssrc),
                has_padding: false, len: 12, extension: None,
            }));
        }

        #[test]
        fn arbitrary_bytes_never_panic(packet in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(header) = RtpHeader::parse(&packet) {
                prop_assert!(header.len <= packet.len());
                let _ = ExtensionValues::parse(&packet, header.extension, &every_id());
            }
        }
    }

    fn every_id() -> ExtensionMap {
        let mut map = ExtensionMap::new();
        for (id, kind) in (1..).zip(crate::rtp::extension::ExtensionKind::ALL) {
            assert!(map.insert(id, *kind));
        }
        map
    }
}
