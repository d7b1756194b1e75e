//! Every bound of the TURN server, each with its reason.

use std::time::Duration;

/// Lifetime of an allocation that asks for nothing or for less (RFC 8656 §7.2: the default is 10 minutes).
pub const LIFETIME_DEFAULT: Duration = Duration::from_mins(10);

/// Longest lifetime between two refreshes (RFC 8656 §7.2 proposes an hour).
pub const LIFETIME_MAX: Duration = Duration::from_hours(1);

/// Longest life of an allocation, refreshes included. Credentials are looked at when an allocation begins, so that a
/// call is never cut while it runs; no consultation takes a day.
pub const ALLOCATION_LIFE_MAX: Duration = Duration::from_hours(24);

/// Lifetime of a permission (RFC 8656 §9).
pub const PERMISSION_LIFETIME: Duration = Duration::from_mins(5);

/// Lifetime of a channel binding (RFC 8656 §12).
pub const CHANNEL_LIFETIME: Duration = Duration::from_mins(10);

/// How long a reserved port waits for the allocation that it was reserved for (RFC 8656 §7.2).
pub const RESERVATION_LIFETIME: Duration = Duration::from_secs(30);

/// Reserved ports at once: EVEN-PORT is for RTP without multiplexing, which browsers gave up.
pub const RESERVATIONS_MAX: usize = 64;

/// Peers that one allocation may have permissions for. A browser asks for one a remote candidate.
pub const PERMISSIONS_MAX: usize = 16;

/// Channels of one allocation.
pub const CHANNELS_MAX: usize = 16;

/// Times that a credential's expiry may lie ahead: more was not minted for a consultation.
pub const CREDENTIAL_LIFE_MAX: Duration = Duration::from_hours(48);

/// How long a nonce is good: this long at the least, twice as long at the most (RFC 8656 §5: an hour at the most).
pub const NONCE_EPOCH: Duration = Duration::from_mins(30);

/// How often one IPv4 address or one IPv6 network of 64 bits is told to authenticate.
#[derive(Debug, Clone, Copy)]
pub struct ChallengeRate {
    /// Answers in a second; at most 1,000, and not 0.
    pub per_second: u32,
    /// Answers at once after a pause; not 0.
    pub burst: u32,
}

/// For datagrams. Enough for a clinic behind one address whose clients ask again until they are answered, useless as a
/// reflector: two people with two connections and a few interfaces each at once.
pub const DATAGRAM_CHALLENGES: ChallengeRate = ChallengeRate { per_second: 10, burst: 20 };

/// For streams. Nobody asks again there, so that a whole clinic that comes back at once must be answered; nothing can be
/// reflected either, so what is bounded is the time of the thread that answers.
pub const STREAM_CHALLENGES: ChallengeRate = ChallengeRate { per_second: 100, burst: 500 };

/// Sources whose challenges are counted apart; others share a place. 8 bytes each.
pub const CHALLENGE_PLACES: usize = 4096;

/// Bytes of the largest reply.
pub const REPLY_BYTES_MAX: usize = 512;

/// Longest message of a client, in bytes, framing included: an Ethernet frame's worth and a header. Over streams too, as
/// nothing larger could leave as one datagram.
pub const MESSAGE_BYTES_MAX: usize = 2048;

/// Numerator and denominator of the most bytes that are answered for each byte asked, without authentication.
pub const AMPLIFICATION_MAX: (usize, usize) = (8, 5);
