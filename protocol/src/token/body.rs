//! Signing a message body with a token: how webhooks prove who sends them.
//!
//! The token holds the SHA-256 of the exact bytes (claim `sha256`, standard base64), as the receivers of LiveKit's
//! server SDKs check it.

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::{ApiKeys, TokenError};

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
}
