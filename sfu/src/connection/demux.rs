//! Tells the protocols that share our UDP port apart by the first byte (RFC 7983 §7).

use crate::rtp;

/// What a datagram claims to be. Nothing here has been authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// STUN (RFC 8489).
    Stun,
    /// DTLS (RFC 6347).
    Dtls,
    /// SRTP (RFC 3711).
    Rtp,
    /// SRTCP, told apart from SRTP by RFC 5761 §4.
    Rtcp,
    /// TURN channel data (RFC 8656 §12.4).
    ChannelData,
}

/// Classifies a datagram. Everything unknown is `None`.
#[must_use]
pub fn classify(datagram: &[u8]) -> Option<Protocol> {
    match *datagram.first()? {
        0..=3 => Some(Protocol::Stun),
        20..=63 => Some(Protocol::Dtls),
        64..=79 => Some(Protocol::ChannelData),
        128..=191 if rtp::header::is_rtcp(datagram) => Some(Protocol::Rtcp),
        128..=191 => Some(Protocol::Rtp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_decides() {
        let table: &[(&[u8], Option<Protocol>)] = &[
            (&[], None),
            (&[0, 1, 0, 0], Some(Protocol::Stun)),
            (&[4, 0, 0, 0], None),
            (&[19], None),
            (&[20, 254, 253], Some(Protocol::Dtls)),
            (&[63, 254, 253], Some(Protocol::Dtls)),
            (&[64, 0, 0, 4], Some(Protocol::ChannelData)),
            (&[79, 0, 0, 4], Some(Protocol::ChannelData)),
            (&[80, 0, 0, 4], None),
            (&[127], None),
            (&[0x80, 111, 0, 1], Some(Protocol::Rtp)),
            (&[0x80, 0x80 | 111, 0, 1], Some(Protocol::Rtp)),
            (&[0x80, 200, 0, 1], Some(Protocol::Rtcp)),
            (&[0x81, 205, 0, 1], Some(Protocol::Rtcp)),
            (&[192, 0, 0, 0], None),
        ];
        for (datagram, expected) in table {
            assert_eq!(classify(datagram), *expected, "{datagram:?}");
        }
    }
}
