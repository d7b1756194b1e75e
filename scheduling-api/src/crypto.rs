//! Sealing what the database must not show.
//!
//! ```text
//! key file (─► key service) ─► KeyRing ─wraps─► DataKey, one a patient ─seals─► columns
//! ```
//!
//! AES-256-GCM throughout. A data key is kept wrapped by a key of the key file, so that the file's keys can be rotated
//! without touching the columns; destroying a patient's data key makes everything sealed with it unreadable, in every
//! backup too. Owns: keys and bytes. Never: stores anything, or prints a key.

pub(crate) mod client_keys;
pub(crate) mod content;
mod envelope;
mod key_ring;
pub(crate) mod passkeys;
pub(crate) mod password_hash;
pub(crate) mod push_message;
pub(crate) mod secret_token;
pub(crate) mod signing_key;
pub(crate) mod totp;

pub(crate) use envelope::DataKey;
pub use key_ring::{KeyRing, KeyRingError, UnwrapError};
pub(crate) use key_ring::{RingClosed, key_lines};

/// Something sealed does not open: another key, another place, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed bytes do not open")]
pub struct SealError;
