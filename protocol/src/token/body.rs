//! Signing a message body with a token: how webhooks prove who sends them.
//!
//! The token holds the SHA-256 of the exact bytes (claim `sha256`, standard base64), as the receivers of LiveKit's
//! server SDKs check it.

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use super::{ApiKeys, LEEWAY_S, TOKEN_BYTES_MAX, TokenError};

/// How long a signature is good, in seconds: LiveKit's. A retried delivery is signed anew.
const LIFETIME_S: i64 = 5 * 60;

#[derive(Serialize)]
struct BodyClaims<'a> {
    iss: &'a str,
    nbf: i64,
    exp: i64,
    sha256: String,
}

/// A token for the `Authorization` header of a message with this body, signed with the key of this name, or the first.
///
/// # Errors
/// [`TokenError::Signature`] if there is no such key.
pub fn sign_body(
    body: &[u8],
    keys: &ApiKeys,
    key: Option<&str>,
    now_unix_s: i64,
) -> Result<String, TokenError> {
    let (key, secret) = match key {
        None => keys.signing_pair(),
        Some(key) => (key, keys.secret(key).ok_or(TokenError::Signature)?),
    };
    let claims = BodyClaims {
        iss: key,
        nbf: now_unix_s,
        exp: now_unix_s.saturating_add(LIFETIME_S),
        sha256: base64(digest(&SHA256, body).as_ref()),
    };
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes()))
        .map_err(|_| TokenError::Claims)
}

/// Why a message's signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The token itself is not one that one of the keys signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token speaks of other bytes.
    #[error("the signature is of another message")]
    OtherBody,
}

#[derive(Deserialize)]
struct SignedBody {
    exp: Option<i64>,
    nbf: Option<i64>,
    sha256: Option<String>,
}

/// Checks that one of `keys` signed exactly this body, and not too long ago.
///
/// # Errors
/// When it did not.
pub fn verify_body(
    body: &[u8],
    token: &str,
    keys: &ApiKeys,
    now_unix_s: i64,
) -> Result<(), BodyError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed.into());
    }
    let secret = super::check_header_and_select_secret(token, keys)?;
    let key = DecodingKey::from_secret(secret);
    let claims = jsonwebtoken::decode::<SignedBody>(token, &key, &super::signature_only())
        .map_err(|error| super::classify(&error))?
        .claims;
    let expires_unix_s = claims.exp.ok_or(TokenError::NoExpiry)?;
    if expires_unix_s.saturating_add(LEEWAY_S) <= now_unix_s {
        return Err(TokenError::Expired.into());
    }
    if claims.nbf.is_some_and(|from| from.saturating_sub(LEEWAY_S) > now_unix_s) {
        return Err(TokenError::NotYetValid.into());
    }
    let is_same =
        claims.sha256.is_some_and(|given| given == base64(digest(&SHA256, body).as_ref()));
    is_same.then_some(()).ok_or(BodyError::OtherBody)
}

/// Standard alphabet with padding (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::SecretPolicy;

    #[test]
    fn a_signature_names_its_key_and_the_digest_of_the_body() {
        let keys = ApiKeys::parse("one: first, two: second", SecretPolicy::Dev).unwrap();
        for (key, name, secret) in [(None, "one", "first"), (Some("two"), "two", "second")] {
            let token = sign_body(b"{}", &keys, key, 1_000).unwrap();
            let mut validation = jsonwebtoken::Validation::new(Algorithm::HS256);
            validation.validate_exp = false;
            let key = jsonwebtoken::DecodingKey::from_secret(secret.as_bytes());
            let claims = jsonwebtoken::decode::<serde_json::Value>(&token, &key, &validation)
                .unwrap()
                .claims;
            assert_eq!(claims["iss"], name);
            assert_eq!(claims["exp"], 1_300);
            // printf '{}' | openssl dgst -sha256 -binary | base64
            assert_eq!(claims["sha256"], "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=");
        }
        assert_eq!(sign_body(b"", &keys, Some("three"), 0), Err(TokenError::Signature));
    }

    #[test]
    fn only_the_signed_bytes_are_taken_and_only_for_a_while() {
        let keys = ApiKeys::parse("one: first, two: second", SecretPolicy::Dev).unwrap();
        let others = ApiKeys::parse("one: other", SecretPolicy::Dev).unwrap();
        let token = sign_body(b"{}", &keys, Some("two"), 1_000).unwrap();
        assert_eq!(verify_body(b"{}", &token, &keys, 1_000), Ok(()));
        assert_eq!(verify_body(b"{ }", &token, &keys, 1_000), Err(BodyError::OtherBody));
        assert_eq!(verify_body(b"{}", &token, &keys, 1_400), Err(TokenError::Expired.into()));
        assert_eq!(verify_body(b"{}", &token, &keys, 100), Err(TokenError::NotYetValid.into()));
        assert_eq!(verify_body(b"{}", &token, &others, 1_000), Err(TokenError::Signature.into()));
        assert!(verify_body(b"{}", "x", &keys, 1_000).is_err());
    }
}
