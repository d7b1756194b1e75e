//! What the server counts: allocations, bytes, and why something was refused.

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $label:literal,)+) => {
        /// Why a message was refused. Not an error: a count.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $name,)+
        }

        impl Refusal {
            /// All reasons, in order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The metric label.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)+
                }
            }
        }
    };
}

refusals! {
    /// Neither STUN nor channel data, or with lengths that do not hold.
    Malformed => "malformed",
    /// STUN that a server has no use for: another method, a response.
    Unexpected => "unexpected",
    /// An unauthenticated request whose answer would have been too large for it.
    WouldAmplify => "would_amplify",
    /// An unauthenticated request of a source that has been told often enough to authenticate.
    ChallengeLimit => "challenge_limit",
    /// Asked to authenticate: the first request of every client.
    Unauthenticated => "unauthenticated",
    /// A user that cannot be one of ours, or an integrity that is wrong.
    WrongCredential => "wrong_credential",
    /// A credential whose time has passed, or lies too far ahead.
    ExpiredCredential => "expired_credential",
    /// A nonce that is old, made up, or another address's.
    StaleNonce => "stale_nonce",
    /// An authenticated request that lacks something or contradicts itself.
    BadRequest => "bad_request",
    /// An authenticated request with an attribute that must be understood and is not.
    UnknownAttribute => "unknown_attribute",
    /// A request about an allocation that does not exist, or about one that exists already.
    AllocationMismatch => "allocation_mismatch",
    /// A request about another user's allocation.
    ForeignAllocation => "foreign_allocation",
    /// An address family that is not served.
    AddressFamily => "address_family",
    /// A transport other than UDP.
    Transport => "transport",
    /// One allocation more than a user may have.
    UserQuota => "user_quota",
    /// No place, no port, or no more allocations because the server stops.
    Capacity => "capacity",
    /// A peer that the policy does not allow.
    PeerForbidden => "peer_forbidden",
    /// Data to or from a peer without a permission.
    NoPermission => "no_permission",
    /// Data of a client without an allocation, or on a channel that is not bound.
    NoChannel => "no_channel",
    /// Data beyond what one allocation may carry in a second.
    AllocationCeiling => "allocation_ceiling",
}

/// Counts since the start, gauges as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    /// Allocations that exist.
    pub allocations: u64,
    /// Allocations ever made.
    pub allocations_made: u64,
    /// Payloads of clients handed to peers.
    pub to_peers_packets: u64,
    /// Bytes in them.
    pub to_peers_bytes: u64,
    /// Payloads of peers handed to clients.
    pub to_clients_packets: u64,
    /// Bytes in them.
    pub to_clients_bytes: u64,
    /// Refusals by reason, in the order of [`Refusal::ALL`].
    pub refused: [u64; Refusal::ALL.len()],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            allocations: 0,
            allocations_made: 0,
            to_peers_packets: 0,
            to_peers_bytes: 0,
            to_clients_packets: 0,
            to_clients_bytes: 0,
            refused: [0; Refusal::ALL.len()],
        }
    }
}

impl Counters {
    /// Counts one refusal.
    pub(crate) fn refuse(&mut self, reason: Refusal) {
        if let Some(count) = self.refused.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// Refusals of one reason.
    #[must_use]
    pub fn refused(&self, reason: Refusal) -> u64 {
        self.refused.get(reason as usize).copied().unwrap_or_default()
    }
}
