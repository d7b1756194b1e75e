//! Who the person behind an access token is, as far as they agreed to tell (OpenID Connect Core §5.3).

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Refusal, Resource},
        account::Account,
        actor::Caller,
        oauth::scope::{Scope, Scopes},
    },
    store::{Scope as StoreScope, accounts},
    usecase::Failure,
};

/// The account, and what of it may be told.
pub(crate) async fn user_info(api: &Api, caller: &Caller) -> Result<(Account, Scopes), Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::UserInfo, &Resource::platform(), now)?;
    let (Some(user), Some(scopes)) = (&caller.actor.user, &caller.actor.scopes) else {
        return Err(Refusal::Forbidden.into());
    };
    if !scopes.contains(Scope::OpenId) {
        return Err(Refusal::Forbidden.into());
    }
    let mut tx = api.store.read(StoreScope::Platform).await?;
    let account = accounts::find(&mut tx, &api.keys, user).await?.ok_or(Failure::NotFound)?;
    Ok((account, scopes.clone()))
}
