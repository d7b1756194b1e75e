//! Public keys of programs, and the assertions that they sign with them (RFC 7523): ES384 and RS384 and nothing else, as SMART
//! Backend Services asks.
//!
//! The algorithm is the one that the named key is for, and never taken from the token alone (RFC 8725 §3.1).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Most keys of one program: the present one, the next, and some to spare.
const KEYS_MAX: usize = 10;

/// Longest set, in bytes.
const BYTES_MAX: usize = 16 * 1024;

/// A set of keys that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("1 to {KEYS_MAX} public keys, each with its own kid: EC on P-384 or RSA")]
pub(crate) struct UnusableKeys;

/// The public keys of one program.
pub(crate) struct ClientKeys(JwkSet);

impl ClientKeys {
    /// Reads a JWK Set.
    ///
    /// # Errors
    /// When a key is none that we verify with, has no name, or there are none or too many.
    pub(crate) fn parse(text: &str) -> Result<Self, UnusableKeys> {
        let set: JwkSet = if text.len() <= BYTES_MAX {
            serde_json::from_str(text).map_err(|_| UnusableKeys)?
        } else {
            return Err(UnusableKeys);
        };
        // A private key must not lie in our store, and its owner must hear of it.
        let private = text.contains("\"d\"");
        let mut names: Vec<&str> =
            set.keys.iter().filter_map(|key| key.common.key_id.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        let usable = set
            .keys
            .iter()
            .all(|key| algorithm(key).is_some() && DecodingKey::from_jwk(key).is_ok());
        if private
            || !usable
            || names.is_empty()
            || names.len() != set.keys.len()
            || names.len() > KEYS_MAX
        {
            return Err(UnusableKeys);
        }
        Ok(Self(set))
    }

    /// The claims of an assertion, if one of the keys signed it. Times and audience are not looked at.
    pub(crate) fn verify<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let key = self.0.find(&header.kid?)?;
        let mut rules = Validation::new(algorithm(key)?);
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let decoding = DecodingKey::from_jwk(key).ok()?;
        jsonwebtoken::decode::<C>(token, &decoding, &rules).ok().map(|token| token.claims)
    }
}

/// What a key signs with.
fn algorithm(key: &Jwk) -> Option<Algorithm> {
    match &key.algorithm {
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => {
            Some(Algorithm::ES384)
        }
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS384),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P384: &str = r#"{"kty":"EC","crv":"P-384","kid":"a",
        "x":"qoVwG8c8vd9nLBzLY7N7Wp8kLj0Xf4o7r0wJ6a7d0rPXq6cLrN0mRrBrmg8l6r5X",
        "y":"o4V3a2G3N2M2WqvQe0u1rH6h6b0yLJkZJ8m1Jb7pB4nN3L2oVwG8c8vd9nLBzLY7"}"#;

    #[test]
    fn keys_that_we_do_not_verify_with_are_refused() {
        let set = |keys: &str| ClientKeys::parse(&format!(r#"{{"keys":[{keys}]}}"#)).is_ok();
        assert!(set(P384));
        assert!(!set(""));
        assert!(!set(&format!("{P384},{P384}")), "a name twice");
        assert!(!set(&P384.replace(r#""kid":"a","#, "")), "no name");
        assert!(!set(&P384.replace("P-384", "P-256")));
        assert!(!set(&P384.replace(r#""kid""#, r#""d":"x","kid""#)), "a private key");
        assert!(!set(r#"{"kty":"oct","k":"c2VjcmV0","kid":"b"}"#));
        assert!(ClientKeys::parse("{}").is_err());
    }
}
