//! Takes a token back (RFC 7009): the whole grant ends, whichever of its tokens it was.

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
    },
    store::{Scope, change::Change, oauth},
};

/// Takes a token back. Answered alike for a token that is none or another client's: nothing is left to take back.
pub(crate) async fn revoke(
    api: &Api,
    caller: &Caller,
    proof: &ClientProof,
    token: &str,
) -> Result<(), OauthFailure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::Revoke, &Resource::platform(), now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let client = prove(api, change.tx(), proof).await?;
    let id = match read_access_token(change.tx(), &api.links.issuer, token, now).await? {
        Some(claims) => Some(claims.grant),
        None => match SecretToken::presented(token) {
            Some(token) => oauth::find_refresh(change.tx(), &token.hash()).await?.map(|(id, _)| id),
            None => None,
        },
    };
    let Some(id) = id else { return Ok(()) };
    let grant = oauth::find_grant(change.tx(), &id).await?;
    if grant.is_none_or(|grant| grant.chain.client != client.id) {
        return Ok(());
    }
    oauth::revoke_grant(change.tx(), &id, now).await?;
    change.saw(&permit, "oauth_grant", Some(id.as_str()), None);
    Ok(change.commit(None, &()).await?)
}
