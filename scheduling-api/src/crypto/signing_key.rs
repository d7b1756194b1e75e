//! Keys that sign tokens: ECDSA over P-256 (ES256), with the public half as a JSON Web Key.
//!
//! ES256 because every OAuth library verifies it and its signatures are short. Owns: making, signing, verifying with the
//! algorithm fixed here and never taken from the token (RFC 8725 §3.1). Never: decides which key is used.

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

/// The public half (RFC 7517, 7518 §6.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicKey {
    /// The key's name: its thumbprint (RFC 7638).
    pub(crate) kid: String,
    kty: String,
    crv: String,
    alg: String,
    #[serde(rename = "use")]
    usage: String,
    x: String,
    y: String,
}

/// A private key, as PKCS #8.
pub(crate) struct SigningKey {
    pkcs8: Vec<u8>,
    public: PublicKey,
}

/// A key or a token that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the key or the token is not readable")]
pub(crate) struct UnreadableKey;

impl SigningKey {
    /// A new key.
    pub(crate) fn mint() -> Result<Self, UnreadableKey> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self::from_pkcs8(document.map_err(|_| UnreadableKey)?.as_ref().to_vec())
    }

    /// From the store.
    pub(crate) fn from_pkcs8(pkcs8: Vec<u8>) -> Result<Self, UnreadableKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)
            .map_err(|_| UnreadableKey)?;
        // Uncompressed point: 4, x, y.
        let point = pair.public_key().as_ref();
        let (x, y) = point.get(1..).and_then(|xy| xy.split_at_checked(32)).ok_or(UnreadableKey)?;
        let public = PublicKey::of(x, y);
        Ok(Self { pkcs8, public })
    }

    /// For sealing into the store.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signed token of a type (`typ`), so that one kind never passes for another (RFC 8725 §3.11).
    pub(crate) fn sign<C: Serialize>(
        &self,
        kind: &str,
        claims: &C,
    ) -> Result<String, UnreadableKey> {
        let header = Header {
            typ: Some(kind.to_owned()),
            kid: Some(self.public.kid.clone()),
            ..Header::new(Algorithm::ES256)
        };
        let key = EncodingKey::from_ec_der(&self.pkcs8);
        jsonwebtoken::encode(&header, claims, &key).map_err(|_| UnreadableKey)
    }
}

impl PublicKey {
    fn of(x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid =
            BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let word = str::to_owned;
        Self {
            kid,
            kty: word("EC"),
            crv: word("P-256"),
            alg: word("ES256"),
            usage: word("sig"),
            x,
            y,
        }
    }

    /// The claims of a token of a type, if this key signed it. Times are not looked at: they are compared with the
    /// caller's clock.
    pub(crate) fn verify<C: DeserializeOwned>(
        &self,
        kind: &str,
        token: &str,
    ) -> Result<C, UnreadableKey> {
        let key = DecodingKey::from_ec_components(&self.x, &self.y).map_err(|_| UnreadableKey)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let token = jsonwebtoken::decode::<C>(token, &key, &rules).map_err(|_| UnreadableKey)?;
        let typed = token.header.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(kind));
        if typed { Ok(token.claims) } else { Err(UnreadableKey) }
    }
}

/// The name of the key that a token says it was signed with.
pub(crate) fn key_name(token: &str) -> Option<String> {
    jsonwebtoken::decode_header(token).ok()?.kid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Claims {
        sub: String,
    }

    fn claims() -> Claims {
        Claims { sub: "usr_1".into() }
    }

    #[test]
    fn a_token_is_verified_by_its_key_and_type_only() {
        let (key, other) = (SigningKey::mint().unwrap(), SigningKey::mint().unwrap());
        let token = key.sign("at+jwt", &claims()).unwrap();
        assert_eq!(key.public().verify("at+jwt", &token), Ok(claims()));
        assert_eq!(other.public().verify::<Claims>("at+jwt", &token), Err(UnreadableKey));
        assert_eq!(key.public().verify::<Claims>("JWT", &token), Err(UnreadableKey));
        assert_eq!(key_name(&token).as_deref(), Some(key.public().kid.as_str()));
    }

    #[test]
    fn a_token_that_names_another_algorithm_is_refused() {
        let key = SigningKey::mint().unwrap();
        let token = key.sign("at+jwt", &claims()).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        for header in [r#"{"typ":"at+jwt","alg":"none"}"#, r#"{"typ":"at+jwt","alg":"HS256"}"#] {
            let forged = format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header));
            assert_eq!(
                key.public().verify::<Claims>("at+jwt", &forged),
                Err(UnreadableKey),
                "{header}"
            );
        }
    }

    #[test]
    fn a_key_survives_the_store() {
        let key = SigningKey::mint().unwrap();
        let again = SigningKey::from_pkcs8(key.pkcs8().to_vec()).unwrap();
        assert_eq!(again.public(), key.public());
        assert!(SigningKey::from_pkcs8(vec![1, 2, 3]).is_err());
    }
}
