//! Proof key for code exchange, RFC 7636: only S256. "plain" protects from nothing that reads the request.

use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// SHA-256 of the client's verifier, in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

/// A base64url SHA-256 has this many characters.
const CHALLENGE_CHARS: usize = 43;

/// RFC 7636 §4.1.
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

impl Challenge {
    /// Reads a challenge of an authorization request; the method must be named and be S256.
    #[must_use]
    pub fn parse(challenge: &str, method: Option<&str>) -> Option<Self> {
        let sound = method == Some("S256")
            && challenge.len() == CHALLENGE_CHARS
            && URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|hash| hash.len() == 32);
        sound.then(|| Self(challenge.to_owned()))
    }

    /// From the store.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// For the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the challenge of a verifier.
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !VERIFIER_CHARS.contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
            return false;
        }
        let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        constant_time::verify_slices_are_equal(hash.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_vector_of_rfc_7636() {
        let challenge = Challenge::parse(CHALLENGE, Some("S256")).unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        assert!(!challenge.is_met_by(&VERIFIER.replace('d', "e")));
        assert!(!challenge.is_met_by(CHALLENGE));
    }

    #[test]
    fn only_s256_is_taken() {
        for (challenge, method) in [
            (CHALLENGE, None),
            (CHALLENGE, Some("plain")),
            (CHALLENGE, Some("s256")),
            ("short", Some("S256")),
            (&"*".repeat(43), Some("S256")),
        ] {
            assert_eq!(Challenge::parse(challenge, method), None, "{challenge} {method:?}");
        }
    }

    #[test]
    fn a_verifier_out_of_bounds_meets_nothing() {
        for verifier in ["x".repeat(42), "x".repeat(129), format!("{}é", "x".repeat(42))] {
            let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            assert!(!Challenge::stored(hash).is_met_by(&verifier));
        }
    }
}
