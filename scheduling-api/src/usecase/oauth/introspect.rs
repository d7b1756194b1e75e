//! What a token is worth (RFC 7662): told to confidential clients of the same clinic.

use super::{
    OauthFailure,
    client_proof::{ClientProof, prove},
    signing::read_access_token,
};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        oauth::client::ClientKind,
    },
    store::{Scope, oauth},
};

/// What is told of a token that works.
pub(crate) struct Worth {
    pub(crate) scope: String,
    pub(crate) client_id: String,
    pub(crate) subject: String,
    pub(crate) expires_s: i64,
    pub(crate) kind: &'static str,
}

/// Tells what a token is worth; none for one that is worth nothing, or another clinic's.
pub(crate) async fn introspect(
    api: &Api,
    caller: &Caller,
    proof: &ClientProof,
    token: &str,
) -> Result<Option<Worth>, OauthFailure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::Introspect, &Resource::platform(), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    // An assertion is good once, and nothing is written here.
    if proof.assertion.is_some() {
        return Err(OauthFailure::InvalidClient);
    }
    let client = prove(api, &mut tx, proof).await?;
    if client.kind != ClientKind::Confidential {
        return Err(OauthFailure::UnauthorizedClient);
    }
    let claims = read_access_token(&mut tx, &api.links.issuer, token, now).await?;
    let (id, generation) = match (&claims, SecretToken::presented(token)) {
        (Some(claims), _) => (claims.grant.clone(), None),
        (None, Some(token)) => match oauth::find_refresh(&mut tx, &token.hash()).await? {
            Some((id, generation)) => (id, Some(generation)),
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let grant = oauth::find_grant(&mut tx, &id).await?;
    let good = |grant: &oauth::Grant| {
        grant.clinic == client.clinic
            && grant.chain.revoked.is_none()
            && generation.is_none_or(|generation| {
                generation == grant.chain.generation && now < grant.chain.expires()
            })
    };
    Ok(grant.filter(good).map(|grant| {
        let client_id = grant.chain.client.to_string();
        Worth {
            scope: claims
                .as_ref()
                .map_or_else(|| grant.scopes.to_words(), |claims| claims.scope.clone()),
            subject: grant.user.map_or_else(|| client_id.clone(), String::from),
            client_id,
            expires_s: claims
                .as_ref()
                .map_or_else(|| grant.chain.expires().as_second(), |claims| claims.exp),
            kind: if claims.is_some() { "access_token" } else { "refresh_token" },
        }
    }))
}
