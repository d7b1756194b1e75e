//! Telling STUN, DTLS, SRTP and SRTCP apart.
//!
//! Promises: no panic; the classes are those of RFC 7983 and RFC 5761, and what is called STUN may be STUN.

use protocol::stun;
use sfu::shard::demux::{Protocol, classify};

/// The bytes are a datagram.
pub fn run(data: &[u8]) {
    let class = classify(data);
    let expected = match data.first() {
        Some(0..=3) => Some(Protocol::Stun),
        Some(20..=63) => Some(Protocol::Dtls),
        // RTCP packet types 192 to 223 are RTP payload types 64 to 95 with a marker, which nobody negotiates.
        Some(128..=191) if data.get(1).is_some_and(|byte| (192..=223).contains(byte)) => {
            Some(Protocol::Rtcp)
        }
        Some(128..=191) => Some(Protocol::Rtp),
        _ => None,
    };
    assert_eq!(class, expected, "{data:02x?}");
    if stun::Message::parse(data).is_ok() {
        assert_eq!(class, Some(Protocol::Stun));
    }
}
