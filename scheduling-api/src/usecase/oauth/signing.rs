//! The tokens that we sign: which key, what they say, and what they are worth.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::OauthFailure;
pub(crate) use crate::crypto::signing_key::PublicKey;
use crate::{
    api::Api,
    crypto::signing_key::{SigningKey, key_name},
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::GrantId,
        oauth::grant::ACCESS_LIFE,
        rev::Rev,
    },
    store::{
        Scope, StoreError, Tx,
        change::{Change, Transition},
        oauth::Grant,
        outbox::Event,
        signing_keys,
    },
    usecase::Failure,
};

/// The type of an access token (RFC 9068 §2.1).
const ACCESS: &str = "at+jwt";

/// An access token's claims (RFC 9068 §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    /// The person, or the client that acts for itself.
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
    /// The grant, so that it can be taken back before the token expires.
    pub(crate) grant: GrantId,
}

/// An ID token's claims (OpenID Connect Core §2).
#[derive(Serialize)]
pub(super) struct IdClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    /// Who signed in, as a FHIR resource (SMART App Launch).
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    fhir_user: Option<String>,
}

/// The key that signs; made when there is none yet.
pub(super) async fn key(api: &Api, tx: &mut Tx) -> Result<SigningKey, StoreError> {
    if let Some(key) = signing_keys::current(tx, &api.keys).await? {
        return Ok(key);
    }
    let key = SigningKey::mint().map_err(|_| StoreError::Corrupt { column: "signing_key" })?;
    signing_keys::insert(tx, &api.keys, &api.random, &key, api.clock.now()).await?;
    Ok(key)
}

/// A new access token of a grant.
pub(super) fn access_token(api: &Api, key: &SigningKey, grant: &Grant) -> Result<String, Failure> {
    let now = api.clock.now().as_second();
    let client = grant.chain.client.to_string();
    let claims = AccessClaims {
        iss: api.links.issuer.clone(),
        aud: api.links.issuer.clone(),
        sub: grant.user.as_ref().map_or_else(|| client.clone(), ToString::to_string),
        client_id: client,
        scope: grant.scopes.to_words(),
        iat: now,
        exp: now + seconds(ACCESS_LIFE),
        jti: crate::crypto::secret_token::SecretToken::mint("jti", &api.random).expose().to_owned(),
        grant: grant.id.clone(),
    };
    key.sign(ACCESS, &claims).map_err(|_| StoreError::Corrupt { column: "signing_key" }.into())
}

/// A new ID token: who signed in, for the client alone.
pub(super) fn id_token(
    api: &Api,
    key: &SigningKey,
    grant: &Grant,
    nonce: Option<&str>,
    fhir_user: Option<String>,
) -> Result<String, Failure> {
    let now = api.clock.now().as_second();
    let claims = IdClaims {
        iss: &api.links.issuer,
        aud: grant.chain.client.as_str(),
        sub: grant.user.as_ref().map_or("", |user| user.as_str()),
        iat: now,
        exp: now + seconds(ACCESS_LIFE),
        auth_time: grant.authenticated.as_second(),
        amr: grant.factors.iter().map(crate::domain::session::Factor::as_str).collect(),
        nonce,
        fhir_user,
    };
    key.sign("JWT", &claims).map_err(|_| StoreError::Corrupt { column: "signing_key" }.into())
}

/// The claims of an access token that we signed for ourselves and that has not expired.
pub(crate) async fn read_access_token(
    tx: &mut Tx,
    issuer: &str,
    token: &str,
    now: Timestamp,
) -> Result<Option<AccessClaims>, StoreError> {
    let Some(kid) = key_name(token) else { return Ok(None) };
    let keys = signing_keys::public(tx, now).await?;
    let key = keys.iter().find(|key| key.kid == kid);
    let claims = key.and_then(|key| key.verify::<AccessClaims>(ACCESS, token).ok());
    let good = |claims: &AccessClaims| {
        claims.iss == issuer && claims.aud == issuer && now.as_second() < claims.exp
    };
    Ok(claims.filter(good))
}

/// The keys that verify our tokens.
pub(crate) async fn read_keys(api: &Api, caller: &Caller) -> Result<Vec<PublicKey>, OauthFailure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReadSigningKeys, &Resource::platform(), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    Ok(signing_keys::public(&mut tx, now).await?)
}

/// Makes a new key that signs from now on; the old one verifies until its tokens have expired.
pub(crate) async fn rotate_signing_key(api: &Api, caller: &Caller) -> Result<PublicKey, Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::RotateSigningKey, &Resource::platform(), now)?;
    let key = SigningKey::mint().map_err(|_| StoreError::Corrupt { column: "signing_key" })?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    signing_keys::insert(change.tx(), &api.keys, &api.random, &key, now).await?;
    let transition = Transition {
        kind: "signing_key",
        id: &key.public().kid,
        rev: Rev::FIRST,
        patient: None,
        body: serde_json::json!({ "kid": key.public().kid }),
        events: vec![Event::now("signing_key.rotated")],
    };
    change.record(&permit, transition).await?;
    change.commit(None, &()).await?;
    Ok(key.public().clone())
}

fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
