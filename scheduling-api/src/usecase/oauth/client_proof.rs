//! How a client proves who it is at the token, introspection and revocation endpoints: by its secret or an assertion signed with its key, or, for an app
//! that can keep none, by its name alone (PKCE and rotation stand in for it).

use aws_lc_rs::constant_time;
use jiff::Timestamp;
use serde::Deserialize;

use super::OauthFailure;
use crate::{
    api::Api,
    crypto::{client_keys::ClientKeys, secret_token::SecretToken},
    domain::{
        id::OauthClientId,
        oauth::client::{Client, ClientKind},
    },
    store::{
        StoreError, Tx,
        oauth::{self, KeptClient},
    },
};

/// What a client shows.
#[derive(Clone)]
pub(crate) struct ClientProof {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    /// A signed assertion (RFC 7523), for one that registered keys.
    pub(crate) assertion: Option<String>,
}

/// What an assertion says (SMART Backend Services).
#[derive(Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    jti: String,
}

/// Longest life of an assertion, in seconds: SMART Backend Services says five minutes.
const ASSERTION_LIFE_S: i64 = 300;

/// Longest name of an assertion, in bytes.
const JTI_BYTES_MAX: usize = 200;

/// Longest assertion, in bytes; RSA's of 4096 bits have about 1,200.
const ASSERTION_BYTES_MAX: usize = 8 * 1024;

/// The client, if it has proved itself.
///
/// # Errors
/// [`OauthFailure::InvalidClient`], whatever is wrong.
pub(crate) async fn prove(
    api: &Api,
    tx: &mut Tx,
    proof: &ClientProof,
) -> Result<Client, OauthFailure> {
    let id: OauthClientId = proof.id.parse().map_err(|_| OauthFailure::InvalidClient)?;
    let kept = oauth::find_client(tx, &id).await?.ok_or(OauthFailure::InvalidClient)?;
    if kept.client.disabled {
        return Err(OauthFailure::InvalidClient);
    }
    let right = match (kept.client.kind, &kept.secret_hash, &proof.secret, &proof.assertion) {
        (ClientKind::Public, None, None, None) => true,
        (ClientKind::Confidential, _, None, Some(assertion)) => {
            return asserted(api, tx, kept, assertion).await;
        }
        (ClientKind::Confidential, Some(hash), Some(secret), None) if kept.jwks.is_none() => {
            SecretToken::presented(secret).is_some_and(|secret| {
                constant_time::verify_slices_are_equal(
                    secret.hash().as_str().as_bytes(),
                    hash.as_bytes(),
                )
                .is_ok()
            })
        }
        _ => false,
    };
    if right { Ok(kept.client) } else { Err(OauthFailure::InvalidClient) }
}

/// A client that signed an assertion for us, now, and for the first time.
async fn asserted(
    api: &Api,
    tx: &mut Tx,
    kept: KeptClient,
    assertion: &str,
) -> Result<Client, OauthFailure> {
    const NO: OauthFailure = OauthFailure::InvalidClient;
    let keys = ClientKeys::parse(&kept.jwks.ok_or(NO)?).map_err(|_| NO)?;
    let said: Assertion = match assertion.len() <= ASSERTION_BYTES_MAX {
        true => keys.verify(assertion).ok_or(NO)?,
        false => return Err(NO),
    };
    let (now, id) = (api.clock.now(), kept.client.id.as_str());
    let lives = (now.as_second() + 1..=now.as_second() + ASSERTION_LIFE_S).contains(&said.exp);
    let for_us = said.aud == format!("{}/oauth/token", api.links.issuer);
    let named = !said.jti.is_empty() && said.jti.len() <= JTI_BYTES_MAX;
    if said.iss != id || said.sub != id || !lives || !for_us || !named {
        return Err(NO);
    }
    let expires = Timestamp::from_second(said.exp).map_err(|_| NO)?;
    match oauth::take_assertion(tx, &kept.client.id, &said.jti, expires, now).await {
        Err(StoreError::Duplicate(_)) => Err(NO),
        other => Ok(other.map(|()| kept.client)?),
    }
}
