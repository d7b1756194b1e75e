//! The STUN codec: messages as borrowed bytes in, bytes in a caller's buffer out (RFC 8489, RFC 8445 §16, RFC 8656 §18).
//!
//! ```text
//!  0                   1                   2                   3
//!  |0 0| class+method (14)  |        length (multiple of 4)       |
//!  |                  magic cookie 0x2112A442                     |
//!  |                  transaction id (96 bits)                    |
//!  | attributes: type (16) length (16) value, padded to 4 bytes   |
//! ```
//!
//! Owns: the wire form, MESSAGE-INTEGRITY and FINGERPRINT. Never: who may be answered, retransmission, addresses of
//! sockets. Nothing here allocates, and padding that is written is always zero.

use std::net::SocketAddr;

use aws_lc_rs::{constant_time, hmac};

mod address;
mod builder;
mod crc32;
mod long_term;
mod numbers;

pub use builder::{Builder, binding_error, binding_request, binding_success};
pub use long_term::{LongTermKey, PasswordAlgorithm};
pub use numbers::{AttributeKind, ErrorCode, Method};

/// Bytes of the fixed header (RFC 8489 §5).
pub const HEADER_BYTES: usize = 20;

/// Follows type and length in every message (RFC 8489 §5).
pub const MAGIC_COOKIE: u32 = 0x2112_A442;

/// Bytes of a MESSAGE-INTEGRITY value: HMAC-SHA1 (RFC 8489 §14.5).
const INTEGRITY_BYTES: usize = 20;

/// Bytes of a MESSAGE-INTEGRITY-SHA256 value: shorter ones are for usages that say so, and ours do not (RFC 8489 §14.6).
const INTEGRITY_SHA256_BYTES: usize = 32;

/// Bytes of a FINGERPRINT value: CRC-32 (RFC 8489 §14.7).
const FINGERPRINT_BYTES: usize = 4;

/// What the CRC-32 is combined with, so that it differs from other protocols' (RFC 8489 §14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554E;

/// Bytes before an attribute's value: type and length.
const ATTRIBUTE_HEADER_BYTES: usize = 4;

/// Longest USERNAME in bytes (RFC 8489 §14.3 asks for less than 509).
const USERNAME_BYTES_MAX: usize = 508;

/// Why a datagram is not a STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    /// Shorter than the header, not the magic cookie, or the two leading bits are set.
    #[error("not a STUN message")]
    NotStun,
    /// The length field is not what the datagram holds, or no multiple of 4.
    #[error("message length does not fit the datagram")]
    Length,
    /// An attribute is longer than what remains, or than its own kind may be.
    #[error("attribute length does not fit")]
    Attribute,
    /// An attribute follows FINGERPRINT, or integrity and fingerprint stand in the wrong order.
    #[error("attribute follows the fingerprint")]
    AfterFingerprint,
}

/// Message class (RFC 8489 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Expects a response.
    Request,
    /// Expects none.
    Indication,
    /// A request was carried out.
    Success,
    /// A request was refused.
    Error,
}

/// Pairs a response with its request (RFC 8489 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransactionId(pub [u8; 12]);

/// One attribute: its type and its value without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Type.
    pub kind: AttributeKind,
    /// Value.
    pub value: &'a [u8],
}

/// Whether a datagram is STUN: leading bits clear and the magic cookie in place (RFC 8489 §5, RFC 7983).
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_BYTES
        && datagram.first().is_some_and(|first| *first < 0b0100_0000)
        && read_u32(datagram, 4) == Some(MAGIC_COOKIE)
}

/// A STUN message whose lengths all hold. Integrity and fingerprint are checked only when asked for.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    raw: &'a [u8],
    class: Class,
    method: Method,
    transaction_id: TransactionId,
    /// Offset just behind the attributes that count: of the first integrity, else of FINGERPRINT, else the end.
    body_end: usize,
    integrity_at: Option<usize>,
    integrity_sha256_at: Option<usize>,
    fingerprint_at: Option<usize>,
}

impl<'a> Message<'a> {
    /// Parses one datagram. It must hold exactly one message.
    ///
    /// # Errors
    ///
    /// [`StunError`] for anything that is not a well-formed message (RFC 8489 §6.3).
    pub fn parse(datagram: &'a [u8]) -> Result<Self, StunError> {
        if !is_stun(datagram) {
            return Err(StunError::NotStun);
        }
        let word = read_u16(datagram, 0).ok_or(StunError::NotStun)?;
        let length = usize::from(read_u16(datagram, 2).ok_or(StunError::NotStun)?);
        if !length.is_multiple_of(4) || length + HEADER_BYTES != datagram.len() {
            return Err(StunError::Length);
        }
        let id = datagram.get(8..HEADER_BYTES).and_then(|id| id.try_into().ok());
        let (class, method) = split_type(word);
        let mut message = Self {
            raw: datagram,
            class,
            method,
            transaction_id: TransactionId(id.ok_or(StunError::NotStun)?),
            body_end: datagram.len(),
            integrity_at: None,
            integrity_sha256_at: None,
            fingerprint_at: None,
        };
        message.scan()?;
        Ok(message)
    }

    /// Walks all attributes once: checks lengths and finds where integrity and fingerprint stand.
    fn scan(&mut self) -> Result<(), StunError> {
        let mut at = HEADER_BYTES;
        while at < self.raw.len() {
            let (attribute, next) = attribute_at(self.raw, at).ok_or(StunError::Attribute)?;
            if self.fingerprint_at.is_some() {
                return Err(StunError::AfterFingerprint);
            }
            check_length(attribute)?;
            match attribute.kind {
                AttributeKind::MESSAGE_INTEGRITY
                    if self.integrity_at.is_none() && self.integrity_sha256_at.is_none() =>
                {
                    self.integrity_at = Some(at);
                    self.body_end = at;
                }
                // It may follow the older one, which then ends what counts.
                AttributeKind::MESSAGE_INTEGRITY_SHA256 if self.integrity_sha256_at.is_none() => {
                    self.integrity_sha256_at = Some(at);
                    self.body_end = self.body_end.min(at);
                }
                AttributeKind::FINGERPRINT => {
                    self.fingerprint_at = Some(at);
                    self.body_end = self.body_end.min(at);
                }
                _ => {}
            }
            at = next;
        }
        Ok(())
    }

    /// Class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Transaction id.
    #[must_use]
    pub fn transaction_id(&self) -> TransactionId {
        self.transaction_id
    }

    /// The attributes that count, in order: those before the first integrity, for what follows it is not
    /// authenticated and must be ignored (RFC 8489 §14.5).
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let body = self.raw.get(..self.body_end).unwrap_or_default();
        let mut at = HEADER_BYTES;
        std::iter::from_fn(move || {
            let (attribute, next) = attribute_at(body, at)?;
            at = next;
            Some(attribute)
        })
    }

    /// The first attribute of a kind (RFC 8489 §14: later ones of the same kind may be ignored).
    #[must_use]
    pub fn attribute(&self, kind: AttributeKind) -> Option<&'a [u8]> {
        self.attributes().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    /// Attributes that must be understood and are not, in order; a 420 response lists them.
    pub fn unknown_comprehension_required(&self) -> impl Iterator<Item = AttributeKind> + use<'a> {
        self.attributes()
            .map(|attribute| attribute.kind)
            .filter(|kind| kind.is_comprehension_required() && !kind.is_known())
    }

    /// USERNAME, when present and UTF-8.
    #[must_use]
    pub fn username(&self) -> Option<&'a str> {
        self.attribute(AttributeKind::USERNAME).and_then(|value| str::from_utf8(value).ok())
    }

    /// PRIORITY (RFC 8445 §7.1.1).
    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        self.attribute(AttributeKind::PRIORITY).and_then(|value| read_u32(value, 0))
    }

    /// Whether USE-CANDIDATE is present: the controlling side nominates this pair (RFC 8445 §7.1.2).
    #[must_use]
    pub fn use_candidate(&self) -> bool {
        self.attribute(AttributeKind::USE_CANDIDATE).is_some()
    }

    /// Tie-breaker of ICE-CONTROLLING (RFC 8445 §7.1.3).
    #[must_use]
    pub fn ice_controlling(&self) -> Option<u64> {
        self.attribute(AttributeKind::ICE_CONTROLLING).and_then(|value| read_u64(value, 0))
    }

    /// Tie-breaker of ICE-CONTROLLED (RFC 8445 §7.1.3).
    #[must_use]
    pub fn ice_controlled(&self) -> Option<u64> {
        self.attribute(AttributeKind::ICE_CONTROLLED).and_then(|value| read_u64(value, 0))
    }

    /// XOR-MAPPED-ADDRESS, decoded (RFC 8489 §14.2).
    #[must_use]
    pub fn xor_mapped_address(&self) -> Option<SocketAddr> {
        let value = self.attribute(AttributeKind::XOR_MAPPED_ADDRESS)?;
        address::decode(value, self.transaction_id)
    }

    /// An address that is hidden like XOR-MAPPED-ADDRESS, of any kind that holds one (RFC 8656 §18.3, §18.5).
    #[must_use]
    pub fn xor_address(&self, attribute: Attribute<'_>) -> Option<SocketAddr> {
        address::decode(attribute.value, self.transaction_id)
    }

    /// Number of ERROR-CODE (RFC 8489 §14.8).
    #[must_use]
    pub fn error_code(&self) -> Option<u16> {
        let value = self.attribute(AttributeKind::ERROR_CODE)?;
        let class = value.get(2)? & 0b111;
        let number = *value.get(3)?;
        (number < 100).then(|| u16::from(class) * 100 + u16::from(number))
    }

    /// The kinds that UNKNOWN-ATTRIBUTES lists (RFC 8489 §14.13).
    pub fn unknown_attributes(&self) -> impl Iterator<Item = AttributeKind> + use<'a> {
        let value = self.attribute(AttributeKind::UNKNOWN_ATTRIBUTES).unwrap_or_default();
        value.chunks_exact(2).filter_map(|pair| read_u16(pair, 0)).map(AttributeKind)
    }

    /// Whether MESSAGE-INTEGRITY is present and made with `key`, compared in constant time (RFC 8489 §14.5).
    ///
    /// Cost: one HMAC-SHA1 over the message.
    #[must_use]
    pub fn check_integrity(&self, key: &[u8]) -> bool {
        let Some(at) = self.integrity_at else { return false };
        let start = at + ATTRIBUTE_HEADER_BYTES;
        let (Some(covered), Some(value)) =
            (self.raw.get(..at), self.raw.get(start..start + INTEGRITY_BYTES))
        else {
            return false;
        };
        integrity(covered, key)
            .is_some_and(|tag| constant_time::verify_slices_are_equal(tag.as_ref(), value).is_ok())
    }

    /// Whether MESSAGE-INTEGRITY-SHA256 is present and made with `key`, compared in constant time (RFC 8489 §14.6).
    ///
    /// Cost: one HMAC-SHA256 over the message.
    #[must_use]
    pub fn check_integrity_sha256(&self, key: &[u8]) -> bool {
        let Some(at) = self.integrity_sha256_at else { return false };
        let start = at + ATTRIBUTE_HEADER_BYTES;
        let (Some(covered), Some(value)) =
            (self.raw.get(..at), self.raw.get(start..start + INTEGRITY_SHA256_BYTES))
        else {
            return false;
        };
        integrity_sha256(covered, key)
            .is_some_and(|tag| constant_time::verify_slices_are_equal(tag.as_ref(), value).is_ok())
    }

    /// Whether MESSAGE-INTEGRITY is present, right or not.
    #[must_use]
    pub fn has_integrity(&self) -> bool {
        self.integrity_at.is_some()
    }

    /// Whether MESSAGE-INTEGRITY-SHA256 is present, right or not.
    #[must_use]
    pub fn has_integrity_sha256(&self) -> bool {
        self.integrity_sha256_at.is_some()
    }

    /// Whether FINGERPRINT is present and right (RFC 8489 §14.7).
    #[must_use]
    pub fn has_valid_fingerprint(&self) -> bool {
        let Some(at) = self.fingerprint_at else { return false };
        let Some(covered) = self.raw.get(..at) else { return false };
        read_u32(self.raw, at + ATTRIBUTE_HEADER_BYTES) == Some(fingerprint(covered))
    }
}

/// HMAC-SHA1 over what stands before MESSAGE-INTEGRITY, with the header's length as if the message ended behind
/// that attribute (RFC 8489 §14.5).
fn integrity(covered: &[u8], key: &[u8]) -> Option<hmac::Tag> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    tag_of(covered, &key, INTEGRITY_BYTES)
}

/// HMAC-SHA256, as above (RFC 8489 §14.6).
fn integrity_sha256(covered: &[u8], key: &[u8]) -> Option<hmac::Tag> {
    tag_of(covered, &hmac::Key::new(hmac::HMAC_SHA256, key), INTEGRITY_SHA256_BYTES)
}

fn tag_of(covered: &[u8], key: &hmac::Key, tag_bytes: usize) -> Option<hmac::Tag> {
    let end = covered.len() + ATTRIBUTE_HEADER_BYTES + tag_bytes;
    let length = u16::try_from(end.checked_sub(HEADER_BYTES)?).ok()?;
    let mut context = hmac::Context::with_key(key);
    context.update(covered.get(..2)?);
    context.update(&length.to_be_bytes());
    context.update(covered.get(4..)?);
    Some(context.sign())
}

/// CRC-32 over what stands before FINGERPRINT. The header's length must already count that attribute, which a
/// message that ends with FINGERPRINT does by itself.
fn fingerprint(covered: &[u8]) -> u32 {
    crc32::crc32(covered) ^ FINGERPRINT_XOR
}

/// Class and method are interleaved for the sake of older RFCs (RFC 8489 §5):
/// `M11..M7 C1 M6..M4 C0 M3..M0`.
fn split_type(word: u16) -> (Class, Method) {
    let class = match (word & 0x0100 != 0, word & 0x0010 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::Success,
        (true, true) => Class::Error,
    };
    (class, Method((word & 0x3E00) >> 2 | (word & 0x00E0) >> 1 | (word & 0x000F)))
}

fn join_type(class: Class, method: Method) -> u16 {
    let class = match class {
        Class::Request => 0x0000,
        Class::Indication => 0x0010,
        Class::Success => 0x0100,
        Class::Error => 0x0110,
    };
    let Method(method) = method;
    class | (method & 0x0F80) << 2 | (method & 0x0070) << 1 | (method & 0x000F)
}

/// The attribute at an offset and where the next one begins. The last one's padding must be there too.
fn attribute_at(message: &[u8], at: usize) -> Option<(Attribute<'_>, usize)> {
    let kind = AttributeKind(read_u16(message, at)?);
    let length = usize::from(read_u16(message, at + 2)?);
    let start = at + ATTRIBUTE_HEADER_BYTES;
    let next = start + length.next_multiple_of(4);
    let padded = message.get(start..next)?;
    Some((Attribute { kind, value: padded.get(..length)? }, next))
}

/// Attributes of fixed size must have it; others are bounded by the message.
fn check_length(attribute: Attribute<'_>) -> Result<(), StunError> {
    let length = attribute.value.len();
    let fits = match attribute.kind {
        AttributeKind::MESSAGE_INTEGRITY => length == INTEGRITY_BYTES,
        AttributeKind::MESSAGE_INTEGRITY_SHA256 => length == INTEGRITY_SHA256_BYTES,
        AttributeKind::FINGERPRINT => length == FINGERPRINT_BYTES,
        AttributeKind::PRIORITY => length == 4,
        AttributeKind::USE_CANDIDATE => length == 0,
        AttributeKind::ICE_CONTROLLED | AttributeKind::ICE_CONTROLLING => length == 8,
        AttributeKind::USERNAME => length <= USERNAME_BYTES_MAX,
        _ => true,
    };
    if fits { Ok(()) } else { Err(StunError::Attribute) }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests;
