//! Secrets that we hand out and later recognise: session tokens, links, refresh tokens, API keys, recovery codes.
//!
//! Owns: their making and their hash. Never: stores one in the clear. A token carries 256 random bits, so a plain
//! SHA-256 hides it: there is nothing to guess that a slow hash would protect. Recovery codes are shorter (a person
//! types them) and carry 79 bits, for the same reason enough.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::redact::Redacted;

use crate::random::Random;

/// A secret in the clear. Exists only on its way out or in.
#[derive(Clone, Debug)]
pub(crate) struct SecretToken(Redacted<String>);

/// What is stored of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash(String);

/// No token of ours is longer; a longer text is refused unhashed.
pub(crate) const TOKEN_BYTES_MAX: usize = 256;

impl SecretToken {
    /// A new one. The prefix tells scanners of leaked secrets, and people, what it is.
    #[must_use]
    pub(crate) fn mint(prefix: &'static str, random: &Random) -> Self {
        Self(Redacted::new(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random.bytes::<32>()))))
    }

    /// A code that a person writes down: four groups of four, no letters that look alike.
    #[must_use]
    pub(crate) fn mint_recovery_code(random: &Random) -> Self {
        const ALPHABET: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";
        let letter = || {
            usize::try_from(random.below(ALPHABET.len() as u64))
                .ok()
                .and_then(|index| ALPHABET.get(index))
        };
        let group =
            || (0..4).filter_map(|_| letter().map(|byte| char::from(*byte))).collect::<String>();
        let text = [group(), group(), group(), group()].join("-");
        Self(Redacted::new(text))
    }

    /// As somebody presents it; `None` when it is too long to be ours.
    #[must_use]
    pub(crate) fn presented(text: &str) -> Option<Self> {
        (text.len() <= TOKEN_BYTES_MAX).then(|| Self(Redacted::new(text.to_owned())))
    }

    /// A recovery code as somebody types it: case, spaces and dashes do not matter.
    #[must_use]
    pub(crate) fn typed_recovery_code(text: &str) -> Option<Self> {
        let plain: Vec<char> = text.chars().filter(char::is_ascii_alphanumeric).take(17).collect();
        if plain.len() != 16 || text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let groups: Vec<String> = plain.chunks(4).map(|group| group.iter().collect()).collect();
        Some(Self(Redacted::new(groups.join("-").to_lowercase())))
    }

    /// The secret itself, for its one way out.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What to store, and to look up by. Looking up by hash leaks nothing useful by its timing.
    #[must_use]
    pub(crate) fn hash(&self) -> TokenHash {
        let hash = digest::digest(&digest::SHA256, self.0.expose().as_bytes());
        TokenHash(URL_SAFE_NO_PAD.encode(hash.as_ref()))
    }
}

impl TokenHash {
    /// As stored.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_hash_and_does_not_print() {
        let token = SecretToken::mint("bs", &Random::seeded(1));
        assert!(token.expose().starts_with("bs_") && token.expose().len() == 46);
        assert_eq!(SecretToken::presented(token.expose()).unwrap().hash(), token.hash());
        assert!(!format!("{token:?}").contains(token.expose()));
        assert!(SecretToken::presented(&"x".repeat(257)).is_none());
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = SecretToken::mint_recovery_code(&Random::seeded(1));
        assert_eq!(code.expose().len(), 19);
        let sloppy = code.expose().to_uppercase().replace('-', " ");
        assert_eq!(SecretToken::typed_recovery_code(&sloppy).unwrap().hash(), code.hash());
        for wrong in ["", "abcd", &"a".repeat(17), &"a".repeat(400)] {
            assert!(SecretToken::typed_recovery_code(wrong).is_none());
        }
    }

    #[test]
    fn two_tokens_differ() {
        let random = Random::seeded(1);
        assert_ne!(
            SecretToken::mint("bs", &random).hash(),
            SecretToken::mint("bs", &random).hash()
        );
    }
}
