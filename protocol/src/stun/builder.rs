//! Writes STUN messages into a caller's buffer (RFC 8489 §6).
//!
//! Owns: order of attributes, padding, the length field. A message that does not fit is `None` at the end, never half
//! a message. Responses carry no SOFTWARE: it tells attackers a version and makes the answer larger (T4 of the threat
//! list).

use std::net::SocketAddr;

use super::{
    ATTRIBUTE_HEADER_BYTES, AttributeKind, Class, ErrorCode, FINGERPRINT_BYTES, HEADER_BYTES,
    MAGIC_COOKIE, Method, TransactionId, address, fingerprint, integrity, integrity_sha256,
    join_type,
};

/// Most kinds that one UNKNOWN-ATTRIBUTES lists. A request may hold hundreds; the answer must stay small.
const UNKNOWN_LISTED_MAX: usize = 16;

/// A message being written. Every call appends one attribute; [`Builder::finish`] or
/// [`Builder::finish_with_integrity`] ends it.
#[derive(Debug)]
pub struct Builder<'b> {
    out: &'b mut [u8],
    /// Bytes written, or `None` once something did not fit.
    len: Option<usize>,
    transaction_id: TransactionId,
}

impl<'b> Builder<'b> {
    /// Starts a message in `out`, from its first byte.
    #[must_use]
    pub fn new(
        out: &'b mut [u8],
        class: Class,
        method: Method,
        transaction_id: TransactionId,
    ) -> Self {
        let mut builder = Self { out, len: Some(0), transaction_id };
        builder.append(&join_type(class, method).to_be_bytes());
        builder.append(&[0, 0]);
        builder.append(&MAGIC_COOKIE.to_be_bytes());
        builder.append(&transaction_id.0);
        builder
    }

    /// Appends any attribute, padded with zeros.
    #[must_use]
    pub fn attribute(mut self, kind: AttributeKind, value: &[u8]) -> Self {
        self.append_attribute(kind, value);
        self
    }

    /// Appends USERNAME.
    #[must_use]
    pub fn username(self, username: &str) -> Self {
        self.attribute(AttributeKind::USERNAME, username.as_bytes())
    }

    /// Appends PRIORITY.
    #[must_use]
    pub fn priority(self, priority: u32) -> Self {
        self.attribute(AttributeKind::PRIORITY, &priority.to_be_bytes())
    }

    /// Appends USE-CANDIDATE.
    #[must_use]
    pub fn use_candidate(self) -> Self {
        self.attribute(AttributeKind::USE_CANDIDATE, &[])
    }

    /// Appends ICE-CONTROLLING with its tie-breaker.
    #[must_use]
    pub fn ice_controlling(self, tie_breaker: u64) -> Self {
        self.attribute(AttributeKind::ICE_CONTROLLING, &tie_breaker.to_be_bytes())
    }

    /// Appends ICE-CONTROLLED with its tie-breaker.
    #[must_use]
    pub fn ice_controlled(self, tie_breaker: u64) -> Self {
        self.attribute(AttributeKind::ICE_CONTROLLED, &tie_breaker.to_be_bytes())
    }

    /// Appends XOR-MAPPED-ADDRESS.
    #[must_use]
    pub fn xor_mapped_address(self, mapped: SocketAddr) -> Self {
        self.xor_address(AttributeKind::XOR_MAPPED_ADDRESS, mapped)
    }

    /// Appends an address of any kind that is hidden like XOR-MAPPED-ADDRESS.
    #[must_use]
    pub fn xor_address(self, kind: AttributeKind, address: SocketAddr) -> Self {
        let (value, len) = address::encode(address, self.transaction_id);
        self.attribute(kind, value.get(..len).unwrap_or_default())
    }

    /// Appends ERROR-CODE with its reason phrase.
    #[must_use]
    pub fn error_code(mut self, code: ErrorCode) -> Self {
        let [hundreds, rest] = [code.number() / 100, code.number() % 100].map(low_byte);
        let reason = code.reason().as_bytes();
        let start = self.len;
        self.append(&AttributeKind::ERROR_CODE.0.to_be_bytes());
        self.append_length(ATTRIBUTE_HEADER_BYTES + reason.len());
        self.append(&[0, 0, hundreds, rest]);
        self.append(reason);
        self.pad(start);
        self
    }

    /// Appends UNKNOWN-ATTRIBUTES with the first 16 of the given kinds.
    #[must_use]
    pub fn unknown_attributes(mut self, kinds: impl Iterator<Item = AttributeKind>) -> Self {
        let mut value = [0; UNKNOWN_LISTED_MAX * 2];
        let mut len = 0;
        for (slot, kind) in value.chunks_exact_mut(2).zip(kinds) {
            slot.copy_from_slice(&kind.0.to_be_bytes());
            len += 2;
        }
        let listed = value.get(..len).unwrap_or_default();
        self.append_attribute(AttributeKind::UNKNOWN_ATTRIBUTES, listed);
        self
    }

    /// Ends the message without integrity. Returns its length, or `None` if it did not fit.
    #[must_use]
    pub fn finish(mut self) -> Option<usize> {
        self.write_length(0)?;
        self.len
    }

    /// Ends the message with the type and length of an attribute whose value is written by somebody else, behind what is
    /// here, padded with zeros. Returns the length of what is here, or `None` if it did not fit.
    #[must_use]
    pub fn finish_before_value(mut self, kind: AttributeKind, value_len: usize) -> Option<usize> {
        self.append(&kind.0.to_be_bytes());
        self.append_length(value_len);
        self.write_length(value_len.next_multiple_of(4))?;
        self.len
    }

    /// Ends the message with MESSAGE-INTEGRITY made with `key`, then FINGERPRINT. Returns its length, or `None` if
    /// it did not fit.
    #[must_use]
    pub fn finish_with_integrity(mut self, key: &[u8]) -> Option<usize> {
        let tag = integrity(self.out.get(..self.len?)?, key)?;
        self.append_attribute(AttributeKind::MESSAGE_INTEGRITY, tag.as_ref());
        self.finish_with_fingerprint()
    }

    /// Ends the message with MESSAGE-INTEGRITY-SHA256 made with `key`, then FINGERPRINT. Returns its length, or `None` if
    /// it did not fit.
    #[must_use]
    pub fn finish_with_integrity_sha256(mut self, key: &[u8]) -> Option<usize> {
        let tag = integrity_sha256(self.out.get(..self.len?)?, key)?;
        self.append_attribute(AttributeKind::MESSAGE_INTEGRITY_SHA256, tag.as_ref());
        self.finish_with_fingerprint()
    }

    /// Ends the message with FINGERPRINT.
    fn finish_with_fingerprint(mut self) -> Option<usize> {
        self.write_length(ATTRIBUTE_HEADER_BYTES + FINGERPRINT_BYTES)?;
        let fingerprint = fingerprint(self.out.get(..self.len?)?);
        self.append_attribute(AttributeKind::FINGERPRINT, &fingerprint.to_be_bytes());
        self.len
    }

    fn append_attribute(&mut self, kind: AttributeKind, value: &[u8]) {
        let start = self.len;
        self.append(&kind.0.to_be_bytes());
        self.append_length(value.len());
        self.append(value);
        self.pad(start);
    }

    fn append(&mut self, bytes: &[u8]) {
        let Some(len) = self.len else { return };
        let end = len + bytes.len();
        self.len = self.out.get_mut(len..end).map(|slot| {
            slot.copy_from_slice(bytes);
            end
        });
    }

    fn append_length(&mut self, length: usize) {
        match u16::try_from(length) {
            Ok(length) => self.append(&length.to_be_bytes()),
            Err(_) => self.len = None,
        }
    }

    /// Zeros up to the next multiple of 4 from an attribute's start.
    fn pad(&mut self, start: Option<usize>) {
        if let (Some(start), Some(len)) = (start, self.len) {
            let written = len - start;
            let zeros = [0; 3];
            let padding = written.next_multiple_of(4) - written;
            self.append(zeros.get(..padding).unwrap_or_default());
        }
    }

    /// Sets the header's length field: what is written, and `more` that follows.
    fn write_length(&mut self, more: usize) -> Option<()> {
        let length = u16::try_from(self.len?.checked_sub(HEADER_BYTES)? + more).ok()?;
        self.out.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
        Some(())
    }
}

/// Writes the success response to a Binding request: XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT
/// (RFC 8489 §6.3.1.2). At most 76 bytes.
#[must_use]
pub fn binding_success(
    out: &mut [u8],
    transaction_id: TransactionId,
    mapped: SocketAddr,
    key: &[u8],
) -> Option<usize> {
    Builder::new(out, Class::Success, Method::BINDING, transaction_id)
        .xor_mapped_address(mapped)
        .finish_with_integrity(key)
}

/// Writes the error response to a Binding request; `unknown` is listed only for
/// [`ErrorCode::UnknownAttribute`] (RFC 8489 §6.3.1).
#[must_use]
pub fn binding_error(
    out: &mut [u8],
    transaction_id: TransactionId,
    code: ErrorCode,
    unknown: impl Iterator<Item = AttributeKind>,
    key: &[u8],
) -> Option<usize> {
    let mut builder =
        Builder::new(out, Class::Error, Method::BINDING, transaction_id).error_code(code);
    if code == ErrorCode::UnknownAttribute {
        builder = builder.unknown_attributes(unknown);
    }
    builder.finish_with_integrity(key)
}

/// Writes the check that a controlling ICE agent sends (RFC 8445 §7.2.2). `username` is `remote:local` ufrag, `key`
/// the password of who receives it.
#[must_use]
pub fn binding_request(
    out: &mut [u8],
    transaction_id: TransactionId,
    username: &str,
    nominate: bool,
    key: &[u8],
) -> Option<usize> {
    /// Of a host candidate's peer-reflexive twin: type preference 110 (RFC 8445 §5.1.2.2).
    const PRIORITY: u32 = 110 << 24 | 65_535 << 8 | 255;
    let mut builder = Builder::new(out, Class::Request, Method::BINDING, transaction_id)
        .username(username)
        .priority(PRIORITY)
        .ice_controlling(1);
    if nominate {
        builder = builder.use_candidate();
    }
    builder.finish_with_integrity(key)
}

/// Low byte; the callers' numbers are below 100.
fn low_byte(number: u16) -> u8 {
    let [_, low] = number.to_be_bytes();
    low
}
