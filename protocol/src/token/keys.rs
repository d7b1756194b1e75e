//! API keys: pairs of a public key id and a secret. The first one signs, every one verifies.

use std::fmt;

use crate::redact::MARK;

/// Shortest secret that is accepted outside development, in bytes: HS256 wants at least its
/// output's 256 bits (RFC 7518 §3.2).
pub const SECRET_BYTES_MIN: usize = 32;

/// Whether weak secrets are tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretPolicy {
    /// Secrets of at least [`SECRET_BYTES_MIN`].
    Strict,
    /// Any secret that is not empty: `devkey` / `secret`.
    Dev,
}

/// One or more key pairs.
#[derive(Clone)]
pub struct ApiKeys {
    signing: Pair,
    others: Vec<Pair>,
}

#[derive(Clone)]
struct Pair {
    key: String,
    secret: String,
}

/// Why key pairs are refused. Says where, never what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// No pair at all.
    #[error("no API key is given")]
    None,
    /// Pair `number` (from 1) is not `key: secret`.
    #[error("API key {number} is not of the form `key: secret`")]
    Malformed {
        /// Which, from 1.
        number: usize,
    },
    /// The secret of pair `number` (from 1) is shorter than [`SECRET_BYTES_MIN`].
    #[error("the secret of API key {number} is shorter than 32 bytes")]
    WeakSecret {
        /// Which, from 1.
        number: usize,
    },
    /// Pair `number` (from 1) repeats an earlier key.
    #[error("API key {number} is given twice")]
    Duplicate {
        /// Which, from 1.
        number: usize,
    },
}

impl ApiKeys {
    /// Reads `key: secret` pairs, separated by commas or line ends. Lines that begin with `#` are
    /// comments.
    ///
    /// # Errors
    /// When there is none, one is malformed or given twice, or a secret is too short for the
    /// policy.
    pub fn parse(text: &str, policy: SecretPolicy) -> Result<Self, KeysError> {
        let mut pairs: Vec<Pair> = Vec::new();
        let entries = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (index, entry) in entries.enumerate() {
            let number = index + 1;
            let pair = Pair::parse(entry).ok_or(KeysError::Malformed { number })?;
            if policy == SecretPolicy::Strict && pair.secret.len() < SECRET_BYTES_MIN {
                return Err(KeysError::WeakSecret { number });
            }
            if pairs.iter().any(|known| known.key == pair.key) {
                return Err(KeysError::Duplicate { number });
            }
            pairs.push(pair);
        }
        let mut pairs = pairs.into_iter();
        let signing = pairs.next().ok_or(KeysError::None)?;
        Ok(Self { signing, others: pairs.collect() })
    }

    /// The secret that belongs to a key.
    pub(super) fn secret(&self, key: &str) -> Option<&str> {
        std::iter::once(&self.signing)
            .chain(&self.others)
            .find(|pair| pair.key == key)
            .map(|pair| pair.secret.as_str())
    }

    /// Whether there is a pair of this name.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.secret(key).is_some()
    }

    /// The pair that signs: key, secret.
    pub(super) fn signing_pair(&self) -> (&str, &str) {
        (&self.signing.key, &self.signing.secret)
    }
}

impl Pair {
    fn parse(entry: &str) -> Option<Self> {
        let (key, secret) = entry.split_once(':')?;
        let (key, secret) = (key.trim(), secret.trim());
        let usable = !key.is_empty() && !secret.is_empty();
        usable.then(|| Self { key: key.to_owned(), secret: secret.to_owned() })
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                std::iter::once(&self.signing)
                    .chain(&self.others)
                    .map(|pair| (pair.key.as_str(), MARK)),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRONG: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn pairs_are_read_from_commas_and_lines() {
        let text = format!("# ours\nfirst: {STRONG}, second:{STRONG}\n\n third : {STRONG}\n");
        let keys = ApiKeys::parse(&text, SecretPolicy::Strict).unwrap();
        assert_eq!(keys.signing_pair(), ("first", STRONG));
        assert_eq!(keys.secret("second"), Some(STRONG));
        assert_eq!(keys.secret("third"), Some(STRONG));
        assert_eq!(keys.secret("fourth"), None);
    }

    #[test]
    fn a_secret_may_hold_colons() {
        let keys = ApiKeys::parse("a: b:c", SecretPolicy::Dev).unwrap();
        assert_eq!(keys.secret("a"), Some("b:c"));
    }

    #[test]
    fn bad_pairs_are_refused_by_number() {
        let strong = |text: &str| ApiKeys::parse(&text.replace('S', STRONG), SecretPolicy::Strict);
        for (text, error) in [
            ("", KeysError::None),
            (" , \n#a: S\n", KeysError::None),
            ("a", KeysError::Malformed { number: 1 }),
            ("a: S, :S", KeysError::Malformed { number: 2 }),
            ("a: S, b: ", KeysError::Malformed { number: 2 }),
            ("a: short", KeysError::WeakSecret { number: 1 }),
            ("a: S, a: S", KeysError::Duplicate { number: 2 }),
        ] {
            assert_eq!(strong(text).unwrap_err(), error, "{text:?}");
        }
    }

    #[test]
    fn a_short_secret_passes_only_in_development() {
        assert!(ApiKeys::parse("devkey: secret", SecretPolicy::Dev).is_ok());
        assert!(ApiKeys::parse("devkey: secret", SecretPolicy::Strict).is_err());
        assert!(ApiKeys::parse("devkey:", SecretPolicy::Dev).is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        let keys = ApiKeys::parse("devkey: canary, other: canary", SecretPolicy::Dev).unwrap();
        let printed = format!("{keys:?} {keys:#?}");
        assert!(printed.contains("devkey") && printed.contains("other"));
        assert!(!printed.contains("canary"));
    }
}
