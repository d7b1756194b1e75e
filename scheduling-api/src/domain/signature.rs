//! Who stands for a text, and since when: what makes it final.

use jiff::Timestamp;

use crate::domain::id::UserId;

/// A signature. It holds for exactly one text: `hash` is over the text, whom it is about, the signer and the instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who signed.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// HMAC-SHA-256 by the patient's own key, in hexadecimal digits.
    pub hash: String,
}

/// Why a text about a visit stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is final.
    #[error("it is signed: what was forgotten is added as an addendum or a new prescription")]
    Signed,
    /// Only what is signed can be added to, or cancelled.
    #[error("it is a draft: change it, or sign it first")]
    Draft,
    /// Nothing stands in it.
    #[error("there is nothing to sign")]
    Empty,
    /// The visit has not begun, or never will.
    #[error("a visit that is {0} has no such text")]
    Visit(&'static str),
    /// It was taken back.
    #[error("it is cancelled")]
    Cancelled,
    /// Enough.
    #[error("there are {0} already, which is the most")]
    TooMany(usize),
}
