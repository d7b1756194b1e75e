//! The keys of long-term credentials: what MESSAGE-INTEGRITY is made with (RFC 8489 §9.2.2, §18.5).
//!
//! Owns: the derivation from user, realm and password, by MD5 for older clients and by SHA-256. Never: passwords at rest.

use std::fmt;

use aws_lc_rs::digest;
use md5::{Digest as _, Md5};

/// How the key follows from the password (RFC 8489 §18.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordAlgorithm {
    /// MD5: what every client speaks. The password is the secret here, and MD5's weakness (collisions) does not reveal it.
    Md5,
    /// SHA-256: what RFC 8489 clients choose when it is offered.
    Sha256,
}

impl PasswordAlgorithm {
    /// The registered number.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Md5 => 1,
            Self::Sha256 => 2,
        }
    }

    /// The algorithm of a registered number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        [Self::Md5, Self::Sha256].into_iter().find(|one| one.number() == number)
    }
}

/// A key of one user in one realm. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct LongTermKey {
    bytes: [u8; 32],
    algorithm: PasswordAlgorithm,
}

impl LongTermKey {
    /// Derives the key: the hash of `user:realm:password`.
    #[must_use]
    pub fn derive(
        algorithm: PasswordAlgorithm,
        username: &str,
        realm: &str,
        password: &str,
    ) -> Self {
        let mut bytes = [0; 32];
        let parts = [username, ":", realm, ":", password].map(str::as_bytes);
        match algorithm {
            PasswordAlgorithm::Md5 => {
                let mut hash = Md5::new();
                parts.iter().for_each(|part| hash.update(part));
                bytes.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
            }
            PasswordAlgorithm::Sha256 => {
                let mut hash = digest::Context::new(&digest::SHA256);
                parts.iter().for_each(|part| hash.update(part));
                bytes.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
            }
        }
        Self { bytes, algorithm }
    }

    /// How it was derived.
    #[must_use]
    pub fn algorithm(&self) -> PasswordAlgorithm {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self.algorithm {
            PasswordAlgorithm::Md5 => self.bytes.get(..16).unwrap_or_default(),
            PasswordAlgorithm::Sha256 => &self.bytes,
        }
    }
}

impl fmt::Debug for LongTermKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongTermKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
