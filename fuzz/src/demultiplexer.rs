//! Telling STUN, DTLS, SRTP and SRTCP apart, and what a shard does with a datagram from nowhere.
//!
//! Promises: no panic; the classes are those of RFC 7983 and RFC 5761; a datagram that authenticates nothing is counted
//! and never answered.

use protocol::ids::SessionId;
use sfu::connection::demux::{Protocol, classify};

use super::rehearsal::{join, now, shard};

/// The bytes are a datagram.
pub fn run(data: &[u8]) {
    let expected = match data.first() {
        Some(0..=3) => Some(Protocol::Stun),
        Some(20..=63) => Some(Protocol::Dtls),
        Some(64..=79) => Some(Protocol::ChannelData),
        // RTCP packet types 192 to 223 are RTP payload types 64 to 95 with a marker, which nobody negotiates.
        Some(128..=191) if data.get(1).is_some_and(|byte| (192..=223).contains(byte)) => {
            Some(Protocol::Rtcp)
        }
        Some(128..=191) => Some(Protocol::Rtp),
        _ => None,
    };
    assert_eq!(classify(data), expected, "{data:02x?}");

    let now = now();
    let mut shard = shard(now);
    join(&mut shard, SessionId(1), "patient", now);
    shard.handle_datagram(([192, 0, 2, 1], 4242).into(), &mut data.to_vec(), now);
    assert!(shard.egress().is_empty(), "answered a datagram that did not authenticate");
    let counters = shard.counters();
    assert_eq!(counters.panics, 0, "the media plane panicked");
    let dropped: u64 = counters.dropped.iter().map(|(_, count)| count).sum();
    assert_eq!(dropped, 1, "a refused datagram is counted");
}
