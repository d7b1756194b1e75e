//! The numbers of STUN and TURN: methods, attribute types, error codes (RFC 8489 §18, RFC 8656 §17-19).

/// Message method, 12 bits (RFC 8489 §18.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method(pub u16);

impl Method {
    /// Binding: what ICE checks use.
    pub const BINDING: Self = Self(0x001);
    /// Allocate, RFC 8656 §17.
    pub const ALLOCATE: Self = Self(0x003);
    /// Refresh, RFC 8656 §17.
    pub const REFRESH: Self = Self(0x004);
    /// Send, an indication, RFC 8656 §17.
    pub const SEND: Self = Self(0x006);
    /// Data, an indication, RFC 8656 §17.
    pub const DATA: Self = Self(0x007);
    /// CreatePermission, RFC 8656 §17.
    pub const CREATE_PERMISSION: Self = Self(0x008);
    /// ChannelBind, RFC 8656 §17.
    pub const CHANNEL_BIND: Self = Self(0x009);
}

/// Attribute type (RFC 8489 §18.3). Below 0x8000 the receiver must understand it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttributeKind(pub u16);

impl AttributeKind {
    /// USERNAME, RFC 8489 §14.3.
    pub const USERNAME: Self = Self(0x0006);
    /// MESSAGE-INTEGRITY, RFC 8489 §14.5.
    pub const MESSAGE_INTEGRITY: Self = Self(0x0008);
    /// ERROR-CODE, RFC 8489 §14.8.
    pub const ERROR_CODE: Self = Self(0x0009);
    /// UNKNOWN-ATTRIBUTES, RFC 8489 §14.13.
    pub const UNKNOWN_ATTRIBUTES: Self = Self(0x000A);
    /// CHANNEL-NUMBER, RFC 8656 §18.1.
    pub const CHANNEL_NUMBER: Self = Self(0x000C);
    /// LIFETIME, RFC 8656 §18.2.
    pub const LIFETIME: Self = Self(0x000D);
    /// XOR-PEER-ADDRESS, RFC 8656 §18.3.
    pub const XOR_PEER_ADDRESS: Self = Self(0x0012);
    /// DATA, RFC 8656 §18.4.
    pub const DATA: Self = Self(0x0013);
    /// REALM, RFC 8489 §14.9.
    pub const REALM: Self = Self(0x0014);
    /// NONCE, RFC 8489 §14.10.
    pub const NONCE: Self = Self(0x0015);
    /// XOR-RELAYED-ADDRESS, RFC 8656 §18.5.
    pub const XOR_RELAYED_ADDRESS: Self = Self(0x0016);
    /// REQUESTED-ADDRESS-FAMILY, RFC 8656 §18.6.
    pub const REQUESTED_ADDRESS_FAMILY: Self = Self(0x0017);
    /// EVEN-PORT, RFC 8656 §18.7.
    pub const EVEN_PORT: Self = Self(0x0018);
    /// REQUESTED-TRANSPORT, RFC 8656 §18.8.
    pub const REQUESTED_TRANSPORT: Self = Self(0x0019);
    /// DONT-FRAGMENT, RFC 8656 §18.9.
    pub const DONT_FRAGMENT: Self = Self(0x001A);
    /// MESSAGE-INTEGRITY-SHA256, RFC 8489 §14.6.
    pub const MESSAGE_INTEGRITY_SHA256: Self = Self(0x001C);
    /// PASSWORD-ALGORITHM, RFC 8489 §14.12.
    pub const PASSWORD_ALGORITHM: Self = Self(0x001D);
    /// RESERVATION-TOKEN, RFC 8656 §18.10.
    pub const RESERVATION_TOKEN: Self = Self(0x0022);
    /// ADDITIONAL-ADDRESS-FAMILY, RFC 8656 §18.11.
    pub const ADDITIONAL_ADDRESS_FAMILY: Self = Self(0x8000);
    /// ADDRESS-ERROR-CODE, RFC 8656 §18.12.
    pub const ADDRESS_ERROR_CODE: Self = Self(0x8001);
    /// PASSWORD-ALGORITHMS, RFC 8489 §14.11.
    pub const PASSWORD_ALGORITHMS: Self = Self(0x8002);
    /// XOR-MAPPED-ADDRESS, RFC 8489 §14.2.
    pub const XOR_MAPPED_ADDRESS: Self = Self(0x0020);
    /// PRIORITY, RFC 8445 §16.1.
    pub const PRIORITY: Self = Self(0x0024);
    /// USE-CANDIDATE, RFC 8445 §16.1.
    pub const USE_CANDIDATE: Self = Self(0x0025);
    /// FINGERPRINT, RFC 8489 §14.7.
    pub const FINGERPRINT: Self = Self(0x8028);
    /// ICE-CONTROLLED, RFC 8445 §16.1.
    pub const ICE_CONTROLLED: Self = Self(0x8029);
    /// ICE-CONTROLLING, RFC 8445 §16.1.
    pub const ICE_CONTROLLING: Self = Self(0x802A);

    /// Whether a receiver that does not know this attribute must refuse the request (RFC 8489 §14).
    #[must_use]
    pub fn is_comprehension_required(self) -> bool {
        self.0 < 0x8000
    }

    /// Whether this codec knows the attribute in a Binding request or its response.
    pub(super) fn is_known(self) -> bool {
        matches!(
            self,
            Self::USERNAME
                | Self::MESSAGE_INTEGRITY
                | Self::ERROR_CODE
                | Self::UNKNOWN_ATTRIBUTES
                | Self::XOR_MAPPED_ADDRESS
                | Self::PRIORITY
                | Self::USE_CANDIDATE
        )
    }
}

/// An error code with the reason phrase that may be sent along (RFC 8489 §14.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// 400: the request lacks something.
    BadRequest,
    /// 401: say who you are, or: this is not you.
    Unauthenticated,
    /// 403: this may not be had.
    Forbidden,
    /// 420: an attribute that must be understood is not.
    UnknownAttribute,
    /// 437: there is no allocation, or there is one already (RFC 8656 §19).
    AllocationMismatch,
    /// 438: ask again with the nonce of this answer.
    StaleNonce,
    /// 440: no relayed address of this family (RFC 8656 §19).
    AddressFamilyNotSupported,
    /// 441: the allocation was made by another user (RFC 8656 §19).
    WrongCredentials,
    /// 442: only UDP is relayed (RFC 8656 §19).
    UnsupportedTransport,
    /// 443: the allocation has no relayed address of the peer's family (RFC 8656 §19).
    PeerAddressFamilyMismatch,
    /// 486: this user has enough allocations (RFC 8656 §19).
    AllocationQuotaReached,
    /// 487: both sides claim the same ICE role (RFC 8445 §16.2).
    RoleConflict,
    /// 508: the server is full, or stops (RFC 8656 §19).
    InsufficientCapacity,
}

impl ErrorCode {
    /// The number, 300 to 699.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::UnknownAttribute => 420,
            Self::AllocationMismatch => 437,
            Self::StaleNonce => 438,
            Self::AddressFamilyNotSupported => 440,
            Self::WrongCredentials => 441,
            Self::UnsupportedTransport => 442,
            Self::PeerAddressFamilyMismatch => 443,
            Self::AllocationQuotaReached => 486,
            Self::RoleConflict => 487,
            Self::InsufficientCapacity => 508,
        }
    }

    /// For people; empty where the answer goes to somebody who has not authenticated and must stay short.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Unauthenticated | Self::StaleNonce => "",
            Self::Forbidden => "Forbidden",
            Self::UnknownAttribute => "Unknown Attribute",
            Self::AllocationMismatch => "Allocation Mismatch",
            Self::AddressFamilyNotSupported => "Address Family not Supported",
            Self::WrongCredentials => "Wrong Credentials",
            Self::UnsupportedTransport => "Unsupported Transport Protocol",
            Self::PeerAddressFamilyMismatch => "Peer Address Family Mismatch",
            Self::AllocationQuotaReached => "Allocation Quota Reached",
            Self::RoleConflict => "Role Conflict",
            Self::InsufficientCapacity => "Insufficient Capacity",
        }
    }
}
