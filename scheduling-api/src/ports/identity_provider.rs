//! An outside identity provider that speaks OpenID Connect: where people are sent, and who comes back.
//!
//! Owns: the wire (Discovery, the code's exchange, the key set) and the ID token's checks (OpenID Connect Core §3.1.3.7).
//! Never: decides whose account it is. Answers are bounded in time and bytes; redirects are not followed; addresses are
//! https, or plain http to loopback where an installation tries things out.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde::{Deserialize, de::DeserializeOwned};

use crate::ports::http_client;

/// Talks to identity providers.
#[derive(Debug, Clone)]
pub struct IdentityProviders {
    http: reqwest::Client,
}

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Discovered {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// Who we are at a provider.
pub(crate) struct Registration<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a str,
}

/// What a person came back with.
pub(crate) struct Return<'a> {
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) nonce: &'a str,
}

/// Who came back.
#[derive(Deserialize)]
pub(crate) struct Person {
    pub(crate) sub: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) email_verified: bool,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) locale: Option<String>,
}

/// Why nobody came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It does not answer, or not in time.
    #[error("the identity provider does not answer")]
    Unreachable,
    /// It refused the code.
    #[error("the identity provider refused")]
    Refused,
    /// Its answer is not what OpenID Connect says.
    #[error("the identity provider's answer cannot be trusted")]
    Untrusted,
}

const TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How far a provider's clock may differ from ours.
const LEEWAY_S: i64 = 60;

/// Signatures that are taken. Never a shared secret's: the key set is public.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::ES256,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES384,
    Algorithm::RS384,
    Algorithm::EdDSA,
];

impl IdentityProviders {
    /// A client of its own: no cookies, no redirects, five seconds.
    ///
    /// # Errors
    /// When the system has no certificates to trust.
    pub fn new() -> Result<Self, std::io::Error> {
        Ok(Self { http: http_client::client(TIMEOUT)? })
    }

    /// Reads what a provider says of itself.
    pub(crate) async fn discover(&self, issuer: &str) -> Result<Discovered, ProviderError> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let discovered: Discovered = self.read(self.http.get(allowed(&address)?)).await?;
        // Mix-up: a document speaks for the issuer that it names, and that must be the one that was asked.
        if discovered.issuer != issuer {
            return Err(ProviderError::Untrusted);
        }
        allowed(&discovered.authorization_endpoint)?;
        Ok(discovered)
    }

    /// Exchanges a code, and checks who came back.
    pub(crate) async fn redeem(
        &self,
        us: &Registration<'_>,
        back: &Return<'_>,
        now: Timestamp,
    ) -> Result<Person, ProviderError> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        let at = self.discover(us.issuer).await?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", back.code)
            .append_pair("redirect_uri", back.redirect_uri)
            .append_pair("code_verifier", back.verifier)
            .finish();
        let encoded =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let asked = self
            .http
            .post(allowed(&at.token_endpoint)?)
            .basic_auth(encoded(us.client_id), Some(encoded(us.client_secret)))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form);
        let tokens: Tokens = self.read(asked).await?;
        let keys: JwkSet = self.read(self.http.get(allowed(&at.jwks_uri)?)).await?;
        verify(&tokens.id_token, &keys, us, back.nonce, now)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        asked: reqwest::RequestBuilder,
    ) -> Result<T, ProviderError> {
        let mut answer = asked.send().await.map_err(|_| ProviderError::Unreachable)?;
        if answer.status().is_server_error() {
            return Err(ProviderError::Unreachable);
        }
        if !answer.status().is_success() {
            return Err(ProviderError::Refused);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| ProviderError::Unreachable)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ProviderError::Untrusted);
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|_| ProviderError::Untrusted)
    }
}

fn allowed(address: &str) -> Result<url::Url, ProviderError> {
    http_client::allowed(address).ok_or(ProviderError::Untrusted)
}

fn verify(
    token: &str,
    keys: &JwkSet,
    us: &Registration<'_>,
    nonce: &str,
    now: Timestamp,
) -> Result<Person, ProviderError> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
        aud: Audience,
        #[serde(default)]
        azp: Option<String>,
        exp: i64,
        iat: i64,
        nonce: Option<String>,
        #[serde(flatten)]
        person: Person,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    let untrusted = ProviderError::Untrusted;
    let header = jsonwebtoken::decode_header(token).map_err(|_| untrusted)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(untrusted);
    }
    // A provider with one key may leave its name out.
    let key = match (&header.kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = DecodingKey::from_jwk(key.ok_or(untrusted)?).map_err(|_| untrusted)?;
    let mut rules = Validation::new(header.alg);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|_| untrusted)?.claims;
    let now = now.as_second();
    let for_us = match &claims.aud {
        Audience::One(audience) => audience == us.client_id,
        Audience::Many(all) => {
            all.iter().any(|one| one == us.client_id)
                && (all.len() == 1 || claims.azp.as_deref() == Some(us.client_id))
        }
    };
    let good = claims.iss == us.issuer
        && for_us
        && claims.azp.as_deref().is_none_or(|azp| azp == us.client_id)
        && now < claims.exp + LEEWAY_S
        && claims.iat <= now + LEEWAY_S
        && claims.nonce.as_deref() == Some(nonce)
        && !claims.person.sub.is_empty()
        && claims.person.sub.len() <= 255;
    if good { Ok(claims.person) } else { Err(untrusted) }
}
